//! How a connection is made: the same settings each time, checked each time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::files::Files;
use crate::history::Settled;
use crate::limits;
use crate::url::{DatabaseUrl, Engine};
use crate::{postgres, sqlite};

/// What it takes to connect.
#[derive(Debug)]
pub(crate) enum Connector {
    Sqlite {
        path: PathBuf,
        /// The three files, once they were inspected and opened.
        files: OnceCell<Arc<Files>>,
    },
    Postgres {
        options: Box<sqlx::postgres::PgConnectOptions>,
        settled: Settled,
        /// The shortest time that connecting took, in milliseconds; `u64::MAX` before the first.
        distance: AtomicU64,
    },
}

/// A connection, and what tells whether it may still be used.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) connection: Connection,
    pub(crate) generation: u64,
}

impl Connector {
    /// For the database at `url`. `service` is what the server's lists of connections show.
    pub(crate) fn new(url: &DatabaseUrl, service: &str) -> Result<Self, Error> {
        Ok(match url.file() {
            Some(path) => Self::Sqlite { path, files: OnceCell::new() },
            None => Self::Postgres {
                options: Box::new(postgres::options(url, service)?),
                settled: Settled::default(),
                distance: AtomicU64::new(u64::MAX),
            },
        })
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Connects, within [`limits::CONNECT_TIME`] and the deadline. The database has to be the one
    /// it was.
    pub(crate) async fn connect(
        &self,
        writes: bool,
        deadline: Deadline,
    ) -> Result<Connected, Error> {
        let (connection, history) = self.connect_to_any(writes, deadline).await?;
        let generation = match self {
            Self::Sqlite { .. } => 0,
            Self::Postgres { settled, .. } => settled.admit(&history)?,
        };
        Ok(Connected { connection, generation })
    }

    /// Connects, whatever the server's history; tells which one it is.
    pub(crate) async fn connect_to_any(
        &self,
        writes: bool,
        deadline: Deadline,
    ) -> Result<(Connection, String), Error> {
        let deadline = deadline.at_most(limits::CONNECT_TIME);
        let connecting = async {
            match self {
                Self::Sqlite { path, files } => {
                    let options = sqlite::options(path, true);
                    let files = files.get_or_try_init(|| Files::open(path, &options)).await?;
                    files.verify()?;
                    let connection = sqlite::connect(path, writes).await?;
                    // They may have been replaced while SQLite opened them.
                    files.verify()?;
                    Ok((Connection::Sqlite(connection), files.history()))
                }
                Self::Postgres { options, distance, .. } => {
                    let begun = Instant::now();
                    let (connection, history) = postgres::connect(options, writes).await?;
                    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                    distance.fetch_min(millis, Ordering::Relaxed);
                    Ok((Connection::Postgres(connection), history))
                }
            }
        };
        timeout_at(deadline.instant(), connecting).await.unwrap_or(Err(Error::NoConnection))
    }

    /// The shortest time that connecting took: some round trips. None is known, or none needed, is
    /// zero.
    pub(crate) fn distance(&self) -> Duration {
        match self {
            Self::Sqlite { .. } => Duration::ZERO,
            Self::Postgres { distance, .. } => match distance.load(Ordering::Relaxed) {
                u64::MAX => Duration::ZERO,
                millis => Duration::from_millis(millis).min(limits::CONNECT_TIME),
            },
        }
    }

    /// The file of a SQLite database.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite { path, .. } => Some(path),
            Self::Postgres { .. } => None,
        }
    }

    /// Whether a connection of this generation still works with the database it was made for. To
    /// be asked before a commit with PostgreSQL, and with SQLite after it, before it is
    /// acknowledged.
    ///
    /// # Errors
    /// When a file was replaced, or another history was settled.
    pub(crate) fn verify(&self, generation: u64) -> Result<(), Error> {
        match self {
            Self::Sqlite { files, .. } => match files.get() {
                Some(files) => Ok(files.verify()?),
                None => Ok(()),
            },
            Self::Postgres { settled, .. } => settled.check(generation),
        }
    }

    /// Whether another history was settled since a connection of this generation was made.
    pub(crate) fn is_outdated(&self, generation: u64) -> bool {
        match self {
            Self::Sqlite { .. } => false,
            Self::Postgres { settled, .. } => settled.check(generation).is_err(),
        }
    }

    /// From now on connections have to have this history.
    pub(crate) fn settle(&self, history: String) {
        if let Self::Postgres { settled, .. } = self {
            settled.settle(history);
        }
    }

    /// The files of a SQLite database, once they are open.
    pub(crate) fn files(&self) -> Option<&Files> {
        match self {
            Self::Sqlite { files, .. } => files.get().map(|files| &**files),
            Self::Postgres { .. } => None,
        }
    }
}
