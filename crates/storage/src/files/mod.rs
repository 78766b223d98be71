//! The three files of a SQLite database: the database, its write-ahead log (`-wal`) and the index
//! of the log (`-shm`). SQLite pairs them by name; here they are paired by what they are.
//!
//! Before SQLite opens anything, the files are compared with the record next to them: a log that
//! belonged to another file is set aside. While the database is open, all three are compared
//! before a commit is acknowledged.

mod error;
mod file_identity;
mod holders;
mod inspect;
mod record;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::sync::Mutex as AsyncMutex;

pub use self::error::FilesError;
use self::file_identity::FileIdentity;
pub(crate) use self::file_identity::Sight;
pub(crate) use self::inspect::set_aside;
use self::record::{Record, RecordFile};
use crate::error::Error;

/// How long a starter waits for the record while others open the same database.
const RECORD_TIME: Duration = Duration::from_secs(5);

/// The databases that this process has open, by path. A second opening may not look into the
/// files: closing them again would take the locks of the first (see [`holders`]).
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Files>>> = Mutex::new(BTreeMap::new());

/// Where the files of a database are.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) database: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) index: PathBuf,
    pub(crate) record: PathBuf,
}

impl Paths {
    /// Of a database that exists. SQLite follows a link and keeps the others next to its target.
    pub(crate) fn of(database: &Path) -> Result<Self, FilesError> {
        let failed = |source| FilesError::Io { path: database.to_owned(), source };
        Ok(Self::next_to(std::fs::canonicalize(database).map_err(failed)?))
    }

    /// Of a database that is to be made in a folder that exists.
    pub(crate) fn of_missing(database: &Path) -> Result<Self, FilesError> {
        let failed = |source| FilesError::Io { path: database.to_owned(), source };
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = std::fs::canonicalize(folder.unwrap_or(Path::new("."))).map_err(failed)?;
        let name =
            database.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        Ok(Self::next_to(folder.join(name)))
    }

    fn next_to(real: PathBuf) -> Self {
        let next_to = |suffix: &str| {
            let mut name = OsString::from(&real);
            name.push(suffix);
            PathBuf::from(name)
        };
        let (log, index, record) = (next_to("-wal"), next_to("-shm"), next_to("-identity"));
        Self { database: real, log, index, record }
    }
}

/// The open files of a database.
#[derive(Debug)]
pub(crate) struct Files {
    paths: Paths,
    /// What was opened: database, log, index.
    opened: [FileIdentity; 3],
    id: u32,
    /// A connection that does nothing: while it lives, SQLite keeps the log and its index.
    anchor: AsyncMutex<Option<SqliteConnection>>,
    /// How often this process has it open.
    users: AtomicUsize,
}

impl Files {
    /// Inspects the files, opens the database, and notes which files belong together. The database
    /// has to exist; an empty file will do.
    pub(crate) async fn open(
        path: &Path,
        options: &SqliteConnectOptions,
    ) -> Result<Arc<Self>, Error> {
        let paths = Paths::of(path)?;
        let failed = |source| FilesError::Io { path: paths.record.clone(), source };
        let mut record = RecordFile::lock(&paths.record, RECORD_TIME).await.map_err(failed)?;
        record.give_to_owner_of(&paths.database).map_err(failed)?;
        if let Some(files) = already_open(&paths.database) {
            files.verify()?;
            files.users.fetch_add(1, Ordering::Relaxed);
            return Ok(files);
        }
        inspect::inspect(&paths, record.read().map_err(failed)?.as_ref())?;
        let database = identity(&paths.database)?;
        let (anchor, id) = anchor(options).await?;
        let opened = [database, identity(&paths.log)?, identity(&paths.index)?];
        let [database, log, index] = opened;
        let noted = Record { database, log: Some(log), index: Some(index), id };
        record.write(&noted).map_err(failed)?;
        let key = paths.database.clone();
        let (anchor, users) = (AsyncMutex::new(Some(anchor)), AtomicUsize::new(1));
        let files = Arc::new(Self { paths, opened, id, anchor, users });
        // The database may have been replaced while SQLite opened it.
        files.verify()?;
        registry().insert(key, Arc::downgrade(&files));
        Ok(files)
    }

