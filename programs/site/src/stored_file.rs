//! An open regular file and the state it was found in.
//!
//! A file may be overwritten, cut or replaced while it is served. Its [`Stamp`] tells: what is
//! read is checked against the stamp, and a difference is an error, never a mixed answer.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::limits;

/// What tells two states of a file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    /// Nanoseconds since 1970; before it, 0.
    pub(crate) modified_nanos: u64,
    /// Likewise, of the inode itself: also moves when the file is renamed or linked.
    pub(crate) changed_nanos: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_nanos: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed_nanos: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the content is the same as far as the file system can tell. The inode's own time
    /// does not count: a file replaced by another keeps its content for those who have it open.
    fn same_content(&self, other: &Self) -> bool {
        self.size == other.size && self.modified_nanos == other.modified_nanos
    }

    /// Time of the last change of content.
    pub(crate) fn modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.modified_nanos)
    }

    /// Whether the last change is so long ago that another one would be sure to move a time
    /// stamp, however coarse the file system's clock. The inode's own time decides: nobody can
    /// set it back, and every write moves it.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let last = SystemTime::UNIX_EPOCH + Duration::from_nanos(self.changed_nanos);
        now.duration_since(last).is_ok_and(|age| age >= Duration::from_secs(2))
    }
}

fn nanos(seconds: i64, nanos: i64) -> u64 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(nanos).unwrap_or(0))
}

/// A regular file, open for reading.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    file: Arc<File>,
    stamp: Stamp,
}

/// What stands under a name.
#[derive(Debug)]
pub(crate) enum Found {
    File(StoredFile),
    Folder,
    /// A device, socket or FIFO: not ours to serve.
    Special,
}

impl StoredFile {
    /// Looks at what was opened.
    pub(crate) fn examine(file: File) -> io::Result<Found> {
        let metadata = file.metadata()?;
        Ok(if metadata.is_dir() {
            Found::Folder
        } else if metadata.is_file() {
            Found::File(Self { file: Arc::new(file), stamp: Stamp::of(&metadata) })
        } else {
            Found::Special
        })
    }

    /// The state in which the file was found.
    pub(crate) fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Reads exactly `length` bytes at `offset`; blocks.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file has become shorter.
    pub(crate) fn read(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, offset)?;
        Ok(buffer.into())
    }

    /// Fails when the content is no longer the one that was found; blocks.
    pub(crate) fn check_unchanged(&self) -> io::Result<()> {
        if self.stamp.same_content(&Stamp::of(&self.file.metadata()?)) {
            Ok(())
        } else {
            Err(io::Error::other("the file changed while it was read"))
        }
    }

    /// Runs `read` until the file holds still meanwhile, at most [`limits::READ_ATTEMPTS`] times,
    /// looking at its state anew before each further attempt; blocks. The last result comes with
    /// whether the file did hold still.
    pub(crate) fn read_steadily<T>(
        &mut self,
        mut read: impl FnMut(&Self) -> io::Result<T>,
    ) -> io::Result<(T, bool)> {
        let mut attempts = 0;
        loop {
            let result = read(self);
            let steady = self.check_unchanged().is_ok();
            attempts += 1;
            if (result.is_ok() && steady) || attempts == limits::READ_ATTEMPTS {
                return result.map(|value| (value, steady));
            }
            self.stamp = Stamp::of(&self.file.metadata()?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn stored(path: &std::path::Path) -> StoredFile {
        match StoredFile::examine(File::open(path).unwrap()).unwrap() {
            Found::File(file) => file,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_while_reading_is_noticed_and_read_again() {
        let mut on_disk = tempfile::NamedTempFile::new().unwrap();
        on_disk.write_all(b"first").unwrap();
        let mut file = stored(on_disk.path());
        let mut reads = 0;
        let content = file.read_steadily(|file| {
            reads += 1;
            let content = file.read(0, usize::try_from(file.stamp().size).unwrap());
            if reads == 1 {
                on_disk.write_all(b" and second").unwrap();
            }
            content
        });
        let (content, steady) = content.unwrap();
        assert_eq!((content.as_ref(), steady, reads), (b"first and second".as_slice(), true, 2));
    }

    #[test]
    fn a_file_cut_short_is_an_error() {
        let on_disk = tempfile::NamedTempFile::new().unwrap();
        on_disk.as_file().set_len(100).unwrap();
        let file = stored(on_disk.path());
        on_disk.as_file().set_len(10).unwrap();
        assert_eq!(file.read(0, 100).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(file.check_unchanged().is_err());
    }

    #[test]
    fn replacing_a_file_leaves_the_open_one_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::write(&old, "old").unwrap();
        std::fs::write(&new, "newer").unwrap();
        let file = stored(&old);
        std::fs::rename(&new, &old).unwrap();
        assert!(file.check_unchanged().is_ok());
        assert_eq!(file.read(0, 3).unwrap(), "old");
    }
}
