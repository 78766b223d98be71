//! The table of what runs where.

use std::fmt::Write;

/// One process in the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// As it is called in the output.
    pub(crate) name: String,
    /// Where it answers.
    pub(crate) address: String,
    /// Its process id in this run.
    pub(crate) pid: Option<u32>,
}

/// The rows under a heading, in columns.
pub(crate) fn table(rows: &[Row]) -> String {
    let pid = |row: &Row| row.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
    let name_width = width(rows.iter().map(|row| row.name.len()), "NAME");
    let address_width = width(rows.iter().map(|row| row.address.len()), "ADDRESS");
    let mut text = format!("{:<name_width$}  {:<address_width$}  PID\n", "NAME", "ADDRESS");
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<name_width$}  {:<address_width$}  {}",
            row.name,
            row.address,
            pid(row)
        );
    }
    text
}

fn width(lengths: impl Iterator<Item = usize>, heading: &str) -> usize {
    lengths.max().unwrap_or(0).max(heading.len())
}

#[cfg(test)]
mod tests {
    use super::{Row, table};

    #[test]
    fn columns_line_up() {
        let row = |name: &str, address: &str, pid| Row {
            name: name.to_owned(),
            address: address.to_owned(),
            pid,
        };
        let rows = [
            row("gateway", "http://127.0.0.1:8080", Some(17)),
            row("site-1", "http://[::1]:9101", None),
        ];
        let expected = "\
NAME     ADDRESS                PID
gateway  http://127.0.0.1:8080  17
site-1   http://[::1]:9101      -
";
        assert_eq!(table(&rows), expected);
    }
}
