//! The folder of a backup while it is being written: `NAME.part`, renamed at the end.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::{manifest, objects, postgres, sqlite};

/// Held by the backup that writes the folder.
const LOCK: &str = "lock";

/// All that a draft may hold, but for the folder of the objects.
const FILES: [&str; 6] = [
    LOCK,
    sqlite::FILE,
    "database.sqlite-journal",
    postgres::FILE,
    manifest::FILE,
    manifest::CHECKSUMS,
];

/// A backup that is not finished.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    target: PathBuf,
    _lock: File,
}

impl Draft {
    /// Makes the draft of `target`, for this user alone; removes one that a killed backup left.
    pub(super) fn begin(target: &Path) -> Result<Self, BackupError> {
        refuse_contents(target)?;
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(BackupError::io(parent))?;
        }
        if path.exists() {
            remove_abandoned(&path)?;
        }
        DirBuilder::new().mode(0o700).create(&path).map_err(BackupError::io(&path))?;
        let lock = lock(&path)?;
        Ok(Self { path, target: target.to_owned(), _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the copy of the database, for a newer one.
    pub(super) fn forget_database(&self) -> Result<(), BackupError> {
        for name in [sqlite::FILE, postgres::FILE] {
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(BackupError::io(&path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits until all that was written is on the disk: one call, however many files there are.
    pub(super) fn sync(&self) -> Result<(), BackupError> {
        let synced = File::open(&self.path).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
        synced.map_err(BackupError::io(&self.path))
    }

    /// Gives it its name, once all of it is on the disk.
    pub(super) fn finish(self) -> Result<(), BackupError> {
        let lock = self.path.join(LOCK);
        fs::remove_file(&lock).map_err(BackupError::io(&lock))?;
        sync_folder(&self.path)?;
        // An empty folder gives way; one with something in it does not.
        fs::rename(&self.path, &self.target).map_err(BackupError::io(&self.target))?;
        let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new(".")))
    }
}

fn refuse_contents(target: &Path) -> Result<(), BackupError> {
    match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotADirectory => {
            Err(BackupError::io(target)(error))
        }
        _ => Err(BackupError::refused(format!(
            "{} is there already and not empty; name a new folder for the backup",
            target.display()
        ))),
    }
}

fn lock(draft: &Path) -> Result<File, BackupError> {
    let path = draft.join(LOCK);
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(BackupError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BackupError::refused(format!(
            "another backup is writing {}; wait for it, or name another folder",
            draft.display()
        ))),
        Err(TryLockError::Error(error)) => Err(BackupError::io(&path)(error)),
    }
}

/// Removes what a killed backup left: files that backups make, and the folder if it is empty then.
fn remove_abandoned(draft: &Path) -> Result<(), BackupError> {
    let _lock = lock(draft)?;
    for name in FILES {
        let path = draft.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackupError::io(&path)(error));
            }
            _ => {}
        }
    }
    let copies = draft.join(objects::FOLDER);
    match fs::remove_dir_all(&copies) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(BackupError::io(&copies)(error));
        }
        _ => {}
    }
    fs::remove_dir(draft).map_err(|_| {
        BackupError::refused(format!(
            "{} holds files that no backup made; move it away",
            draft.display()
        ))
    })
}

/// Has the names in a folder on the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::io(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_becomes_the_folder_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a/monday");
        let draft = Draft::begin(&target).unwrap();
        fs::write(draft.path().join(manifest::FILE), "x").unwrap();
        assert!(!target.exists());
        assert!(Draft::begin(&target).unwrap_err().to_string().contains("another backup"));
        draft.finish().unwrap();
        let names: Vec<_> = fs::read_dir(&target).unwrap().flatten().collect();
        assert_eq!(names.len(), 1);
        assert!(Draft::begin(&target).unwrap_err().to_string().contains("not empty"));
    }

    #[test]
    fn what_a_killed_backup_left_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("monday");
        let draft = Draft::begin(&target).unwrap();
        let path = draft.path().to_owned();
        fs::write(path.join(sqlite::FILE), "half").unwrap();
        drop(draft);
        let again = Draft::begin(&target).unwrap();
        assert!(!path.join(sqlite::FILE).exists());
        fs::write(path.join("letter"), "dear").unwrap();
        drop(again);
        let words = Draft::begin(&target).unwrap_err().to_string();
        assert!(words.contains("no backup made") && path.join("letter").exists(), "{words}");
    }
}
