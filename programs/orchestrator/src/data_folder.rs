//! The data folder: made if it is missing, for its owner alone, and held by one orchestrator at a
//! time. A folder of another user, or one that others have written to, is refused.
//!
//! The lock is the kernel's and ends with the process, so no stale file can lock anybody out; the
//! number in the file only tells the next one who holds it.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use tombolo_daemon::config::StateFile;
use tombolo_files::{Access, Folder};

use crate::error::Error;
use crate::ledger::Ledger;

/// The name of the file with the folder's random number, and its length.
const ID: &str = "folder.id";
const ID_BYTES: u64 = 32;
/// The name of the lock.
const LOCK: &str = "up.lock";
/// The name of the ledger.
const LEDGER: &str = "processes.json";

/// The data folder, ours until this value is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    run: Folder,
    logs: Folder,
    identity: String,
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
        let data = Folder::make(folder).map_err(|error| failed(folder, error))?;
        let inner = |name| data.folder(name).map_err(|error| failed(&folder.join(name), error));
        let (run, logs) = (inner("run")?, inner("logs")?);
        let path = run.path().join(LOCK);
        let mut lock = run.file(LOCK, Access::Make).map_err(|error| failed(&path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_pid(&mut lock);
                return Err(Error::Locked { folder: folder.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(&path, error)),
        }
        write_pid(&mut lock).map_err(|error| failed(&path, error))?;
        let identity =
            identity(&data, &run).map_err(|error| failed(&run.path().join(ID), error))?;
        Ok(DataFolder { run, logs, identity, _lock: lock })
    }

    /// Tells it from any other folder, a copy of it too.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// The path of a file that `up` generates.
    pub(crate) fn generated(&self, name: &str) -> PathBuf {
        self.run.path().join(name)
    }

    /// Where the gateway asks for what concerns replicas.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.run.path().join("up.sock")
    }

    /// Where the gateway's admin API answers.
    pub(crate) fn gateway_socket(&self) -> PathBuf {
        self.run.path().join("gateway.sock")
    }

    /// What the gateway knows of servers, for the one that is started after it.
    pub(crate) fn gateway_state(&self) -> PathBuf {
        self.run.path().join(StateFile::DEFAULT)
    }

    /// What an earlier orchestrator left running.
    pub(crate) fn read_ledger(&self) -> Ledger {
        Ledger::read(self.run.file(LEDGER, Access::Read))
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
        let _ = self.run.remove(LEDGER);
    }

    /// What a process says on standard error.
    pub(crate) fn log_file(&self, name: &str) -> PathBuf {
        self.logs.path().join(format!("{name}.log"))
    }

    /// Writes a file that `up` generates, as a whole or not at all; gives its path.
    ///
    /// # Errors
    /// [`Error::DataFolder`].
    pub(crate) fn write_generated(&self, name: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.run.path().join(name);
        match self.run.replace(name, text.as_bytes()) {
            Ok(()) => Ok(path),
            Err(source) => Err(Error::DataFolder { path, source }),
        }
    }
}

/// Device and inode, which a copy has not, and a random number, which a folder that is made later in
/// the same place has not.
fn identity(data: &Folder, run: &Folder) -> io::Result<String> {
    let (device, inode) = data.identity()?;
    let mut id = String::new();
    if let Ok(file) = run.file(ID, Access::Read) {
        file.take(ID_BYTES).read_to_string(&mut id)?;
    }
    if id.len() as u64 != ID_BYTES || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        id = format!("{:032x}", fastrand::u128(..));
        run.replace(ID, id.as_bytes())?;
    }
    Ok(format!("{device:x}-{inode:x}-{id}"))
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
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

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

    #[test]
    fn folder_that_others_have_written_to_is_refused_with_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("run")).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
        let words = DataFolder::open(&data).unwrap_err().to_string();
        for part in ["others may write to", "chmod 700", "--data"] {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(words.matches("data (mode").count(), 1, "{words}");
    }

    #[test]
    fn identity_stays_and_no_copy_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
        let identity = |path: &Path| DataFolder::open(path).unwrap().identity().to_owned();
        let first = identity(&data);
        assert_eq!(identity(&data), first);
        fs::create_dir_all(copy.join("run")).unwrap();
        fs::copy(data.join("run").join(ID), copy.join("run").join(ID)).unwrap();
        assert_ne!(identity(&copy), first);
        fs::write(data.join("run").join(ID), "not a number").unwrap();
        assert_ne!(identity(&data), first);
    }

    #[test]
    fn no_link_in_it_is_followed_and_all_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (data, other) = (folder.path().join("data"), folder.path().join("other"));
        fs::write(&other, "precious").unwrap();
        drop(DataFolder::open(&data).unwrap());
        let run = data.join("run");
        fs::remove_file(run.join(LOCK)).unwrap();
        symlink(&other, run.join(LOCK)).unwrap();
        let words = DataFolder::open(&data).unwrap_err().to_string();
        assert!(words.contains("symbolic link"), "{words}");
        fs::remove_file(run.join(LOCK)).unwrap();
        symlink(&other, run.join("gateway.toml.new")).unwrap();
        let open = DataFolder::open(&data).unwrap();
        open.write_generated("gateway.toml", "text").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
        for (path, mode) in [("", 0o700), ("run", 0o700), ("logs", 0o700)]
            .into_iter()
            .chain([("run/gateway.toml", 0o600), ("run/up.lock", 0o600)])
        {
            let about = fs::symlink_metadata(data.join(path)).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, mode, "{path}");
        }
    }
}
