//! A PostgreSQL server: one pool of connections with deadlines on all they do.

use std::str::FromStr;
use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::error::Error;
use crate::limits;

/// An open PostgreSQL database.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Its connections.
    pub pool: PgPool,
}

impl Postgres {
    /// Connects. `application` is what the server's lists of connections call this program.
    pub(crate) async fn open(url: &str, application: &str) -> Result<Self, Error> {
        let millis = |time: Duration| time.as_millis().to_string();
        let failed = Error::query("connecting to PostgreSQL");
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| Error::Url { words: "the address cannot be read".to_owned() })?
            .application_name(application)
            .options([
                ("statement_timeout", millis(limits::STATEMENT_TIME)),
                ("idle_in_transaction_session_timeout", millis(limits::STATEMENT_TIME)),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(limits::POSTGRES_CONNECTIONS)
            .acquire_timeout(limits::ACQUIRE_TIME)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Not for `remote_apply` and its like, which promise more.
                    let weaker = "SELECT set_config('synchronous_commit', 'on', false) \
                                  WHERE current_setting('synchronous_commit') IN ('off', 'local')";
                    sqlx::query(weaker).fetch_optional(connection).await.map(drop)
                })
            })
            .connect_with(options)
            .await
            .map_err(&failed)?;
        let fsync: String = sqlx::query("SELECT current_setting('fsync')")
            .fetch_one(&pool)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(&failed)?;
        if fsync != "on" {
            tracing::warn!(
                "PostgreSQL runs with fsync = off: a power failure may lose what it acknowledged"
            );
        }
        Ok(Self { pool })
    }
}
