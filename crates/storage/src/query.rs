//! One statement, written once for both engines: its text and its values.

use crate::url::Engine;

/// A value of a statement. Numbers are 64 bits wide on both engines: declare columns as `INTEGER`
/// for SQLite and `BIGINT` for PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, or none.
    Integer(Option<i64>),
    /// A text, or none.
    Text(Option<String>),
    /// Bytes, or none.
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

/// A statement and its values. Values are `$1`, `$2`, … in the text. Lists go in as JSON: SQLite
/// reads them with `json_each`, PostgreSQL with `json_array_elements`.
///
/// The text never begins or ends a transaction: [`Database::write`](crate::Database::write) and
/// [`Database::read`](crate::Database::read) do.
#[derive(Clone, Debug)]
pub struct Query {
    sqlite: &'static str,
    postgres: &'static str,
    values: Vec<Value>,
}

impl Query {
    /// A statement that both engines understand.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self::of_each(text, text)
    }

    /// A statement whose text differs between the engines; its values and columns do not.
    #[must_use]
    pub const fn of_each(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres, values: Vec::new() }
    }

    /// The same with one more value.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(crate) fn text(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// Whether it would begin or end a transaction.
    pub(crate) fn is_transaction_control(&self) -> bool {
        const WORDS: [&str; 7] =
            ["begin", "start", "commit", "end", "rollback", "savepoint", "release"];
        [self.sqlite, self.postgres].iter().any(|text| {
            let first = text.split_whitespace().next().unwrap_or_default();
            let first = first.trim_end_matches(';');
            WORDS.iter().any(|word| first.eq_ignore_ascii_case(word))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_not_begun_by_a_query() {
        for text in ["BEGIN", " begin;", "COMMIT", "Rollback TO x", "savepoint a"] {
            assert!(Query::new(text).is_transaction_control(), "{text}");
        }
        for text in ["SELECT 1", "INSERT INTO beginning VALUES (1)", "", "ENDING"] {
            assert!(!Query::new(text).is_transaction_control(), "{text}");
        }
    }
}
