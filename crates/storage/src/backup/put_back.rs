//! The files of a backup put back into the folder of the objects.
//!
//! They are written under another name (`NAME.restoring`) and renamed when all of them are on the
//! disk; the database follows. Until that is there too a mark lies among them: a restore that was
//! killed in between is begun again, and finds by the mark that what lies there is its own.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown, fchown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::unistd::geteuid;
use tombolo_files::{Access, Folder};

use super::error::BackupError;
use super::folder::sync_folder;
use super::manifest::Sum;
use super::objects::FOLDER;

/// The mark of a restore that is not finished. A service that uses the folder removes it.
pub const UNFINISHED_RESTORE: &str = "unfinished-restore";

/// Bytes that are read at once.
const PIECE: usize = 1024 * 1024;

/// A folder of objects that is being put back.
pub(super) struct Returning {
    target: PathBuf,
    draft: PathBuf,
    parent: PathBuf,
}

impl Returning {
    /// Looks whether there is room at `target`, and begins with a draft next to it.
    pub(super) fn begin(target: &Path) -> Result<Self, BackupError> {
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).to_owned();
        fs::create_dir_all(&parent).map_err(BackupError::io(&parent))?;
        let mut draft = target.as_os_str().to_owned();
        draft.push(".restoring");
        let returning = Self { target: target.to_owned(), draft: draft.into(), parent };
        returning.make_room()?;
        remove_unfinished(&returning.draft)?;
        let draft = &returning.draft;
        DirBuilder::new().mode(0o700).create(draft).map_err(BackupError::io(draft))?;
        let mark = draft.join(UNFINISHED_RESTORE);
        File::create_new(&mark).map_err(BackupError::io(&mark))?;
        Ok(returning)
    }

    /// Refuses a folder that holds files; takes away one that does not, and what a killed restore
    /// left.
    fn make_room(&self) -> Result<(), BackupError> {
        let target = &self.target;
        match target.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(BackupError::io(target)(error)),
            Ok(about) if !about.is_dir() => {
                return Err(BackupError::refused(format!(
                    "{} is no folder; move it away, then restore",
                    target.display()
                )));
            }
            Ok(_) => {}
        }
        if target.join(UNFINISHED_RESTORE).exists() {
            return remove_marked(target).map_err(BackupError::io(target));
        }
        if !is_without_files(target).map_err(BackupError::io(target))? {
            return Err(BackupError::refused(format!(
                "{0} holds files already, and a restore never overwrites; end the processes that \
                 use it, move it away (mv {0} {0}-before), then restore",
                target.display()
            )));
        }
        remove_empty(target).map_err(BackupError::io(target))
    }

    /// Copies the files of a backup, all of them on the disk when this returns.
    pub(super) fn copy(&self, backup: &Path, files: &[Sum]) -> Result<(), BackupError> {
        let failed = BackupError::io(&self.draft);
        let target = Folder::open(&self.draft).map_err(&failed)?;
        for (name, sum) in files {
            let from = backup.join(name);
            let Some(path) = name.strip_prefix(FOLDER).and_then(|path| path.strip_prefix('/'))
            else {
                return Err(BackupError::refused(format!("{} is not expected", from.display())));
            };
            if let Some(parent) = Path::new(path).parent() {
                target.make_all(parent).map_err(&failed)?;
            }
            let to = target.file(path, Access::New).map_err(&failed)?;
            if copy_one(&from, to).map_err(BackupError::io(&from))? != *sum {
                return Err(BackupError::refused(format!(
                    "{} changed while it was read; use another backup",
                    from.display()
                )));
            }
        }
        if geteuid().is_root() {
            // For the user whom the folder above belongs to.
            let owner = fs::metadata(&self.parent).map_err(BackupError::io(&self.parent))?;
            give_folders(&self.draft, owner.uid(), owner.gid()).map_err(&failed)?;
        }
        // One call for all of them, in place of two for each.
        rustix::fs::syncfs(&target).map_err(|error| failed(error.into()))
    }

    /// Gives the folder its name.
    pub(super) fn place(&self) -> Result<(), BackupError> {
        let (draft, target) = (&self.draft, &self.target);
        let moved = renameat2(AT_FDCWD, draft, AT_FDCWD, target, RenameFlags::RENAME_NOREPLACE);
        match moved {
            Ok(()) => {}
            // A file system that does not know the flag; a folder with something in it stays.
            Err(Errno::EINVAL | Errno::ENOSYS) => {
                fs::rename(draft, target).map_err(BackupError::io(target))?;
            }
            Err(error) => return Err(BackupError::io(target)(error.into())),
        }
        sync_folder(&self.parent)
    }

    /// Takes back what was placed: the database could not follow.
    pub(super) fn withdraw(&self) -> Result<(), BackupError> {
        remove_unfinished(&self.target)
    }

    /// Once the database is there: what lies there is in use.
    pub(super) fn finish(&self) -> Result<(), BackupError> {
        let mark = self.target.join(UNFINISHED_RESTORE);
        match fs::remove_file(&mark) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackupError::io(&mark)(error));
            }
            _ => {}
        }
        sync_folder(&self.target)
    }
}

