//! The record next to a SQLite database (`DATABASE-identity`): which three files belong together.
//!
//! SQLite itself pairs a write-ahead log with a database by name alone, so that a log left by a
//! crash is replayed into whatever file was put in the database's place since.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use tokio::time::{Instant, sleep};

use super::file_identity::FileIdentity;

const TITLE: &str = "tombolo database files 1";

/// Bytes of the file. Below a disk's sector, and always written whole: either all of a write is
/// there after a power failure, or nothing of it.
const BYTES: usize = 400;

/// Between two tries for the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Which files belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The database.
    pub(crate) database: FileIdentity,
    /// Its write-ahead log; None while nothing has the database open.
    pub(crate) log: Option<FileIdentity>,
    /// The index of the log, which holds the locks.
    pub(crate) index: Option<FileIdentity>,
    /// The number that the database's header holds (`application_id`).
    pub(crate) id: u32,
}

impl Record {
    /// Reads a record; None for what is none, or was damaged.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes.get(..BYTES)?).ok()?;
        let (content, sum) = text.trim_end().rsplit_once("sum ")?;
        if blake3::hash(content.as_bytes()).to_hex().as_str() != sum {
            return None;
        }
        let mut lines = content.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        (field("tombolo")? == TITLE.strip_prefix("tombolo ")?).then_some(())?;
        let file = |text: &str| match text {
            "none" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let record = Self {
            database: field("database")?.parse().ok()?,
            log: file(field("log")?)?,
            index: file(field("index")?)?,
            id: u32::from_str_radix(field("id")?, 16).ok()?,
        };
        lines.next().is_none().then_some(record)
    }

    /// The record as bytes, always the same number of them.
    pub(crate) fn write(&self) -> Vec<u8> {
        let file = |file: Option<FileIdentity>| {
            file.map_or_else(|| "none".to_owned(), |file| file.to_string())
        };
        let (log, index) = (file(self.log), file(self.index));
        let Self { database, id, .. } = self;
        let content =
            format!("{TITLE}\ndatabase {database}\nlog {log}\nindex {index}\nid {id:08x}\n");
        let sum = blake3::hash(content.as_bytes()).to_hex();
        format!("{:width$}\n", format!("{content}sum {sum}"), width = BYTES - 1).into_bytes()
    }
}

/// The record's file, locked against other starters until it is dropped.
#[derive(Debug)]
pub(crate) struct RecordFile {
    file: File,
}

impl RecordFile {
    /// Opens it, makes it if it is missing, and waits for others who hold it, up to `limit`.
    pub(crate) async fn lock(path: &Path, limit: Duration) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        // Whoever owns the folder may not have root open, and give away, a file of elsewhere.
        options.custom_flags(OFlag::O_NOFOLLOW.bits());
        let file = options.open(path)?;
        let end = Instant::now() + limit;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(LOCK_PAUSE).await,
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Gives it to the owner of the database: a backup made by root must not keep its replicas out.
    pub(crate) fn give_to_owner_of(&self, database: &Path) -> io::Result<()> {
        let (wanted, own) = (std::fs::metadata(database)?, self.file.metadata()?);
        let is_theirs = (wanted.uid(), wanted.gid()) == (own.uid(), own.gid());
        if is_theirs || !geteuid().is_root() {
            return Ok(());
        }
        fchown(&self.file, Some(wanted.uid()), Some(wanted.gid()))
    }

    /// What it says; None when it is new or damaged.
    pub(crate) fn read(&mut self) -> io::Result<Option<Record>> {
        let mut bytes = Vec::with_capacity(BYTES);
        self.file.rewind()?;
        (&self.file).take(BYTES as u64).read_to_end(&mut bytes)?;
        Ok(Record::read(&bytes))
    }

    /// Writes it to the disk.
    pub(crate) fn write(&mut self, record: &Record) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(&record.write())?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(inodes: (u64, Option<u64>), id: u32) -> Record {
        let file = |inode: u64| format!("{inode} {} {}", u64::MAX, u64::MAX).parse().unwrap();
        let other = inodes.1.map(file);
        Record { database: file(inodes.0), log: other, index: other, id }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(a: u64, b in proptest::option::of(any::<u64>()), id: u32) {
            let record = record((a, b), id);
            let bytes = record.write();
            prop_assert_eq!(bytes.len(), BYTES);
            prop_assert_eq!(Record::read(&bytes), Some(record));
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            prop_assert_eq!(Record::read(&bytes), None);
        }

        #[test]
        fn a_flipped_bit_is_noticed(at in 0..150usize, bit in 0..8u32) {
            let mut bytes = record((5, Some(6)), 7).write();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Record::read(&bytes), None);
        }
    }

    #[tokio::test]
    async fn the_file_belongs_to_the_owner_of_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("t.db");
        std::fs::write(&database, "").unwrap();
        if geteuid().is_root() {
            std::os::unix::fs::chown(&database, Some(65534), Some(65534)).unwrap();
        }
        let path = folder.path().join("t.db-identity");
        let file = RecordFile::lock(&path, Duration::from_secs(1)).await.unwrap();
        file.give_to_owner_of(&database).unwrap();
        let owner = |path| std::fs::metadata(path).unwrap().uid();
        assert_eq!(owner(&path), owner(&database));
    }

    #[tokio::test]
    async fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("t.db-identity"), folder.path().join("other"));
        std::fs::write(&elsewhere, "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(RecordFile::lock(&path, Duration::ZERO).await.is_err());
    }

    #[tokio::test]
    async fn the_file_is_one_starters_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db-identity");
        let short = Duration::from_millis(20);
        let mut file = RecordFile::lock(&path, short).await.unwrap();
        assert_eq!(file.read().unwrap(), None);
        file.write(&record((1, None), 2)).unwrap();
        let refused = RecordFile::lock(&path, short).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(file);
        let mut file = RecordFile::lock(&path, short).await.unwrap();
        assert_eq!(file.read().unwrap(), Some(record((1, None), 2)));
    }
}
