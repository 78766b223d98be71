//! A report as CSV (RFC 4180). Programs that show tables take a text that begins with `=`, `+`, `-`
//! or `@` for a formula, and run it: such a text gets an apostrophe before it. Numbers never do:
//! a negative amount stays one.

use super::table::{Cell, Table};

/// The bytes of a report, with a mark of UTF-8 that such programs need.
pub(super) fn write(table: &Table) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(table.columns)?;
    for row in &table.rows {
        out.write_record(row.iter().map(|cell| match cell {
            Cell::Text(text) => safe(text),
            number => number.text(),
        }))?;
    }
    out.into_inner().map_err(|error| error.into_error().into())
}

fn safe(text: &str) -> String {
    // Those who read tables skip blanks before a formula, and some the marks of direction.
    let begins = text.trim_start_matches([' ', '\u{feff}', '\u{200e}', '\u{200f}', '\u{a0}']);
    let is_formula =
        begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
