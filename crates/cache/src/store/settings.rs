//! What an operator sets, and every limit that is not set: all bounds of the store in one place.

use std::path::PathBuf;
use std::time::Duration;

/// What the store is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the files lie. Made when missing, with its parents.
    pub dir: PathBuf,
    /// Most bytes of files, unfinished ones included, each rounded up to [`FILE_UNIT`].
    pub max_size: u64,
    /// Most bytes of objects held in memory, each with [`OBJECT_OVERHEAD`].
    pub memory: u64,
    /// Objects with a body of at most so many bytes are held in memory.
    pub hot_object: u64,
    /// A body longer than this is not stored. In bytes.
    pub max_object: u64,
    /// Threads that read and write files.
    pub io_threads: usize,
}

impl Settings {
    /// The defaults for a directory: 1 GiB of files of which one takes an eighth at most, 128 MiB
    /// of memory for objects up to 64 KiB, four threads.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            max_size: 1 << 30,
            memory: 128 << 20,
            hot_object: 64 << 10,
            max_object: 1 << 27,
            io_threads: 4,
        }
    }

    /// Sets the most bytes of files, and of one body to an eighth of it.
    #[must_use]
    pub const fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self.max_object = bytes / 8;
        self
    }

    /// Sets the most bytes held in memory.
    #[must_use]
    pub const fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }
}

/// A file counts as a multiple of this: what file systems hand out. In bytes.
pub const FILE_UNIT: u64 = 4096;
/// What an object in memory counts beside its bytes: its part of the map, the queue and the
/// allocator's slack.
pub const OBJECT_OVERHEAD: u64 = 320;
/// What an open file counts in memory, which bounds how many are kept open: the memory limit
/// divided by this.
pub(crate) const OPEN_FILE: u64 = 256 << 10;
/// Bytes of a body under one checksum.
pub const BLOCK: usize = 64 << 10;
/// A body whose length is known to be at least this begins at a multiple of [`BLOCK`] in its file. In
/// bytes.
pub(crate) const ALIGNED_FROM: u64 = 512 << 10;
/// Longest key, variant, list of tags and metadata of a response. In bytes.
pub const MAX_FIELD: usize = 64 << 10;
/// Longest head of a response. In bytes.
pub const MAX_HEAD: usize = 256 << 10;
/// A file up to this length is checked whole before it counts as a hit the first time; a longer
/// one is checked block by block ahead of being sent. In bytes.
pub(crate) const CHECKED_WHOLE: u64 = 16 << 20;
/// Look-ups that may wait for a thread; one more is a miss.
pub(crate) const QUEUED_LOOKUPS: usize = 4096;
/// Fills at one time, those included that are complete and wait for the disk; one more is not
/// stored.
pub(crate) const FILLS: usize = 65_536;
/// A fill whose head has not come for so long is not joined any more: the next who asks begins one.
pub(crate) const LATE: Duration = Duration::from_millis(4500);
/// Bytes of one fill that are not yet in its file; [`Filling::room`] waits beyond it.
///
/// [`Filling::room`]: super::Filling::room
pub(crate) const UNWRITTEN: u64 = 512 << 10;
/// The same when all fills together hold more than [`UNWRITTEN_TOTAL`].
pub(crate) const UNWRITTEN_SCARCE: u64 = 64 << 10;
/// Bytes of all fills that are not yet in files, from which on each gets less.
pub(crate) const UNWRITTEN_TOTAL: u64 = 256 << 20;
/// The same, from which on nothing more is stored until some is written.
pub(crate) const UNWRITTEN_MOST: u64 = 512 << 20;
/// A fill is written out in pieces of about this many bytes.
pub(crate) const WRITE_PIECE: u64 = 128 << 10;
/// Bytes of a fill that stay in memory for its readers after they are in the file.
pub(crate) const KEPT_WRITTEN: u64 = 256 << 10;
/// Most bytes of one read from a file.
pub(crate) const READ_PIECE: u64 = 256 << 10;
/// Keys whose answers were not shared, remembered per shard so that nobody waits for the next: 1.5
/// MiB in all shards.
pub(crate) const NOT_STORABLE: usize = 1024;
/// How long that is remembered.
pub(crate) const NOT_STORABLE_FOR: Duration = Duration::from_secs(60);
/// How long it is remembered that the upstream failed.
pub(crate) const UPSTREAM_FAILED_FOR: Duration = Duration::from_secs(10);
/// Fills stored last, remembered per shard for those who looked just before.
pub(crate) const STORED_LAST: usize = 128;
/// Lists of field names under which one key has variants; the oldest goes.
pub const VARY_LISTS: usize = 8;
/// Purges of one key, by tag and by prefix that have not been worked off.
pub(crate) const KEY_PURGES: usize = 262_144;
/// Of them, purges of one key that requests of clients cause: the rest is the operator's.
pub(crate) const CLIENT_KEY_PURGES: usize = 16_384;
/// Purges by prefix that requests of clients cause.
pub(crate) const CLIENT_PREFIX_PURGES: usize = 256;
/// Purges that one client causes within [`CLIENT_WINDOW`] before its further ones are doubts.
pub(crate) const CLIENT_OWN_PURGES: u32 = 4096;
/// The same for purges by prefix.
pub(crate) const CLIENT_OWN_PREFIXES: u32 = 16;
/// How long a client's purges are counted: as long as a purge is kept at least.
pub(crate) const CLIENT_WINDOW: Duration = Duration::from_secs(15);
/// Clients whose purges are counted at one time.
pub(crate) const CLIENT_SHARES: usize = 1024;
/// Stamps of keys that were purged when there was no place.
pub(crate) const DOUBTS: usize = 8192;
/// Stamps of hosts and first segments of paths below which a prefix was purged when there was no
/// place.
pub(crate) const SCOPE_DOUBTS: usize = 65_536;
/// Bytes of the log of purges from which on it is written anew, unless that much is in force.
pub(crate) const PURGE_LOG: u64 = 768 << 10;
/// Tags to purge at one time.
pub(crate) const TAG_PURGES: usize = 16_384;
/// Prefixes to purge at one time; each is compared at a look-up.
pub(crate) const PREFIX_PURGES: usize = 1024;
/// First and longest wait before a disk that failed is tried again.
pub(crate) const RETRY_AFTER: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(10));
/// A disk that failed is told of until it has worked for so long.
pub(crate) const STEADY: Duration = Duration::from_secs(3);
/// A disk operation that takes longer counts as failed, and those who wait for it are released.
pub(crate) const STALLED: Duration = Duration::from_secs(5);
/// Entries whose use is written to disk, per shard and round of upkeep; others are forgotten.
pub(crate) const USED_NOTES: usize = 4096;
/// Time between two rounds of upkeep.
pub(crate) const UPKEEP: Duration = Duration::from_secs(5);
