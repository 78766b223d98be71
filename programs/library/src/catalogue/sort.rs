//! The orders in which items are listed: by every column, in both directions, ties by age.

use std::str::FromStr;

use tombolo_storage::{Error, Row, Value};

/// What items are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Column {
    Title,
    Created,
    Updated,
    Size,
    Length,
    Kind,
    MediaType,
    Classification,
    Owner,
    Visibility,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sort {
    pub(crate) column: Column,
    pub(crate) is_descending: bool,
}

impl Default for Sort {
    /// The newest first.
    fn default() -> Self {
        Self { column: Column::Created, is_descending: true }
    }
}

/// A place in an order: the sorted column's value, and the item's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) key: Key,
    pub(crate) seq: i64,
}

/// The value of a sorted column.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Key {
    Number(i64),
    Text(String),
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Number(number) => number.into(),
            Key::Text(text) => text.into(),
        }
    }
}

impl Column {
    pub(crate) const ALL: [Self; 10] = [
        Self::Title,
        Self::Created,
        Self::Updated,
        Self::Size,
        Self::Length,
        Self::Kind,
        Self::MediaType,
        Self::Classification,
        Self::Owner,
        Self::Visibility,
    ];

    /// As clients name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Size => "size",
            Self::Length => "length",
            Self::Kind => "kind",
            Self::MediaType => "media_type",
            Self::Classification => "classification",
            Self::Owner => "owner",
            Self::Visibility => "visibility",
        }
    }

    /// The column of the table.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Title => "title_key",
            Self::Classification => "classification_key",
            Self::Owner => "owner_key",
            other => other.name(),
        }
    }

    /// Whether its values are numbers.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Size | Self::Length)
    }

    /// The column's value in a row.
    pub(crate) fn of_row(self, row: &Row, column: usize) -> Result<Key, Error> {
        if self.is_number() {
            row.get(column).map(Key::Number)
        } else {
            row.get(column).map(Key::Text)
        }
    }
}

impl FromStr for Sort {
    type Err = ();

    /// A column's name, with `-` before it for the largest first.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (is_descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let column = Column::ALL.into_iter().find(|column| column.name() == name).ok_or(())?;
        Ok(Self { column, is_descending })
    }
}
