//! Every key of the configuration file, once: its form, bounds, default and description.
//!
//! The reader, the check for unknown keys, the JSON Schema and the reference page are all made
//! from these tables, so they cannot disagree.
//!
//! | file | one idea |
//! |---|---|
//! | `root.rs` | the file itself: its tables, in the order of the reference page |
//! | the others | the keys of one table each, and of what belongs to it |

mod access_log;
mod cache;
mod exchange;
mod gateway;
mod health;
mod limit;
mod rate_limit;
mod root;
mod route;
mod service;
mod storage;
mod tcp;
mod traces;
mod up;
mod upstream;

use std::time::Duration;

pub(crate) use cache::QUERY_IGNORE;
pub(crate) use root::ROOT;

use super::written::quantity::{show_size, show_time};

/// The least that most durations may be.
const MOMENT: Duration = Duration::from_millis(10);
/// The most that most durations may be.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A table of the file and its keys.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name as in a header, without brackets; empty for the file itself.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    /// The keys of this version.
    pub(crate) keys: &'static [Key],
    /// Keys that later versions will have.
    pub(crate) later: &'static [&'static str],
}

impl Table {
    /// The key of this name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does, in a sentence or two.
    pub(crate) about: &'static str,
    /// What its value looks like.
    pub(crate) form: Form,
    /// What holds without it.
    pub(crate) absent: Absent,
    /// A value as it could stand in the file, different from the default.
    pub(crate) example: &'static str,
}

/// What holds when a key is not there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Absent {
    /// It has to be there.
    Required,
    /// This value, as it would be written.
    Is(Default),
    /// What these words say; there is no value to write for it.
    Means(&'static str),
}

impl Key {
    /// Whether its value is a section of the file, with a header of its own.
    pub(crate) fn is_section(&self) -> bool {
        self.example.is_empty()
    }
}

/// A key whose value is a section of the file.
const fn table(name: &'static str, about: &'static str, form: Form) -> Key {
    Key { name, about, form, absent: Absent::Means("see its keys"), example: "" }
}

/// A default value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Default {
    Flag(bool),
    Count(u64),
    Size(u64),
    Time(Duration),
    Text(&'static str),
    Texts(fn() -> Vec<String>),
}

impl Default {
    /// The value as it would be written in the file.
    pub(crate) fn show(self) -> String {
        match self {
            Self::Flag(value) => value.to_string(),
            Self::Count(value) => value.to_string(),
            Self::Size(0) => "0".to_owned(),
            Self::Size(value) => format!("\"{}\"", show_size(value)),
            Self::Time(value) => format!("\"{}\"", show_time(value)),
            Self::Text(value) => format!("\"{value}\""),
            Self::Texts(values) => format!("{:?}", values()),
        }
    }
}

/// What a value looks like.
#[derive(Debug)]
pub(crate) enum Form {
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Count { min: u64, max: u64 },
    /// A number of bytes within bounds.
    Size { min: u64, max: u64 },
    /// A duration within bounds.
    Time { min: Duration, max: Duration },
    /// One of these words; later versions will have further ones.
    Word { words: fn() -> Vec<&'static str>, later: &'static [&'static str] },
    /// A text of the form these words describe.
    Text { what: &'static str },
    /// A text of the form these words describe, or `false`.
    TextOrFalse { what: &'static str },
    /// A list of texts of the form these words describe, with at least `min` of them.
    Texts { what: &'static str, min: usize, max: usize },
    /// A text of the form these words describe, or a list of up to `max` of them.
    TextOrTexts { what: &'static str, max: usize },
    /// A list of texts or tables: a text alone stands for the table's first key.
    Entries { what: &'static str, table: &'static Table, max: usize },
    /// A table of its own.
    Table(&'static Table),
    /// A table of its own, or a list of up to `max` of them.
    TableOrTables { table: &'static Table, max: usize },
    /// `true`, `false`, or a table of its own, which means `true` and more.
    FlagOrTable(&'static Table),
    /// A whole number within bounds, which stands for the table's first key, or the table.
    CountOrTable { min: u64, max: u64, table: &'static Table },
    /// Any number of tables of this kind.
    Tables { table: &'static Table, max: usize },
}

impl Form {
    /// The table of the entries inside, if there are any.
    pub(crate) fn table(&self) -> Option<&'static Table> {
        match self {
            Self::Table(table)
            | Self::FlagOrTable(table)
            | Self::CountOrTable { table, .. }
            | Self::Tables { table, .. }
            | Self::TableOrTables { table, .. }
            | Self::Entries { table, .. } => Some(table),
            _ => None,
        }
    }
}

/// Every table, outer ones first.
pub(crate) fn tables() -> Vec<&'static Table> {
    let mut tables: Vec<&'static Table> = vec![&ROOT];
    let mut next = 0;
    while let Some(table) = tables.get(next) {
        let inner = table.keys.iter().filter_map(|key| key.form.table());
        tables.extend(inner);
        next += 1;
    }
    tables
}
