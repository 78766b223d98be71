//! The directory: `CACHEDIR.TAG` says whose it is; `entries/` for what is stored, `tmp/` for what is
//! being written, `lock` for who may.
//!
//! The lock keeps a second process out: it would count and evict on its own. Everything below is
//! opened from the directory that was locked, without following links; the directory's inode tells
//! whether it is still the one at its path.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustix::fs::{FlockOperation, flock};
use tombolo_files::{Access, Folder};

use super::tag;
use crate::store::lock::lock;
use crate::store::slot::Slot;

const LOCK: &str = "lock";
const ENTRIES: &str = "entries";
const TMP: &str = "tmp";

/// The directory, open and locked.
pub(in crate::store) struct Dir {
    pub(in crate::store) root: Folder,
    pub(in crate::store) entries: Folder,
    pub(in crate::store) tmp: Folder,
    lock: File,
    identity: (u64, u64),
}

/// Where it is, and the directory while it is ours.
pub(in crate::store) struct Layout {
    path: PathBuf,
    open: Mutex<Option<Arc<Dir>>>,
    usable: AtomicBool,
    next: AtomicU64,
}

impl Layout {
    pub(in crate::store) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            open: Mutex::new(None),
            usable: AtomicBool::new(false),
            next: AtomicU64::new(0),
        }
    }

    /// The directory is there and ours.
    pub(in crate::store) fn usable(&self) -> bool {
        self.usable.load(Ordering::Relaxed)
    }

    /// The open directory.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub(in crate::store) fn dir(&self) -> io::Result<Arc<Dir>> {
        lock(&self.open).clone().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The open directory, if it is still the one at its path.
    ///
    /// # Errors
    /// `NotFound` if it was moved or removed.
    pub(in crate::store) fn dir_in_place(&self) -> io::Result<Arc<Dir>> {
        let dir = self.dir()?;
        if self.is_in_place(&dir) { Ok(dir) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Makes the directory and takes its lock. True: it was not ours before, so nothing is known
    /// of what is in it.
    ///
    /// # Errors
    /// What is there is not a cache of ours, or another process uses it; what the system says.
    pub(in crate::store) fn prepare(&self) -> io::Result<bool> {
        let mut open = lock(&self.open);
        if open.as_ref().is_some_and(|dir| self.is_whole(dir)) {
            self.usable.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        self.give_up(&mut open);
        let dir = Dir::open(&self.path)?;
        *open = Some(Arc::new(dir));
        self.usable.store(true, Ordering::Relaxed);
        Ok(true)
    }

    /// Is the directory still there as it was opened? When not, it is not used until the next
    /// [`Self::prepare`].
    pub(in crate::store) fn check(&self) -> bool {
        let mut open = lock(&self.open);
        let whole = open.as_ref().is_some_and(|dir| self.is_whole(dir));
        if !whole {
            self.give_up(&mut open);
        }
        whole
    }

    /// Leaves the directory to others.
    pub(in crate::store) fn release(&self) {
        self.give_up(&mut lock(&self.open));
    }

    fn give_up(&self, open: &mut Option<Arc<Dir>>) {
        self.usable.store(false, Ordering::Relaxed);
        if let Some(dir) = open.take() {
            // Closing would not do while a file is being written, or when a process was just forked
            // and holds it too.
            let _: rustix::io::Result<()> = flock(&dir.lock, FlockOperation::Unlock);
        }
    }

    fn is_in_place(&self, dir: &Dir) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == dir.identity)
    }

    fn is_whole(&self, dir: &Dir) -> bool {
        let is = |name, inode| dir.root.about(name).is_ok_and(|about| Some(about.st_ino) == inode);
        let inode_of = |folder: &Folder| folder.identity().ok().map(|(_, inode)| inode);
        self.is_in_place(dir)
            && is(LOCK, dir.lock.metadata().ok().map(|about| about.ino()))
            && is(ENTRIES, inode_of(&dir.entries))
            && is(TMP, inode_of(&dir.tmp))
    }

    /// A name in `tmp/` that no other file has.
    pub(in crate::store) fn tmp_name(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", std::process::id())
    }

    /// The path of a stored response, for messages.
    pub(in crate::store) fn shown(&self, slot: Slot) -> PathBuf {
        self.path.join(ENTRIES).join(slot.below())
    }

    /// Removes the file of a slot.
    pub(in crate::store) fn remove(&self, slot: Slot) -> io::Result<()> {
        self.dir()?.entries.remove(slot.below())
    }

    /// Waits until what was removed stays removed after a power failure.
    pub(in crate::store) fn sync(&self) -> io::Result<()> {
        self.dir().map_or(Ok(()), |dir| Ok(rustix::fs::syncfs(&dir.lock)?))
    }
}

impl Dir {
    /// Makes or opens the directory and takes its lock.
    pub(in crate::store) fn open(path: &Path) -> io::Result<Self> {
        let root = Folder::make(path)?;
        tag::claim(&root)?;
        // Held open for reading alone: a disk may be made read-only under it.
        root.file(LOCK, Access::Append)?;
        let lock = root.file(LOCK, Access::Read)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another process uses this cache directory",
            ),
            other => other.into(),
        })?;
        let (entries, tmp) = (root.folder(ENTRIES)?, root.folder(TMP)?);
        // What a process that was killed was writing.
        for unfinished in tmp.entries()? {
            let _: io::Result<()> = tmp.remove(unfinished.name);
        }
        let identity = root.identity()?;
        Ok(Self { root, entries, tmp, lock, identity })
    }
}
