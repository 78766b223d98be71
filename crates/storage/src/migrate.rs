//! Brings a service's tables up to date: numbered steps, each done once, by one starter while
//! others wait, and refused if somebody changed a step after it was done.
//!
//! The steps are SQL files, one folder for each engine, made part of the program by
//! `sqlx::migrate!`. What was done is in a table for each service. A starter that finds nothing to
//! do needs no right to create tables, and takes no lock.
//!
//! An older program next to newer tables: it starts, unless one of the steps that it does not know
//! is called `breaks …`. So a step that older programs cannot live with gets such a name, and any
//! other step only adds.

use std::borrow::Cow;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::migrate::{MigrateError, Migrator};
use tokio::time::sleep;

use crate::connection::Connection;
use crate::connector::Connector;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::query::Query;
use crate::row::Row;
use crate::url::Engine;

/// A service's steps.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// The service, whose steps have numbers of their own: lower-case letters and `_`.
    pub service: &'static str,
    /// Its steps for SQLite: `sqlx::migrate!("migrations/sqlite")`.
    pub sqlite: &'static Migrator,
    /// Its steps for PostgreSQL.
    pub postgres: &'static Migrator,
}

/// A step that was done.
struct Done {
    version: i64,
    checksum: Vec<u8>,
    description: String,
}

/// PostgreSQL's lock of that number is held while steps are done ("tombolo" as a number).
const LOCK: i64 = 0x74_6f6d_626f_6c6f;

/// Between two looks at a lock that another starter holds.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// The tables after a start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables {
    /// Steps that were done just now.
    pub(crate) applied: usize,
    /// The newest step, this program's or a newer one's.
    pub(crate) version: i64,
}

/// Does what is missing. Waits as long as it takes while another
/// starter is at it; dropping it leaves the tables as they were.
pub(crate) async fn run(
    connector: &Connector,
    migrations: &Migrations,
    deadline: Deadline,
) -> Result<Tables, Error> {
    // A connection of its own: a step may take longer than any unit of work.
    let mut connection = connector.connect(true, deadline).await?.connection;
    let mut tables = missing(&mut connection, migrations).await?;
    let mut applied = 0;
    if !tables.missing.is_empty() {
        tables = apply(&mut connection, migrations).await?;
        applied = tables.missing.len();
    }
    connection.close().await;
    let version = tables.missing.iter().copied().chain([tables.newest]).max().unwrap_or_default();
    Ok(Tables { applied, version })
}

/// What the table of steps says.
struct Steps {
    /// The newest that was done; 0 for none.
    newest: i64,
    /// Those that were not.
    missing: Vec<i64>,
}

async fn apply(connection: &mut Connection, migrations: &Migrations) -> Result<Steps, Error> {
    lock(connection).await?;
    adopt(connection, migrations).await?;
    let steps = missing(connection, migrations).await?;
    if !steps.missing.is_empty() {
        tracing::info!(service = migrations.service, steps = ?steps.missing, "changing the tables");
        let migrator = migrations.of(connection.engine());
        let done = match connection {
            Connection::Sqlite(connection) => migrator.run_direct(None, connection, false).await,
            Connection::Postgres(connection) => migrator.run_direct(None, connection, false).await,
        };
        done.map_err(|error| migrations.failed(error))?;
    }
    if connection.engine() == Engine::Sqlite {
        connection.commit().await?;
    }
    Ok(steps)
}

/// Waits until no other starter changes the tables. The lock goes with the connection.
async fn lock(connection: &mut Connection) -> Result<(), Error> {
    let mut has_said = false;
    loop {
        let is_ours = match connection {
            // All steps are one transaction, which the driver has to know of: its own become
            // savepoints in it.
            Connection::Sqlite(connection) => {
                match connection.begin_with("BEGIN IMMEDIATE").await.map_err(Error::driver) {
                    Err(error) if error.is_busy() => false,
                    // Dropped it would roll back; it ends with a commit, or with the connection.
                    begun => begun.map(std::mem::forget).map(|()| true)?,
                }
            }
            Connection::Postgres(_) => {
                let unbounded = "SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0";
                connection.simple(unbounded).await?;
                let lock = Query::new("SELECT pg_try_advisory_lock($1)").bind(LOCK);
                let rows = connection.rows(lock).await?;
                rows.first().map(|row| row.get(0)).transpose()?.unwrap_or_default()
            }
        };
        if is_ours {
            return Ok(());
        }
        if !has_said {
            tracing::info!("another process changes the tables; waiting for it");
            has_said = true;
        }
        sleep(LOCK_PAUSE).await;
    }
}

