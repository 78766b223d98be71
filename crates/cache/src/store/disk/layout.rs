//! The directory: `entries/` for what is stored, `tmp/` for what is being written, `lock` for who
//! may.
//!
//! The lock keeps a second process out: it would count and evict on its own. Its inode tells
//! whether the directory is still the one that was opened.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};

use crate::store::lock::lock;

/// Paths, and the lock.
pub(in crate::store) struct Layout {
    dir: PathBuf,
    entries: PathBuf,
    tmp: PathBuf,
    lock_file: PathBuf,
    held: Mutex<Option<File>>,
    usable: AtomicBool,
    next: AtomicU64,
}

impl Layout {
    pub(in crate::store) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            entries: dir.join("entries"),
            tmp: dir.join("tmp"),
            lock_file: dir.join("lock"),
            held: Mutex::new(None),
            usable: AtomicBool::new(false),
            next: AtomicU64::new(0),
        }
    }

    pub(in crate::store) fn entries(&self) -> &Path {
        &self.entries
    }

    pub(in crate::store) fn tmp(&self) -> &Path {
        &self.tmp
    }

    pub(in crate::store) fn purge_log(&self) -> PathBuf {
        self.dir.join("purge.log")
    }

    /// The directory is there and ours.
    pub(in crate::store) fn usable(&self) -> bool {
        self.usable.load(Ordering::Relaxed)
    }

    /// Makes the directory and takes its lock. True: it was not ours before, so nothing is known
    /// of what is in it.
    pub(in crate::store) fn prepare(&self) -> io::Result<bool> {
        let mut held = lock(&self.held);
        if held.as_ref().is_some_and(|file| self.is_same(file)) {
            self.usable.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        self.usable.store(false, Ordering::Relaxed);
        *held = None;
        fs::create_dir_all(&self.entries)?;
        fs::create_dir_all(&self.tmp)?;
        let make = || OpenOptions::new().append(true).create(true).open(&self.lock_file);
        // Held open for reading alone: a disk may be made read-only under it.
        let file = make().and_then(|_| File::open(&self.lock_file))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another process uses this cache directory",
            ),
            other => other.into(),
        })?;
        // What a process that was killed was writing.
        for unfinished in fs::read_dir(&self.tmp)?.flatten() {
            let _: io::Result<()> = fs::remove_file(unfinished.path());
        }
        *held = Some(file);
        self.usable.store(true, Ordering::Relaxed);
        Ok(true)
    }

    /// Is the directory the one whose lock is held? When not, it is not used until the next
    /// [`Self::prepare`].
    pub(in crate::store) fn check(&self) -> bool {
        let same = lock(&self.held).as_ref().is_some_and(|file| self.is_same(file))
            && self.entries.is_dir()
            && self.tmp.is_dir();
        if !same {
            self.release();
        }
        same
    }

    /// Leaves the directory to others.
    pub(in crate::store) fn release(&self) {
        self.usable.store(false, Ordering::Relaxed);
        if let Some(file) = lock(&self.held).take() {
            // Closing would not do when a process was just forked and holds it too.
            let _: rustix::io::Result<()> = flock(&file, FlockOperation::Unlock);
        }
    }

    fn is_same(&self, held: &File) -> bool {
        let (Ok(held), Ok(there)) = (held.metadata(), fs::metadata(&self.lock_file)) else {
            return false;
        };
        (held.ino(), held.dev()) == (there.ino(), there.dev())
    }

    /// A name in `tmp/` that no other file has.
    pub(in crate::store) fn tmp_name(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.tmp.join(format!("{}-{number}", std::process::id()))
    }

    /// Waits until what was removed stays removed after a power failure.
    pub(in crate::store) fn sync(&self) -> io::Result<()> {
        let held = lock(&self.held).as_ref().map(File::try_clone).transpose()?;
        held.map_or(Ok(()), |file| Ok(rustix::fs::syncfs(&file)?))
    }
}
