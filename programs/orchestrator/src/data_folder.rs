//! The data folder: made if it is missing, and held by one orchestrator at a time.
//!
//! The lock is the kernel's and ends with the process, so no stale file can lock anybody out; the
//! number in the file only tells the next one who holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The data folder, ours until this value is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    run: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl DataFolder {
    /// Makes and locks `folder`.
    ///
    /// # Errors
    /// [`Error::DataFolder`] if it cannot be written, [`Error::Locked`] if another has it.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |path: &Path, source| Error::DataFolder { path: path.to_owned(), source };
        let run = folder.join("run");
        fs::create_dir_all(&run).map_err(|error| failed(&run, error))?;
        let path = run.join("up.lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed(&path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_pid(&mut lock);
                return Err(Error::Locked { folder: folder.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(&path, error)),
        }
        write_pid(&mut lock).map_err(|error| failed(&path, error))?;
        Ok(DataFolder { run, _lock: lock })
    }

    /// Writes a file that `up` generates, as a whole or not at all; gives its path.
    ///
    /// # Errors
    /// [`Error::DataFolder`].
    pub(crate) fn write_generated(&self, name: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.run.join(name);
        let draft = self.run.join(format!("{name}.new"));
        let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, &path));
        written.map_err(|source| Error::DataFolder { path: path.clone(), source })?;
        Ok(path)
    }
}

fn write_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn read_pid(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_one_is_told_who_holds_it_and_may_follow() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        match DataFolder::open(folder.path()) {
            Err(Error::Locked { holder, .. }) => assert_eq!(holder, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(first);
        DataFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "not a folder").unwrap();
        let words = DataFolder::open(&file).unwrap_err().to_string();
        assert!(words.contains("data") && words.contains("--data"), "{words}");
    }

    #[test]
    fn generated_file_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        data.write_generated("x.toml", "a longer first text").unwrap();
        let path = data.write_generated("x.toml", "second").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "second");
    }
}
