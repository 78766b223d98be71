//! Connections to a SQLite file in WAL mode, shared by the processes of one machine.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Row};

use crate::error::Error;
use crate::limits;

/// How the file is opened. Connections that do not write cannot.
pub(crate) fn options(path: &Path, writes: bool) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(limits::BUSY_TIME)
        .foreign_keys(true)
        .pragma("journal_size_limit", limits::WAL_BYTES.to_string());
    if writes { options } else { options.pragma("query_only", "ON") }
}

/// Opens the file.
pub(crate) async fn connect(path: &Path, writes: bool) -> Result<SqliteConnection, Error> {
    let mut connection = options(path, writes).connect().await.map_err(Error::driver)?;
    let row = sqlx::query("PRAGMA journal_mode").fetch_one(&mut connection).await;
    let mode: String = row.and_then(|row| row.try_get(0)).map_err(Error::driver)?;
    match mode.as_str() {
        "wal" => Ok(connection),
        _ => Err(Error::NotShared { path: path.to_owned(), mode }),
    }
}

/// Makes the file and the folders above it. What is written there is for this user's eyes.
pub(crate) fn make_file(path: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(failed(path, source)),
    }
}
