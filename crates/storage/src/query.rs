//! One statement, written once for both engines: its text and its values.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::error::Error;
use crate::url::Engine;

/// A value of a statement. Numbers are 64 bits wide on both engines: declare columns as `INTEGER`
/// for SQLite and `BIGINT` for PostgreSQL; `BOOLEAN`, `TEXT` and, for bytes, `BLOB` and `BYTEA`.
///
/// A type of a service's own is bound by `impl From<ItemId> for Value`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A number, or none.
    Integer(Option<i64>),
    /// A number with a fraction, or none (`REAL`, `DOUBLE PRECISION`). Never for money.
    Real(Option<f64>),
    /// Yes or no, or none.
    Boolean(Option<bool>),
    /// A text, or none.
    Text(Option<String>),
    /// Bytes, or none.
    Bytes(Option<Vec<u8>>),
    /// A list for `= ANY($1)`: see [`Query`].
    Integers(Vec<i64>),
    /// A list for `= ANY($1)`: see [`Query`].
    Texts(Vec<String>),
    /// A number that is too large for a database; the statement is refused.
    TooLarge(u64),
}

/// Conversions into the variant for a type, and for an `Option` of it.
macro_rules! values {
    ($($type:ty => $variant:ident $convert:expr),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )*};
}

values! {
    i64 => Integer std::convert::identity,
    i32 => Integer i64::from,
    u32 => Integer i64::from,
    f64 => Real std::convert::identity,
    bool => Boolean std::convert::identity,
    &str => Text str::to_owned,
    String => Text std::convert::identity,
    &[u8] => Bytes <[u8]>::to_vec,
    Vec<u8> => Bytes std::convert::identity,
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        match i64::try_from(number) {
            Ok(number) => Self::Integer(Some(number)),
            Err(_) => Self::TooLarge(number),
        }
    }
}

impl From<Option<u64>> for Value {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::Integer(None), Self::from)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

impl From<Vec<i64>> for Value {
    fn from(numbers: Vec<i64>) -> Self {
        Self::Integers(numbers)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

/// A statement and its values. Values are `$1`, `$2`, … in the text.
///
/// Write what both engines understand, and [`Query::of_each`] where there is no such thing:
/// - A list of numbers or texts is one value: `WHERE id = ANY($1)`, `WHERE id <> ALL($1)`, exactly
///   so; SQLite gets `IN (SELECT value FROM json_each($1))`.
/// - `INSERT … ON CONFLICT DO NOTHING` rather than catching a violation: a statement that failed
///   ends its transaction, and its connection with it.
/// - `RETURNING` gives what was written; read it with [`Work::row`](crate::Work::row).
/// - A sum of numbers is `CAST(sum(amount) AS BIGINT)`: PostgreSQL's own is of another type.
/// - A row that is read before it is changed: [`Query::for_update`].
///
/// The text never begins or ends a transaction: [`Database::write`](crate::Database::write) and
/// [`Database::read`](crate::Database::read) do.
#[derive(Clone, Debug)]
pub struct Query {
    sqlite: &'static str,
    postgres: &'static str,
    values: Vec<Value>,
    is_for_update: bool,
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
        Self { sqlite, postgres, values: Vec::new(), is_for_update: false }
    }

    /// The same with one more value.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Locks the rows that a `SELECT` of [`Database::write`](crate::Database::write) finds until
    /// the commit: nobody changes them between this read and the change that follows from it.
    /// PostgreSQL gets `FOR UPDATE`; SQLite has one writer at a time anyway. Take locks of several
    /// rows in one order everywhere (`ORDER BY id`), or two pieces of work wait for each other.
    #[must_use]
    pub const fn for_update(mut self) -> Self {
        self.is_for_update = true;
        self
    }

    /// Its text for an engine.
    ///
    /// # Errors
    /// When it would begin or end a transaction, or a value cannot be kept.
    pub(crate) fn text(&self, engine: Engine) -> Result<SqlStr, Error> {
        let refuse = |words| Err(Error::Program { words });
        if self.is_transaction_control() {
            return refuse("a statement must not begin or end a transaction; use write or read");
        }
        if self.values.iter().any(|value| matches!(value, Value::TooLarge(_))) {
            return refuse("a number is larger than a database keeps");
        }
        Ok(match engine {
            Engine::Sqlite if self.lists().next().is_some() => {
                AssertSqlSafe(self.with_lists_as_json()).into_sql_str()
            }
            Engine::Sqlite => SqlStr::from_static(self.sqlite),
            Engine::Postgres if self.is_for_update => {
                AssertSqlSafe(format!("{} FOR UPDATE", self.postgres)).into_sql_str()
            }
            Engine::Postgres => SqlStr::from_static(self.postgres),
        })
    }

    /// The numbers of the values that are lists.
    fn lists(&self) -> impl Iterator<Item = usize> {
        let is_list = |value: &Value| matches!(value, Value::Integers(_) | Value::Texts(_));
        (1..).zip(&self.values).filter(move |(_, value)| is_list(value)).map(|(number, _)| number)
    }

    /// SQLite has no lists: it reads one from JSON.
    fn with_lists_as_json(&self) -> String {
        let mut text = self.sqlite.to_owned();
        for number in self.lists() {
            let mut json = String::new();
            let _ = write!(json, "IN (SELECT value FROM json_each(${number}))");
            text = text.replace(&format!("= ANY(${number})"), &json);
            text = text.replace(&format!("<> ALL(${number})"), &format!("NOT {json}"));
        }
        text
    }

    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// Whether it would begin or end a transaction.
    fn is_transaction_control(&self) -> bool {
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

    fn shown(query: &Query, engine: Engine) -> String {
        query.text(engine).unwrap().as_str().to_owned()
    }

    #[test]
    fn each_engine_gets_lists_and_locks_in_its_own_words() {
        let query = Query::new("SELECT a FROM t WHERE b = $1 AND a = ANY($2) AND c <> ALL($3)");
        let query = query.bind(1_i64).bind(vec![1_i64, 2]).bind(vec!["x".to_owned()]).for_update();
        assert_eq!(
            shown(&query, Engine::Sqlite),
            "SELECT a FROM t WHERE b = $1 AND a IN (SELECT value FROM json_each($2)) AND c NOT IN \
             (SELECT value FROM json_each($3))"
        );
        assert_eq!(
            shown(&query, Engine::Postgres),
            "SELECT a FROM t WHERE b = $1 AND a = ANY($2) AND c <> ALL($3) FOR UPDATE"
        );
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused_not_changed() {
        let query = Query::new("SELECT $1");
        assert!(query.clone().bind(u64::MAX).text(Engine::Sqlite).is_err());
        assert_eq!(query.bind(7_u64).into_values(), [Value::Integer(Some(7))]);
    }

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
