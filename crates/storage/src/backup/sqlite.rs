//! A SQLite database copied while it is used (`VACUUM INTO`), and put back.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::unistd::geteuid;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection as _, Row, SqliteConnection};

use super::error::BackupError;
use super::folder::sync_folder;
use super::inventory::{Inventory, Stored};
use super::manifest::Copied;
use crate::connection::Connection;
use crate::error::Error;
use crate::files::{self, Files, Paths};
use crate::url::DatabaseUrl;

/// The copy's name in a backup.
pub(super) const FILE: &str = "database.sqlite";

/// How long a writer of the database is waited for.
const BUSY_TIME: Duration = Duration::from_secs(30);

/// Copies what the database holds at this moment into the new file `copy`; tells which files it
/// names.
pub(super) async fn copy(
    url: &DatabaseUrl,
    copy: &Path,
    inventory: &Inventory,
) -> Result<(Copied, Option<Vec<Stored>>), BackupError> {
    let path = file_of(url)?;
    if !path.exists() {
        return Err(BackupError::refused(format!(
            "{} is not there; name the database with --database, or its data folder with --data",
            path.display()
        )));
    }
    let failed = |source| Error::during("copying the database")(Error::driver(source));
    let options = SqliteConnectOptions::new().filename(&path).busy_timeout(BUSY_TIME);
    let files = Files::open(&path, &options.clone().journal_mode(SqliteJournalMode::Wal)).await?;
    let mut source = options.connect().await.map_err(&failed)?;
    let target = copy.to_str().ok_or_else(|| {
        BackupError::refused(format!("{} is not UTF-8; name another folder", copy.display()))
    })?;
    let copied = sqlx::query("VACUUM INTO ?").bind(target).execute(&mut source).await;
    let closed = source.close().await;
    let verified = files.verify();
    files.close().await;
    copied.map(drop).and(closed).map_err(&failed)?;
    verified?;
    let (id, stored) = check(copy, inventory).await?;
    let file = File::open(copy).map_err(BackupError::io(copy))?;
    file.sync_all().map_err(BackupError::io(copy))?;
    let bytes = file.metadata().map_err(BackupError::io(copy))?.len();
    Ok((Copied::Sqlite { bytes, id }, stored))
}

/// Has SQLite check the copy, and gives it a number of its own, so that nobody takes it for the
/// original or for another copy of it. Tells which files it names.
async fn check(
    copy: &Path,
    inventory: &Inventory,
) -> Result<(u32, Option<Vec<Stored>>), BackupError> {
    let failed = |source| Error::during("checking the copy of the database")(Error::driver(source));
    let options = SqliteConnectOptions::new().filename(copy).create_if_missing(false);
    let options = options.journal_mode(SqliteJournalMode::Delete);
    let mut connection = options.connect().await.map_err(&failed)?;
    for text in ["PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"] {
        if let Some(found) = first_finding(&mut connection, text).await.map_err(&failed)? {
            return Err(BackupError::refused(format!(
                "the database is damaged ({found}); restore an earlier backup, and keep the \
                 damaged file for whoever may repair it"
            )));
        }
    }
    let id = files::new_id();
    files::set_id(&mut connection, id).await.map_err(&failed)?;
    let mut connection = Connection::Sqlite(connection);
    let stored = inventory.list(&mut connection).await?;
    connection.close().await;
    Ok((id, stored))
}

async fn first_finding(
    connection: &mut SqliteConnection,
    text: &'static str,
) -> Result<Option<String>, sqlx::Error> {
    let rows = sqlx::query(text).fetch_all(connection).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let words: String = row.try_get(0)?;
    Ok((words != "ok").then_some(words))
}

/// Refuses a database that is there, or that processes still have open.
pub(super) fn refuse_in_the_way(url: &DatabaseUrl) -> Result<(), BackupError> {
    let path = file_of(url)?;
    let folder = folder_of(&path);
    fs::create_dir_all(&folder).map_err(BackupError::io(&folder))?;
    refuse_existing(&path)?;
    if files::is_held(&Paths::of_missing(&path)?)? {
        return Err(BackupError::refused(format!(
            "processes still run that had {} open; end them (tombolo up, or each replica), then \
             restore",
            path.display()
        )));
    }
    Ok(())
}

/// Puts the copy where the database is to be. The copy was verified, and nothing is in the way.
pub(super) fn put_back(copy: &Path, url: &DatabaseUrl) -> Result<(), BackupError> {
    let path = file_of(url)?;
    let (folder, paths) = (folder_of(&path), Paths::of_missing(&path)?);
    let draft = draft_of(&path);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(BackupError::io(&draft)(error));
        }
        _ => {}
    }
    write_draft(copy, &draft, &folder).map_err(BackupError::io(&draft))?;
    // A log that is left belonged to the database that was here.
    files::set_aside(&paths)?;
    move_to(&draft, &path)?;
    sync_folder(&folder)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => folder.to_owned(),
        None => PathBuf::from("."),
    }
}

fn file_of(url: &DatabaseUrl) -> Result<PathBuf, BackupError> {
    let none = || BackupError::refused(format!("{url} is no SQLite database"));
    url.file().ok_or_else(none)
}

fn refuse_existing(path: &Path) -> Result<(), BackupError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::io(path)(error)),
        Ok(_) => Err(BackupError::refused(format!(
            "{0} is there already, and a restore never overwrites; end the processes that use it, \
             move it away with its log (mkdir before && mv {0} {0}-* before/), then restore",
            path.display()
        ))),
    }
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".restoring");
    name.into()
}

/// Writes the file, on the disk, for the user whom the folder belongs to.
fn write_draft(copy: &Path, draft: &Path, folder: &Path) -> io::Result<()> {
    let mut from = File::open(copy)?;
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    io::copy(&mut from, &mut to)?;
    if geteuid().is_root() {
        let owner = fs::metadata(folder)?;
        // Not by its name: who owns the folder may have put a link there meanwhile.
        fchown(&to, Some(owner.uid()), Some(owner.gid()))?;
    }
    to.sync_all()
}

/// Renames; refuses if somebody made the target meanwhile.
fn move_to(draft: &Path, path: &Path) -> Result<(), BackupError> {
    match renameat2(AT_FDCWD, draft, AT_FDCWD, path, RenameFlags::RENAME_NOREPLACE) {
        Ok(()) => Ok(()),
        // A file system that does not know the flag.
        Err(Errno::EINVAL | Errno::ENOSYS) => {
            refuse_existing(path)?;
            fs::rename(draft, path).map_err(BackupError::io(path))
        }
        Err(Errno::EEXIST) => refuse_existing(path),
        Err(error) => Err(BackupError::io(path)(error.into())),
    }
}
