//! Finds out cheaply whether another process has written to a SQLite file.

use std::sync::Arc;

use sqlx::Row as _;
use tokio::time::timeout_at;

use crate::connection::Connection;
use crate::connector::Connector;
use crate::deadline::Deadline;
use crate::error::Error;

/// A connection of its own: the sign counts what others wrote since this one looked.
#[derive(Debug)]
pub struct Watch {
    connector: Arc<Connector>,
    connection: Option<Connection>,
    version: Option<i64>,
}

impl Watch {
    pub(crate) fn new(connector: Arc<Connector>) -> Self {
        Self { connector, connection: None, version: None }
    }

    /// Whether there may be something new since the last look. PostgreSQL has no such sign: there
    /// it is always so.
    ///
    /// # Errors
    /// When the file could not be looked at before the deadline.
    pub async fn moved(&mut self, deadline: Deadline) -> Result<bool, Error> {
        if !matches!(*self.connector, Connector::Sqlite { .. }) {
            return Ok(true);
        }
        // Taken out, so that a look that was cut short leaves no connection behind.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connector.connect(false, deadline).await?.connection,
        };
        let look = data_version(&mut connection);
        let version = timeout_at(deadline.instant(), look)
            .await
            .unwrap_or(Err(Error::Deadline { at_commit: false }))?;
        self.connection = Some(connection);
        let moved = self.version != Some(version);
        self.version = Some(version);
        Ok(moved)
    }
}

/// A number that changes when another connection writes (sqlite.org/pragma.html).
async fn data_version(connection: &mut Connection) -> Result<i64, Error> {
    let Connection::Sqlite(connection) = connection else { return Ok(0) };
    let row = sqlx::query("PRAGMA data_version").fetch_one(connection).await;
    row.and_then(|row| row.try_get(0)).map_err(Error::driver)
}