    /// Compares all three files with those that were opened: three calls of stat(2). To be called
    /// after each commit and before it is acknowledged.
    pub(crate) fn verify(&self) -> Result<(), FilesError> {
        let Paths { database, log, index, .. } = &self.paths;
        for (path, opened) in [database, log, index].into_iter().zip(&self.opened) {
            let found = FileIdentity::of(path)
                .map_err(|source| FilesError::Io { path: path.clone(), source })?;
            if found.as_ref() != Some(opened) {
                return Err(FilesError::Replaced { path: path.clone() });
            }
        }
        Ok(())
    }

    /// A text that differs when the history of the database may: another file, or another copy.
    pub(crate) fn history(&self) -> String {
        let [database, ..] = &self.opened;
        let (inode, born) = database.inode_and_birth();
        format!("file {inode} {born} {:08x}", self.id)
    }

    /// What the database's file looks like now. A checkpoint changes it, and whoever writes into it
    /// behind SQLite's back.
    pub(crate) fn sight(&self) -> Option<Sight> {
        Sight::of(&self.paths.database)
    }

    /// Bytes of the write-ahead log.
    pub(crate) fn log_bytes(&self) -> u64 {
        std::fs::metadata(&self.paths.log).map_or(0, |metadata| metadata.len())
    }

    /// Closes the last connection of this process once all who opened it have called this; their
    /// connections have to be closed before.
    pub(crate) async fn close(&self) {
        // Held against those who open it meanwhile.
        let record = RecordFile::lock(&self.paths.record, RECORD_TIME).await;
        if self.users.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        let Some(anchor) = self.anchor.lock().await.take() else { return };
        if let Err(error) = anchor.close().await {
            tracing::debug!(%error, "closing the database");
        }
        registry().remove(&self.paths.database);
        // SQLite removes the log with the last connection of all processes.
        if let Ok(mut record) = record
            && self.is_closed_by_all()
        {
            let [database, ..] = self.opened;
            let noted = Record { database, log: None, index: None, id: self.id };
            if let Err(error) = record.write(&noted) {
                tracing::debug!(%error, "noting that the database is closed");
            }
        }
    }

    fn is_closed_by_all(&self) -> bool {
        let [database, ..] = &self.opened;
        matches!(FileIdentity::of(&self.paths.log), Ok(None))
            && FileIdentity::of(&self.paths.database)
                .is_ok_and(|file| file.as_ref() == Some(database))
    }
}

/// Whether another process has the database or its index open. Not to be asked while this one has.
pub(crate) fn is_held(paths: &Paths) -> Result<bool, FilesError> {
    holders::is_held(&paths.database, &paths.index)
        .map_err(|source| FilesError::Io { path: paths.database.clone(), source })
}

fn registry() -> std::sync::MutexGuard<'static, BTreeMap<PathBuf, Weak<Files>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn already_open(database: &Path) -> Option<Arc<Files>> {
    registry().get(database).and_then(Weak::upgrade)
}

fn identity(path: &Path) -> Result<FileIdentity, FilesError> {
    let failed = |source| FilesError::Io { path: path.to_owned(), source };
    let missing = || failed(io::ErrorKind::NotFound.into());
    FileIdentity::of(path).map_err(failed)?.ok_or_else(missing)
}

/// Opens the first connection, has it make log and index, and gives the database its number.
async fn anchor(options: &SqliteConnectOptions) -> Result<(SqliteConnection, u32), Error> {
    let failed = Error::driver;
    let mut anchor = options.connect().await.map_err(&failed)?;
    let read = "SELECT application_id, (SELECT count(*) FROM sqlite_schema)
        FROM pragma_application_id";
    let row = sqlx::query(read).fetch_one(&mut anchor).await.map_err(&failed)?;
    // A signed number in SQL, unsigned in the file.
    let mut id = row.try_get::<i32, _>(0).map_err(&failed)?.cast_unsigned();
    if id == 0 {
        id = new_id();
        set_id(&mut anchor, id).await.map_err(&failed)?;
        // Into the header, where it can be read before SQLite opens anything.
        let fold = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
        fold.fetch_all(&mut anchor).await.map_err(&failed)?;
    }
    Ok((anchor, id))
}

/// A number for a database or for a copy of one. Never 0, which means that there is none.
pub(crate) fn new_id() -> u32 {
    fastrand::u32(1..=u32::MAX)
}

/// Writes the number into the database's header.
pub(crate) async fn set_id(connection: &mut SqliteConnection, id: u32) -> Result<(), sqlx::Error> {
    let text = format!("PRAGMA application_id = {}", id.cast_signed());
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(connection).await.map(drop)
}
