//! Brings a service's tables up to date: numbered steps, each done once, in order, by one starter
//! while others wait, and refused if somebody changed a step after it was done.

use crate::connection::{Begin, Connection};
use crate::error::Error;
use crate::query::Query;
use crate::row::Row;
use crate::url::Engine;

/// A service's steps, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// The service, whose steps have numbers of their own.
    pub service: &'static str,
    /// What to do, in the order of [`Step::version`], which counts from 1 without a gap.
    pub steps: &'static [Step],
}

/// A step: done whole, in one transaction, or not at all.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its number.
    pub version: i32,
    /// What it is called in the log.
    pub name: &'static str,
    /// Its statements for SQLite.
    pub sqlite: &'static str,
    /// Its statements for PostgreSQL.
    pub postgres: &'static str,
}

/// A step that was done.
struct Done {
    version: i32,
    checksum: String,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS tombolo_migration (
    service TEXT NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (service, version)
)";
const SELECT: &str =
    "SELECT version, checksum FROM tombolo_migration WHERE service = $1 ORDER BY version";
const INSERT: &str =
    "INSERT INTO tombolo_migration (service, version, name, checksum) VALUES ($1, $2, $3, $4)";

/// PostgreSQL's lock of that number is held while steps are done ("tombolo" as a number).
const LOCK: i64 = 0x74_6f6d_626f_6c6f;

/// Does what is missing; tells how many steps that were.
pub(crate) async fn run(
    connection: &mut Connection,
    migrations: &Migrations,
) -> Result<usize, Error> {
    let engine = connection.engine();
    let text = |step: &Step| match engine {
        Engine::Sqlite => step.sqlite,
        Engine::Postgres => step.postgres,
    };
    connection.begin(Begin::Write).await?;
    if engine == Engine::Postgres {
        connection.rows(Query::new("SELECT pg_advisory_xact_lock($1)").bind(LOCK)).await?;
    }
    connection.run(Query::new(TABLE)).await?;
    let rows = connection.rows(Query::new(SELECT).bind(migrations.service)).await?;
    let done = |row: &Row| Ok(Done { version: row.get(0)?, checksum: row.get(1)? });
    let done: Vec<Done> = rows.iter().map(done).collect::<Result<_, Error>>()?;
    let missing = missing(migrations, &done, text)?;
    for step in missing {
        connection.simple(text(step)).await?;
        let insert = Query::new(INSERT)
            .bind(migrations.service)
            .bind(i64::from(step.version))
            .bind(step.name)
            .bind(checksum(text(step)));
        connection.run(insert).await?;
    }
    connection.commit().await?;
    Ok(missing.len())
}

fn checksum(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// The steps that were not done yet, once those that were are known to be ours.
fn missing<'m>(
    migrations: &'m Migrations,
    done: &[Done],
    text: impl Fn(&Step) -> &'static str,
) -> Result<&'m [Step], Error> {
    let service = migrations.service;
    if let Some(beyond) = done.get(migrations.steps.len()) {
        return Err(Error::Schema {
            words: format!(
                "the tables of {service} have version {}, made by a newer program; start that one, \
                 or restore a copy of the database from before it",
                beyond.version
            ),
        });
    }
    for (step, done) in migrations.steps.iter().zip(done) {
        if step.version != done.version || checksum(text(step)) != done.checksum {
            return Err(Error::Schema {
                words: format!(
                    "step {} of the tables of {service} was done with another text than this \
                     program's; use the program that made this database, or another database",
                    done.version
                ),
            });
        }
    }
    Ok(migrations.steps.get(done.len()..).unwrap_or_default())
}
