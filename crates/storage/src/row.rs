//! A row of an answer, the same for both engines.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

use crate::error::Error;

/// What a column can be read as: `i64`, `u64`, `u32`, `f64`, `bool`, `String`, `Vec<u8>`, `[u8; N]`,
/// and an `Option` of these. A service's own types read themselves as one of these.
pub trait Column: Sized {
    /// Reads the value of a column, counted from 0.
    ///
    /// # Errors
    /// When there is no such column, or it is something else: a fault of the statement.
    fn read(row: &Row, column: usize) -> Result<Self, Error>;
}

/// A row of an answer.
#[derive(Debug)]
pub struct Row(pub(crate) Inner);

#[derive(Debug)]
pub(crate) enum Inner {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column, counted from 0.
    ///
    /// # Errors
    /// When there is no such column, or it is something else: a fault of the statement.
    pub fn get<T: Column>(&self, column: usize) -> Result<T, Error> {
        T::read(self, column)
    }

    fn is_null(&self, column: usize) -> Result<bool, Error> {
        let is_null = match &self.0 {
            Inner::Sqlite(row) => row.try_get_raw(column).map(|value| value.is_null()),
            Inner::Postgres(row) => row.try_get_raw(column).map(|value| value.is_null()),
        };
        is_null.map_err(Error::driver)
    }
}

/// Types that the driver reads from both engines.
macro_rules! columns {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &Row, column: usize) -> Result<Self, Error> {
                let value = match &row.0 {
                    Inner::Sqlite(row) => row.try_get(column),
                    Inner::Postgres(row) => row.try_get(column),
                };
                value.map_err(Error::driver)
            }
        }
    )*};
}

columns!(f64, bool, String, Vec<u8>);

impl Column for i64 {
    /// PostgreSQL's narrower numbers too: what it computes may be one of these.
    fn read(row: &Row, column: usize) -> Result<Self, Error> {
        let value = match &row.0 {
            Inner::Sqlite(row) => row.try_get(column),
            Inner::Postgres(row) => {
                row.try_get_raw(column).and_then(|value| match value.type_info().name() {
                    "INT4" => row.try_get::<i32, _>(column).map(Self::from),
                    "INT2" => row.try_get::<i16, _>(column).map(Self::from),
                    _ => row.try_get(column),
                })
            }
        };
        value.map_err(Error::driver)
    }
}

/// Numbers that the database keeps as `i64`.
macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &Row, column: usize) -> Result<Self, Error> {
                let words = "a number of the database is out of the range that was asked for";
                let number = row.get::<i64>(column)?;
                Self::try_from(number).map_err(|_| Error::Program { words })
            }
        }
    )*};
}

numbers!(u64, u32, i32);

impl<const N: usize> Column for [u8; N] {
    fn read(row: &Row, column: usize) -> Result<Self, Error> {
        let words = "bytes of the database are not as many as were asked for";
        row.get::<Vec<u8>>(column)?.try_into().map_err(|_| Error::Program { words })
    }
}

impl<T: Column> Column for Option<T> {
    fn read(row: &Row, column: usize) -> Result<Self, Error> {
        match row.is_null(column)? {
            true => Ok(None),
            false => T::read(row, column).map(Some),
        }
    }
}
