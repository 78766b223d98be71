//! A SQLite file in WAL mode: one connection that writes, a few that read.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::Row;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::error::Error;
use crate::limits;

/// An open SQLite database.
#[derive(Clone, Debug)]
pub struct Sqlite {
    /// The only connection of this process that may write. Begin with `BEGIN IMMEDIATE`: a
    /// transaction that reads first could not become a writer once another process has written.
    pub writer: SqlitePool,
    /// Connections that cannot write.
    pub readers: SqlitePool,
    path: PathBuf,
}

impl Sqlite {
    /// Opens the file, and makes it (readable by this user alone) if it is missing.
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        make_file(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(limits::BUSY_TIME)
            .foreign_keys(true)
            .pragma("journal_size_limit", limits::WAL_BYTES.to_string());
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(limits::ACQUIRE_TIME)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let failed = Error::query("opening the SQLite database");
        let writer = pool(1).connect_with(options.clone()).await.map_err(&failed)?;
        let mode: String = sqlx::query("PRAGMA journal_mode")
            .fetch_one(&writer)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(&failed)?;
        if mode != "wal" {
            return Err(Error::NotShared { path: path.to_owned(), mode });
        }
        let readers = pool(limits::SQLITE_READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(&failed)?;
        Ok(Self { writer, readers, path: path.to_owned() })
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        // Last, so that it can fold the write-ahead log into the file.
        self.writer.close().await;
    }
}

/// Makes the file and the folders above it. What is written there is for this user's eyes.
fn make_file(path: &Path) -> Result<(), Error> {
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
