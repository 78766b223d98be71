//! What a report holds, whatever it is written as.

use serde_json::{Map, Value, json};

use crate::ledger::Money;

/// A value of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// A text, which a program that reads tables must never run.
    Text(String),
    /// A number of things.
    Count(i64),
    /// An amount; its currency has a column of its own, except in JSON.
    Amount(Money),
}

/// A report.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) title: &'static str,
    /// What it is about: the span, who issued it.
    pub(super) about: Vec<String>,
    /// The names that programs read.
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// As people read it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Amount(money) => money.decimal(),
        }
    }

    /// Whether it stands to the right.
    pub(super) fn is_number(&self) -> bool {
        !matches!(self, Self::Text(_))
    }
}

impl Table {
    /// The rows for programs.
    pub(super) fn json(&self) -> Value {
        let row = |row: &Vec<Cell>| {
            let cells = self.columns.iter().zip(row);
            let cells = cells.map(|(name, cell)| ((*name).to_owned(), value(cell)));
            Value::Object(cells.collect::<Map<_, _>>())
        };
        json!({"items": self.rows.iter().map(row).collect::<Vec<_>>(), "next": null})
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Count(count) => json!(count),
        Cell::Amount(money) => json!(money),
    }
}
