//! How a connection is made: the same settings each time, checked each time.

use std::path::PathBuf;

use tokio::time::timeout_at;

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::limits;
use crate::url::{DatabaseUrl, Engine};
use crate::{postgres, sqlite};

/// What it takes to connect.
#[derive(Debug)]
pub(crate) enum Connector {
    Sqlite { path: PathBuf },
    Postgres { options: Box<sqlx::postgres::PgConnectOptions> },
}

impl Connector {
    /// For the database at `url`. `service` is what the server's lists of connections show.
    pub(crate) fn new(url: &DatabaseUrl, service: &str) -> Result<Self, Error> {
        Ok(match url.file() {
            Some(path) => Self::Sqlite { path },
            None => Self::Postgres { options: Box::new(postgres::options(url, service)?) },
        })
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Connects, within [`limits::CONNECT_TIME`] and the deadline.
    pub(crate) async fn connect(
        &self,
        writes: bool,
        deadline: Deadline,
    ) -> Result<Connection, Error> {
        let deadline = deadline.at_most(limits::CONNECT_TIME);
        let connecting = async {
            match self {
                Self::Sqlite { path } => {
                    sqlite::connect(path, writes).await.map(Connection::Sqlite)
                }
                Self::Postgres { options } => {
                    postgres::connect(options, writes).await.map(Connection::Postgres)
                }
            }
        };
        timeout_at(deadline.instant(), connecting).await.unwrap_or(Err(Error::NoConnection))
    }
}
