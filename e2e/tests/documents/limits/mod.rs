//! Numbers in the documents that are constants in the code: tables of limits, row by row, and sentences. A number
//! that is changed in one place only fails here.

mod constants;
mod quantities;
mod sentences;
mod tables;

use super::{rows, section, text};
use constants::value;
use quantities::quantities;
use sentences::SENTENCES;
use tables::TABLES;

/// A number of a document that is no constant, or not alone.
const FREE: &str = "-";

/// Fails the test unless the quantities of `words` are those of the constants, in their order.
fn compare(place: &str, words: &str, constants: &[&str]) {
    let told = quantities(words);
    assert_eq!(told.len(), constants.len(), "{place}: {words:?} has {told:?}, not {constants:?}");
    for (told, constant) in told.into_iter().zip(constants) {
        if *constant != FREE {
            assert_eq!(told, value(constant), "{place}: {words:?}, {constant}");
        }
    }
}

#[test]
fn tables_of_limits_have_the_values_of_the_code() {
    for table in TABLES {
        let document = text(table.document);
        let rows = rows(&section(&document, table.heading));
        let rows = rows.iter().filter(|row| row.len() == table.columns).collect::<Vec<_>>();
        assert_eq!(rows.len(), table.rows.len(), "{} {}: rows", table.document, table.heading);
        for (row, (what, constants)) in rows.iter().zip(table.rows) {
            assert!(row[0].starts_with(what), "{}: {:?} is not {what:?}", table.document, row[0]);
            compare(table.document, &row[1], constants);
        }
    }
}

#[test]
fn sentences_about_limits_have_the_values_of_the_code() {
    for (document, words, constants) in SENTENCES {
        let there = text(document).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(there.contains(words), "{document} does not say {words:?}");
        compare(document, words, constants);
    }
}
