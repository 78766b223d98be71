//! What happened, counted; and what is told about the store.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use super::health::Trouble;

/// Threads that count at one time mostly have a row of their own.
const ROWS: usize = 16;

/// A thing that is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(super) enum Count {
    MemoryHits,
    DiskHits,
    Misses,
    Stores,
    Evictions,
    Corrupt,
    Errors,
    Overloads,
    Joined,
    Purged,
}

const COUNTS: usize = 10;

#[derive(Default)]
#[repr(align(128))]
struct Row([AtomicU64; COUNTS]);

/// Counters that many threads add to without waiting for each other.
#[derive(Default)]
pub(super) struct Counters([Row; ROWS]);

fn own_row() -> usize {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        #[allow(clippy::cast_possible_truncation)]
        static ROW: usize = NEXT.fetch_add(1, Relaxed) as usize % ROWS;
    }
    ROW.with(|row| *row)
}

impl Counters {
    pub(super) fn add(&self, what: Count) {
        if let Some(count) = self.0.get(own_row()).and_then(|row| row.0.get(what as usize)) {
            count.fetch_add(1, Relaxed);
        }
    }

    fn sum(&self, what: Count) -> u64 {
        self.0.iter().filter_map(|row| row.0.get(what as usize)).map(|n| n.load(Relaxed)).sum()
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            memory_hits: self.sum(Count::MemoryHits),
            disk_hits: self.sum(Count::DiskHits),
            misses: self.sum(Count::Misses),
            stores: self.sum(Count::Stores),
            evictions: self.sum(Count::Evictions),
            corrupt: self.sum(Count::Corrupt),
            errors: self.sum(Count::Errors),
            overloads: self.sum(Count::Overloads),
            joined: self.sum(Count::Joined),
            purged: self.sum(Count::Purged),
        }
    }
}

/// What happened since the store was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Look-ups answered from memory.
    pub memory_hits: u64,
    /// Look-ups answered from a file.
    pub disk_hits: u64,
    /// Look-ups that found nothing.
    pub misses: u64,
    /// Responses stored.
    pub stores: u64,
    /// Responses removed to make room.
    pub evictions: u64,
    /// Files that were not what was written; each was removed and not answered with.
    pub corrupt: u64,
    /// Disk operations that failed.
    pub errors: u64,
    /// Look-ups and fills that were turned away at a limit of this store.
    pub overloads: u64,
    /// Requests that joined the fill of another.
    pub joined: u64,
    /// Responses removed by a purge.
    pub purged: u64,
}

/// The state of the store.
#[derive(Clone, Debug)]
pub struct Status {
    /// What happened since it was opened.
    pub totals: Totals,
    /// Responses on disk, as far as they are counted.
    pub objects: u64,
    /// Their bytes, in units of the file system, with those of unfinished files.
    pub bytes: u64,
    /// The most there may be.
    pub max_bytes: u64,
    /// Objects in memory.
    pub hot_objects: u64,
    /// Bytes they take.
    pub hot_bytes: u64,
    /// Fills under way.
    pub fills: u64,
    /// Their bytes that are in memory alone.
    pub unwritten: u64,
    /// It has not yet counted everything it holds.
    pub counting: bool,
    /// Purges not yet worked off; they hold already.
    pub purges: u64,
    /// Bytes of memory that counting and eviction take.
    pub index_memory: u64,
    /// Files cannot be read.
    pub reading: Option<Trouble>,
    /// Files cannot be written.
    pub writing: Option<Trouble>,
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
