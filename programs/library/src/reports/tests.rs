//! What reports are written as.

use proptest::prelude::*;

use super::table::{Cell, Table};
use super::{comma_separated, pdf};
use crate::ledger::{Currency, Money};

fn table(rows: Vec<Vec<Cell>>) -> Table {
    Table { title: "Billing", about: vec!["2026".into()], columns: &["name", "closing"], rows }
}

fn row(name: &str, amount: i64) -> Vec<Cell> {
    vec![Cell::Text(name.to_owned()), Cell::Amount(Money::new(amount, Currency::EUR))]
}

#[test]
fn a_text_never_becomes_a_formula_and_a_negative_number_stays_one() {
    for name in ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "\u{feff}=1", "＝1"] {
        let text =
            String::from_utf8(comma_separated::write(&table(vec![row(name, -1205)])).unwrap());
        let text = text.unwrap();
        let line = text.split_once("\r\n").unwrap().1;
        assert!(line.trim_start_matches('"').starts_with('\''), "{line:?}");
        assert!(line.ends_with(",-12.05\r\n"), "{line:?}");
    }
    let plain = comma_separated::write(&table(vec![row("Łódź, \"x\"", 5)])).unwrap();
    assert_eq!(
        String::from_utf8(plain).unwrap(),
        "\u{feff}name,closing\r\n\"Łódź, \"\"x\"\"\",0.05\r\n"
    );
}

#[test]
fn a_document_has_every_letter_on_as_many_pages_as_it_needs() {
    let names = ["Łódź żółć", "Жанна Щука", "Ñandú ¿así?", "10 € £ ¥", "Ελλάδα"];
    let rows = (0..200).map(|index| row(names[index % names.len()], -1205)).collect();
    let bytes = pdf::write(&table(rows)).unwrap();
    assert!(bytes.starts_with(b"%PDF-"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, bytes).unwrap();
    let read = std::process::Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output();
    let Ok(read) = read else {
        eprintln!("\n!!! NOT TESTED with a reader of PDF. apt-get install poppler-utils\n");
        return;
    };
    let text = String::from_utf8(read.stdout).unwrap();
    for name in names {
        assert_eq!(text.matches(name).count(), 40, "{name}: {text}");
    }
    assert_eq!(text.matches("-12.05").count(), 200);
}

#[test]
fn an_empty_report_is_a_report() {
    assert!(pdf::write(&table(Vec::new())).unwrap().starts_with(b"%PDF-"));
    assert_eq!(table(Vec::new()).json()["items"], serde_json::json!([]));
}

proptest! {
    #[test]
    fn any_text_is_read_back_from_csv_or_gets_one_mark(name in ".{0,40}") {
        let bytes = comma_separated::write(&table(vec![row(&name, 1)])).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut read = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let record = read.records().next().unwrap().unwrap();
        let cell = record.get(0).unwrap();
        let unmarked = cell.strip_prefix('\'').unwrap_or(cell);
        prop_assert!(cell == name || unmarked == name);
    }

    #[test]
    fn any_text_can_be_printed(name in "\\PC{0,60}") {
        prop_assert!(pdf::write(&table(vec![row(&name, 1)])).is_ok());
    }
}
