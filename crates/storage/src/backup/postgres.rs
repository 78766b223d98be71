//! A PostgreSQL database dumped and loaded by PostgreSQL's own programs: what administrators know
//! and other tools read, and a single transaction each way.
//!
//! The bytes go through this process in pipes, so that both end when it is killed: pg_restore then
//! sees an archive that is cut short, and its transaction leaves nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection as _, Row};

use super::client::program;
use super::error::BackupError;
use super::inventory::{Inventory, Stored};
use super::manifest::Copied;
use crate::connection::Connection;
use crate::error::Error;
use crate::url::DatabaseUrl;

/// The archive's name in a backup.
pub(super) const FILE: &str = "database.pgdump";

/// Words of a program that are repeated at most, in bytes.
const WORDS: u64 = 4096;

/// Tables, sequences and views that somebody made, and processes of ours that are connected.
const IN_THE_WAY: &str = "SELECT
    (SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
        AND nspname <> 'information_schema' AND nspname !~ '^pg_'),
    (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'tombolo %'
        AND pid <> pg_backend_pid())";

/// Writes an archive of what the database holds at this moment; tells which files it names.
pub(super) async fn dump(
    url: &DatabaseUrl,
    archive: &Path,
    inventory: &Inventory,
) -> Result<(Copied, Option<Vec<Stored>>), BackupError> {
    let failed = |source| Error::during("looking at the database")(Error::driver(source));
    let mut connection = connect(url).await?;
    // Both look at the same moment.
    for text in [
        "SET idle_in_transaction_session_timeout = 0",
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    ] {
        sqlx::raw_sql(text).execute(&mut connection).await.map_err(&failed)?;
    }
    let row = sqlx::query("SELECT pg_export_snapshot()").fetch_one(&mut connection).await;
    let snapshot: String = row.and_then(|row| row.try_get(0)).map_err(&failed)?;
    let copied = write(url, archive, &snapshot)?;
    let mut connection = Connection::Postgres(connection);
    let stored = inventory.list(&mut connection).await?;
    connection.close().await;
    Ok((copied, stored))
}

fn write(url: &DatabaseUrl, archive: &Path, snapshot: &str) -> Result<Copied, BackupError> {
    let mut pg_dump = program("pg_dump", url)?;
    pg_dump.arg(format!("--snapshot={snapshot}"));
    pg_dump.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password"]);
    pg_dump.arg("--lock-wait-timeout=30s");
    let mut child = spawn(&mut pg_dump)?;
    let words = collect(&mut child);
    let failed = BackupError::io(archive);
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(archive).map_err(&failed)?;
    let mut out = child.stdout.take();
    let copied = out.as_mut().map_or(Ok(0), |out| io::copy(out, &mut file));
    if copied.is_err() {
        // The disk is full: what is left would wait for a reader for ever.
        let _ = child.kill();
    }
    drop(out);
    let ended = finish(child, words, "pg_dump");
    copied.map_err(&failed)?;
    ended?;
    file.sync_all().map_err(&failed)?;
    check(url, archive)?;
    let bytes = file.metadata().map_err(&failed)?.len();
    Ok(Copied::Postgres { bytes, tool: version(url)? })
}

/// Has pg_restore read the whole archive.
fn check(url: &DatabaseUrl, archive: &Path) -> Result<(), BackupError> {
    let mut pg_restore = program("pg_restore", url)?;
    pg_restore.args(["--file=/dev/null"]).arg(archive);
    let mut child = spawn(&mut pg_restore)?;
    let words = collect(&mut child);
    finish(child, words, "pg_restore")
}

fn version(url: &DatabaseUrl) -> Result<String, BackupError> {
    let mut pg_dump = program("pg_dump", url)?;
    let output = pg_dump.arg("--version").output();
    let output = output.map_err(|error| BackupError::refused(format!("pg_dump: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Loads an archive into a database without tables, all of it or nothing.
pub(super) fn load(archive: &Path, url: &DatabaseUrl) -> Result<(), BackupError> {
    let mut pg_restore = program("pg_restore", url)?;
    pg_restore.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]);
    let options = PgConnectOptions::from_str(url.expose());
    let name = options.ok().and_then(|options| options.get_database().map(str::to_owned));
    pg_restore.arg("--no-password").arg(format!("--dbname={}", name.unwrap_or_default()));
    let mut child = spawn(pg_restore.stdin(Stdio::piped()))?;
    let words = collect(&mut child);
    let failed = BackupError::io(archive);
    let mut file = File::open(archive).map_err(&failed)?;
    let fed = child.stdin.take().map_or(Ok(0), |mut input| io::copy(&mut file, &mut input));
    finish(child, words, "pg_restore")?;
    fed.map(drop).map_err(failed)
}

async fn connect(url: &DatabaseUrl) -> Result<PgConnection, BackupError> {
    let failed = |source| Error::during("looking into the database")(Error::driver(source));
    let options = PgConnectOptions::from_str(url.expose())
        .map_err(|_| BackupError::refused(format!("the address {url} cannot be read")))?;
    Ok(options.application_name("tombolo backup").connect().await.map_err(failed)?)
}

/// Refuses a database that has tables, or that processes of ours are connected to.
pub(super) async fn refuse_in_the_way(url: &DatabaseUrl) -> Result<(), BackupError> {
    let failed = |source| Error::during("looking into the database")(Error::driver(source));
    let mut connection = connect(url).await?;
    let row = sqlx::query(IN_THE_WAY).fetch_one(&mut connection).await.map_err(&failed)?;
    let number = |index: usize| row.try_get::<i64, _>(index).map_err(&failed);
    let (tables, processes) = (number(0)?, number(1)?);
    let _ = connection.close().await;
    if processes > 0 {
        return Err(BackupError::refused(format!(
            "{processes} connections of Tombolo use {url}; end the processes (tombolo up, or each \
             replica), then restore"
        )));
    }
    if tables > 0 {
        return Err(BackupError::refused(format!(
            "{url} holds {tables} tables already, and a restore never overwrites; restore into a \
             new database (createdb NAME) and have the configuration name that one"
        )));
    }
    Ok(())
}

fn spawn(command: &mut Command) -> Result<Child, BackupError> {
    let program = command.get_program().to_owned();
    command.spawn().map_err(|error| {
        BackupError::refused(format!("{} cannot be started: {error}", program.display()))
    })
}

/// Reads what a program complains of, so that it never waits for a reader.
fn collect(child: &mut Child) -> Option<thread::JoinHandle<String>> {
    let errors = child.stderr.take()?;
    Some(thread::spawn(move || {
        let mut words = Vec::new();
        let mut errors = errors;
        let _ = (&mut errors).take(WORDS).read_to_end(&mut words);
        let _ = io::copy(&mut errors, &mut io::sink());
        String::from_utf8_lossy(&words).trim().to_owned()
    }))
}

fn finish(
    mut child: Child,
    words: Option<thread::JoinHandle<String>>,
    name: &str,
) -> Result<(), BackupError> {
    let status = child.wait();
    let words = words.and_then(|words| words.join().ok()).unwrap_or_default();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(BackupError::refused(format!("{name} failed ({status}): {words}"))),
        Err(error) => Err(BackupError::refused(format!("{name}: {error}"))),
    }
}
