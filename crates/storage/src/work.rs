//! What a piece of work does with its connection: statements, one after the other.

use std::pin::Pin;

use crate::codes::Meaning;
use crate::connection::Connection;
use crate::error::Error;
use crate::query::Query;
use crate::row::{Column, Row};
use crate::url::Engine;

/// What a piece of work returns: `|work| Box::pin(async move { … })`.
pub type Working<'w, T, E = Error> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'w>>;

/// A transaction, for the time of a piece of work.
#[derive(Debug)]
pub struct Work<'c> {
    connection: &'c mut Connection,
    /// A statement failed: PostgreSQL answers the commit of such a transaction as if it were done,
    /// and SQLite may have rolled back by itself.
    pub(crate) failed: Option<Meaning>,
    /// Its changes are to be undone.
    pub(crate) is_undone: bool,
}

impl<'c> Work<'c> {
    pub(crate) fn new(connection: &'c mut Connection) -> Self {
        Self { connection, failed: None, is_undone: false }
    }

    /// Which engine it is, where a statement alone cannot bridge the difference.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.connection.engine()
    }

    /// Runs a statement; tells how many rows it changed.
    ///
    /// # Errors
    /// When the database refuses it. The transaction cannot be committed after that.
    pub async fn run(&mut self, query: Query) -> Result<u64, Error> {
        let done = self.connection.run(query).await;
        self.noted(done)
    }

    /// Runs a statement and reads all of its rows.
    ///
    /// # Errors
    /// As [`Work::run`].
    pub async fn rows(&mut self, query: Query) -> Result<Vec<Row>, Error> {
        let rows = self.connection.rows(query).await;
        self.noted(rows)
    }

    /// Runs a statement and reads its first row, if it has one.
    ///
    /// # Errors
    /// As [`Work::run`].
    pub async fn row(&mut self, query: Query) -> Result<Option<Row>, Error> {
        self.rows(query).await.map(|rows| rows.into_iter().next())
    }

    /// Runs a statement and reads the first column of its first row, if it has one.
    ///
    /// # Errors
    /// As [`Work::run`], and when the column is something else.
    pub async fn value<T: Column>(&mut self, query: Query) -> Result<Option<T>, Error> {
        self.row(query).await?.map(|row| row.get(0)).transpose()
    }

    /// Has the changes undone once the work returns: what it returns still reaches its caller.
    /// For work that finds out on its way that it must not be done; one that answers with an error
    /// of its own uses [`Database::write_or_refuse`](crate::Database::write_or_refuse).
    pub fn undo(&mut self) {
        self.is_undone = true;
    }

    fn noted<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &done {
            self.failed = Some(error.meaning());
        }
        done
    }
}
