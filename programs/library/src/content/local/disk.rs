//! The calls of the system that files need, behind a trait: tests put a disk in its place that
//! forgets what was not synced.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use rustix::fs::{FallocateFlags, FlockOperation};
use rustix::io::Errno;
use tombolo_files::{Access, Folder};

/// What a disk does. Paths are relative to the folder of the library's content.
pub(crate) trait Disk: Debug + Send + Sync + 'static {
    /// An open file.
    type File: Debug + Send + Sync + 'static;

    /// Makes a file that must not be there.
    fn create(&self, path: &str) -> io::Result<Self::File>;
    /// Opens a file that must be there for reading and writing.
    fn open(&self, path: &str) -> io::Result<Self::File>;
    /// Reserves room for so many bytes without a change of the file's length.
    fn allocate(&self, file: &Self::File, bytes: u64) -> io::Result<()>;
    /// How long a file is.
    fn length(&self, file: &Self::File) -> io::Result<u64>;
    /// Cuts or fills a file to a length.
    fn set_length(&self, file: &Self::File, length: u64) -> io::Result<()>;
    /// Writes all bytes at a position.
    fn write_at(&self, file: &Self::File, bytes: &[Bytes], at: u64) -> io::Result<()>;
    /// Reads some bytes at a position; 0 at the end.
    fn read_at(&self, file: &Self::File, bytes: &mut [u8], at: u64) -> io::Result<usize>;
    /// Waits until a file's bytes and its length are on the medium.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    /// Locks a file against other writers; false if one of them has it.
    fn lock(&self, file: &Self::File) -> io::Result<bool>;
    /// Whether a path still names this file.
    fn is_at(&self, file: &Self::File, path: &str) -> io::Result<bool>;
    /// Makes a folder; no error if it is there.
    fn make_folder(&self, path: &str) -> io::Result<()>;
    /// Waits until the names in a folder are on the medium; "" is the content's folder itself.
    fn sync_folder(&self, path: &str) -> io::Result<()>;
    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Names in a folder with the time of each one's last change.
    fn list(&self, folder: &str) -> io::Result<Vec<(String, SystemTime)>>;
}

/// A folder of the system's.
#[derive(Debug)]
pub(crate) struct SystemDisk {
    root: Folder,
}

impl SystemDisk {
    /// Opens or makes the folder.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { root: Folder::make(path)? })
    }
}

impl Disk for SystemDisk {
    type File = File;

    fn create(&self, path: &str) -> io::Result<File> {
        self.root.file(path, Access::New)
    }

    fn open(&self, path: &str) -> io::Result<File> {
        self.root.file(path, Access::Write)
    }

    fn allocate(&self, file: &File, bytes: u64) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        loop {
            match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
                // A file system without this call is not full (ZFS, some network file systems).
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
                Err(Errno::INTR) => {}
                done => return Ok(done?),
            }
        }
    }

    fn length(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn set_length(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn write_at(&self, file: &File, bytes: &[Bytes], mut at: u64) -> io::Result<()> {
        for piece in bytes {
            file.write_all_at(piece, at)?;
            at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn read_at(&self, file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        loop {
            match file.read_at(bytes, at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        // fdatasync: the length is part of what is needed to read the bytes (fdatasync(2)).
        file.sync_data()
    }

    fn lock(&self, file: &File) -> io::Result<bool> {
        match rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn is_at(&self, file: &File, path: &str) -> io::Result<bool> {
        let about = file.metadata()?;
        match self.root.about(path) {
            Ok(named) => Ok((named.st_dev, named.st_ino) == (about.dev(), about.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        self.root.make_all(path)
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        if path.is_empty() { self.root.sync() } else { self.root.below(path)?.sync() }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.root.rename(from, &self.root, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.root.remove(path)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, SystemTime)>> {
        let folder = self.root.below(folder)?;
        let mut names = Vec::new();
        for entry in folder.entries()? {
            let Ok(name) = entry.name.into_string() else { continue };
            let Ok(about) = folder.about(&name) else { continue };
            let seconds = u64::try_from(about.st_mtime).unwrap_or(0);
            let changed = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            names.push((name, changed));
        }
        Ok(names)
    }
}
