//! One connection of either engine.

use std::convert::identity;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

use crate::error::Error;
use crate::query::{Query, Value};
use crate::row::{Inner, Row};
use crate::url::Engine;

/// A connection. It is closed after anything that failed or was cut short.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begin {
    /// To write. SQLite takes the right to write at once: a transaction that reads first could
    /// not become a writer once another process has written.
    Write,
    /// To read what was there at one moment.
    Read,
}

/// The same for both kinds of connection; their types differ.
macro_rules! run {
    ($connection:expr, $text:expr, $values:expr, $list:expr, $method:ident) => {{
        let mut query = sqlx::query($text);
        for value in $values {
            query = match value {
                Value::Integer(number) => query.bind(number),
                Value::Real(number) => query.bind(number),
                Value::Boolean(is_so) => query.bind(is_so),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
                Value::Integers(numbers) => query.bind($list(numbers)),
                Value::Texts(texts) => query.bind($list(texts)),
                // Refused by `Query::text`.
                Value::TooLarge(_) => query.bind(i64::MAX),
            };
        }
        query.$method($connection).await.map_err(Error::driver)
    }};
}

/// A list as SQLite reads it (`json_each`).
fn json(list: impl Into<serde_json::Value>) -> String {
    list.into().to_string()
}

impl Connection {
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) async fn run(&mut self, query: Query) -> Result<u64, Error> {
        let text = query.text(self.engine())?;
        let values = query.into_values();
        Ok(match self {
            Self::Sqlite(connection) => {
                run!(connection, text, values, json, execute)?.rows_affected()
            }
            Self::Postgres(connection) => {
                run!(connection, text, values, identity, execute)?.rows_affected()
            }
        })
    }

    pub(crate) async fn rows(&mut self, query: Query) -> Result<Vec<Row>, Error> {
        let text = query.text(self.engine())?;
        let values = query.into_values();
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = run!(connection, text, values, json, fetch_all)?;
                rows.into_iter().map(|row| Row(Inner::Sqlite(row))).collect()
            }
            Self::Postgres(connection) => {
                let rows = run!(connection, text, values, identity, fetch_all)?;
                rows.into_iter().map(|row| Row(Inner::Postgres(row))).collect()
            }
        })
    }

    /// Runs a statement whose text is made at run time, from this crate's own words.
    pub(crate) async fn rows_of(&mut self, text: String) -> Result<Vec<Row>, Error> {
        let text = AssertSqlSafe(text);
        let rows = match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(text).fetch_all(connection).await.map_err(Error::driver)?;
                rows.into_iter().map(|row| Row(Inner::Sqlite(row))).collect()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(text).fetch_all(connection).await.map_err(Error::driver)?;
                rows.into_iter().map(|row| Row(Inner::Postgres(row))).collect()
            }
        };
        Ok(rows)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&mut self, begin: Begin) -> Result<(), Error> {
        let text = match (self.engine(), begin) {
            (Engine::Sqlite, Begin::Write) => "BEGIN IMMEDIATE",
            (Engine::Sqlite, Begin::Read) => "BEGIN",
            (Engine::Postgres, Begin::Write) => "BEGIN",
            (Engine::Postgres, Begin::Read) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.simple(text).await
    }

    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        self.simple("COMMIT").await
    }

    pub(crate) async fn roll_back(&mut self) -> Result<(), Error> {
        self.simple("ROLLBACK").await
    }

    /// Runs a statement without values, in one round trip.
    pub(crate) async fn simple(&mut self, text: &'static str) -> Result<(), Error> {
        let done = match self {
            Self::Sqlite(connection) => raw_sql(text).execute(connection).await.map(drop),
            Self::Postgres(connection) => raw_sql(text).execute(connection).await.map(drop),
        };
        done.map_err(Error::driver)
    }

    /// Asks whether the other end is still there: one round trip, no statement.
    pub(crate) async fn ping(&mut self) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => connection.ping().await,
            Self::Postgres(connection) => connection.ping().await,
        }
        .map_err(Error::driver)
    }

    /// Ends it. SQLite's returns once its thread has ended, whatever that is still at.
    pub(crate) async fn close(self) {
        let _ = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
    }
}