/// Takes over what an earlier program noted in a table of its own: its steps were the same.
async fn adopt(connection: &mut Connection, migrations: &Migrations) -> Result<(), Error> {
    const EARLIER: &str = "tombolo_migration";
    if !has_table(connection, EARLIER).await? || !done(connection, migrations).await?.is_empty() {
        return Ok(());
    }
    let last = "SELECT CAST(max(version) AS BIGINT) FROM tombolo_migration WHERE service = $1";
    let rows = connection.rows(Query::new(last).bind(migrations.service)).await?;
    let last: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    let Some(last) = last else { return Ok(()) };
    let migrator = migrations.of(connection.engine());
    let noted = match connection {
        Connection::Sqlite(connection) => migrator.run_direct(Some(last), connection, true).await,
        Connection::Postgres(connection) => migrator.run_direct(Some(last), connection, true).await,
    };
    noted.map_err(|error| migrations.failed(error))
}

/// The steps that were not done yet, once those that were are known to be ours.
async fn missing(connection: &mut Connection, migrations: &Migrations) -> Result<Steps, Error> {
    let done = done(connection, migrations).await?;
    let migrator = migrations.of(connection.engine());
    migrations.check(&migrator, &done)?;
    let is_missing = |version: &i64| !done.iter().any(|done| done.version == *version);
    let missing = migrator.iter().map(|step| step.version).filter(is_missing).collect();
    let newest = done.iter().map(|done| done.version).max().unwrap_or_default();
    Ok(Steps { newest, missing })
}

/// The steps that were done.
async fn done(connection: &mut Connection, migrations: &Migrations) -> Result<Vec<Done>, Error> {
    let table = migrations.table();
    if !has_table(connection, &table).await? {
        return Ok(Vec::new());
    }
    let select = format!("SELECT version, checksum, description FROM {table} ORDER BY version");
    let rows = connection.rows_of(select).await?;
    let done = |row: &Row| {
        Ok(Done { version: row.get(0)?, checksum: row.get(1)?, description: row.get(2)? })
    };
    rows.iter().map(done).collect()
}

async fn has_table(connection: &mut Connection, table: &str) -> Result<bool, Error> {
    let sqlite = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
    let postgres = "SELECT count(to_regclass($1))";
    let rows = connection.rows(Query::of_each(sqlite, postgres).bind(table)).await?;
    let count: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?;
    Ok(count.unwrap_or_default() > 0)
}

impl Migrations {
    fn table(&self) -> String {
        format!("tombolo_migration_{}", self.service)
    }

    /// The steps for an engine. Their lock is ours, and what is unknown was checked before.
    fn of(&self, engine: Engine) -> Migrator {
        let steps = match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        };
        Migrator {
            migrations: Cow::Borrowed(&steps.migrations),
            ignore_missing: true,
            locking: false,
            table_name: Cow::Owned(self.table()),
            ..Migrator::DEFAULT
        }
    }

    fn check(&self, migrator: &Migrator, done: &[Done]) -> Result<(), Error> {
        let service = self.service;
        let refuse = |words| Err(Error::Schema { words });
        for Done { version, checksum, description } in done {
            match migrator.iter().find(|step| step.version == *version) {
                Some(step) if *step.checksum == **checksum => {}
                Some(_) => {
                    return refuse(format!(
                        "step {version} of the tables of {service} was done with another text than \
                         this program's; use the program that made this database, or another \
                         database"
                    ));
                }
                None if description.starts_with("breaks") => {
                    return refuse(format!(
                        "the tables of {service} have version {version} ({description}), made by a \
                         newer program; start that one, or restore a copy of the database from \
                         before it"
                    ));
                }
                None => {
                    tracing::warn!(
                        service,
                        version,
                        description,
                        "the tables are newer than this \
                        program, which can work with them"
                    );
                }
            }
        }
        Ok(())
    }

    fn failed(&self, error: MigrateError) -> Error {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Error::driver(error)
            }
            other => Error::Schema {
                words: format!(
                    "the tables of {} cannot be brought up to date: {other}",
                    self.service
                ),
            },
        }
    }
}