/// Removes a folder that a restore made and did not finish; refuses any other.
fn remove_unfinished(folder: &Path) -> Result<(), BackupError> {
    let removed = if folder.join(UNFINISHED_RESTORE).exists() {
        remove_marked(folder)
    } else {
        // Killed before it was marked, it is empty.
        fs::remove_dir(folder)
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            Err(BackupError::refused(format!(
                "{} holds files that no restore made; move it away",
                folder.display()
            )))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::io(folder)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a folder with the mark, which is the last to go: a kill in the middle leaves it.
fn remove_marked(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == UNFINISHED_RESTORE {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_file(folder.join(UNFINISHED_RESTORE))?;
    fs::remove_dir(folder)
}

fn is_without_files(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || !is_without_files(&entry.path())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        remove_empty(&entry?.path())?;
    }
    fs::remove_dir(folder)
}

/// Copies a file for the user whom its folder belongs to; the BLAKE3 of what was read.
fn copy_one(from: &Path, mut to: File) -> io::Result<String> {
    let (mut from, mut hasher) = (File::open(from)?, blake3::Hasher::new());
    let mut buffer = vec![0; PIECE];
    loop {
        let count = from.read(&mut buffer)?;
        let (piece, _) = buffer.split_at(count);
        if piece.is_empty() {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        to.write_all(piece)?;
        hasher.update(piece);
    }
}

/// Gives a folder of ours, and all in it, to a user.
fn give_folders(folder: &Path, user: u32, group: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            give_folders(&entry.path(), user, group)?;
        } else {
            fchown(File::open(entry.path())?, Some(user), Some(group))?;
        }
    }
    chown(folder, Some(user), Some(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(home: &Path) -> Vec<Sum> {
        fs::create_dir_all(home.join("backup/objects/objects/ab")).unwrap();
        fs::write(home.join("backup/objects/objects/ab/c"), "bytes").unwrap();
        let sum = blake3::hash(b"bytes").to_hex().to_string();
        vec![("objects/objects/ab/c".to_owned(), sum)]
    }

    #[test]
    fn files_come_back_where_none_were() {
        let home = tempfile::tempdir().unwrap();
        let (files, target) = (backup(home.path()), home.path().join("data/objects"));
        let returning = Returning::begin(&target).unwrap();
        returning.copy(&home.path().join("backup"), &files).unwrap();
        assert!(!target.exists());
        returning.place().unwrap();
        returning.finish().unwrap();
        assert_eq!(fs::read(target.join("objects/ab/c")).unwrap(), b"bytes");
        let words = Returning::begin(&target).err().unwrap().to_string();
        assert!(words.contains("never overwrites"), "{words}");
        let names: Vec<_> = fs::read_dir(home.path().join("data")).unwrap().flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[test]
    fn one_that_was_killed_is_begun_again() {
        let home = tempfile::tempdir().unwrap();
        let (files, target) = (backup(home.path()), home.path().join("objects"));
        for steps in 0..3 {
            let returning = Returning::begin(&target).unwrap();
            if steps > 0 {
                returning.copy(&home.path().join("backup"), &files).unwrap();
            }
            if steps > 1 {
                returning.place().unwrap();
            }
        }
        let returning = Returning::begin(&target).unwrap();
        returning.copy(&home.path().join("backup"), &files).unwrap();
        returning.place().unwrap();
        returning.finish().unwrap();
        assert!(target.join("objects/ab/c").exists());
    }

    #[test]
    fn folders_without_files_give_way_and_others_stay() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("objects");
        fs::create_dir_all(target.join("incoming")).unwrap();
        Returning::begin(&target).unwrap().place().unwrap();
        fs::remove_file(target.join(UNFINISHED_RESTORE)).unwrap();
        fs::create_dir(target.join("incoming")).unwrap();
        fs::write(target.join("incoming/u"), "half").unwrap();
        assert!(Returning::begin(&target).is_err());
        assert!(target.join("incoming/u").exists());
        // Nor what somebody else put where the draft would be.
        let other = home.path().join("other");
        fs::create_dir(home.path().join("other.restoring")).unwrap();
        fs::write(home.path().join("other.restoring/letter"), "dear").unwrap();
        let words = Returning::begin(&other).err().unwrap().to_string();
        assert!(words.contains("no restore made"), "{words}");
    }
}
