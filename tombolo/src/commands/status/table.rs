//! Rows with their columns under each other, and below a row the reason why it needs attention. Fits
//! a terminal of 80 columns for names of usual length.

/// Columns of a terminal within which reasons are wrapped.
const WIDTH: usize = 80;
/// What a reason is indented by.
const INDENT: &str = "    ";

/// A table under a heading.
pub(super) struct Table {
    rows: Vec<(Vec<String>, String)>,
}

impl Table {
    /// A table with a heading and no rows.
    pub(super) fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self { rows: vec![(heading.map(str::to_owned).to_vec(), String::new())] }
    }

    /// Adds a row; an empty reason takes no line.
    pub(super) fn row(&mut self, cells: Vec<String>, reason: String) {
        self.rows.push((cells, reason));
    }

    /// The lines, without blanks at their ends.
    pub(super) fn lines(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|(cells, _)| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let mut text = String::new();
        for (cells, reason) in &self.rows {
            let cells = cells.iter().enumerate().map(|(column, cell)| {
                let width = width(column);
                format!("{cell:<width$}")
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
            wrap(&mut text, reason);
        }
        text
    }
}

fn wrap(text: &mut String, reason: &str) {
    let mut column = 0;
    for word in reason.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        }
        let before = if column == 0 { INDENT } else { " " };
        text.push_str(before);
        text.push_str(word);
        column += before.len() + length;
    }
    if column > 0 {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_and_reasons_below_their_row() {
        let mut table = Table::new(["NAME", "STATE"]);
        table.row(vec!["a".to_owned(), "down".to_owned()], "checks fail ".repeat(12));
        table.row(vec!["a long name".to_owned(), "up".to_owned()], String::new());
        let lines = table.lines();
        let reason =
            "    checks fail checks fail checks fail checks fail checks fail checks fail\n";
        assert_eq!(
            lines,
            format!("NAME         STATE\na            down\n{reason}{reason}a long name  up\n")
        );
        assert!(lines.lines().all(|line| line.len() <= WIDTH));
    }
}
