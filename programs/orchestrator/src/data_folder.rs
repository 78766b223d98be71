//! The data folder: made if it is missing, and held by one orchestrator at a time.
//!
//! The lock is the kernel's and ends with the process, so no stale file can lock anybody out; the
//! number in the file only tells the next one who holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use tombolo_daemon::config::StateFile;

use crate::error::Error;
use crate::ledger::Ledger;

/// The name of the ledger.
const LEDGER: &str = "processes.json";

/// The data folder, ours until this value is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    run: PathBuf,
    logs: PathBuf,
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
        let (run, logs) = (folder.join("run"), folder.join("logs"));
        for folder in [&run, &logs] {
            fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        }
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
        Ok(DataFolder { run, logs, _lock: lock })
    }

    /// The path of a file that `up` generates.
    pub(crate) fn generated(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    /// Where the gateway asks for what concerns replicas.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.run.join("up.sock")
    }

    /// Where the gateway's admin API answers.
    pub(crate) fn gateway_socket(&self) -> PathBuf {
        self.run.join("gateway.sock")
    }

    /// What the gateway knows of servers, for the one that is started after it.
    pub(crate) fn gateway_state(&self) -> PathBuf {
        self.run.join(StateFile::DEFAULT)
    }

    /// What runs, for whoever comes after us.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.run.join(LEDGER)
    }

    /// Writes the ledger down, as a whole or not at all.
    ///
    /// # Errors
    /// [`Error::DataFolder`].
    pub(crate) fn write_ledger(&self, ledger: &Ledger) -> Result<(), Error> {
        self.write_generated(LEDGER, &ledger.to_text()).map(drop)
    }

    /// Nothing is left that anybody could find.
    pub(crate) fn remove_ledger(&self) {
        // Whoever finds it nevertheless finds none of its processes.
        let _ = fs::remove_file(self.ledger());
    }

    /// What a process says on standard error.
    pub(crate) fn log_file(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
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
