//! Whether a database can be read and written now, found out by doing it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Fault};
use crate::query::Query;

/// Below so many bytes on the disk nothing is said to be storable unless a commit shows otherwise.
pub(crate) const SCARCE_BYTES: u64 = 128 * 1024;

/// An answer serves all who ask within this time.
pub(crate) const FRESH_TIME: Duration = Duration::from_millis(200);

/// What a service does to find out: something as near to its real work as is harmless.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Reads from the tables that matter.
    pub read: &'static str,
    /// Writes without a change: `UPDATE t SET x = x WHERE …`, in as few rows as possible.
    pub write: &'static str,
}

impl Probe {
    pub(crate) fn reading(&self) -> Query {
        Query::new(self.read)
    }

    pub(crate) fn writing(&self) -> Query {
        Query::new(self.write)
    }
}

/// Whether a database can be used.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whether it can be read.
    pub reads: Condition,
    /// Whether it can be written.
    pub writes: Condition,
    /// The server has another history than the one that was settled.
    pub is_other_history: bool,
    /// Bytes that are free where a SQLite database lies.
    pub free_bytes: Option<u64>,
    /// Bytes of SQLite's write-ahead log.
    pub log_bytes: Option<u64>,
}

/// One half of it.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// Why it does not work; None when it does.
    pub fault: Option<String>,
    /// How long ago real work of this kind last succeeded; None when it never did.
    pub age: Option<Duration>,
}

impl Condition {
    /// Whether it works.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.fault.is_none()
    }
}

/// What became of real work, written by whoever did it: two stores, no lock.
#[derive(Debug)]
pub(crate) struct Outcomes {
    begun: Instant,
    /// Milliseconds since `begun`, plus one; 0 for never.
    succeeded: AtomicU64,
    has_failed: AtomicBool,
}

impl Outcomes {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            succeeded: AtomicU64::new(0),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Notes what became of a piece of work. A fault of the program's own says nothing about the
    /// database.
    pub(crate) fn note<T>(&self, done: &Result<T, Error>) {
        match done {
            Ok(_) => {
                let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.succeeded.store(millis.saturating_add(1), Ordering::Relaxed);
                self.has_failed.store(false, Ordering::Relaxed);
            }
            Err(error) if error.fault() != Fault::Program => {
                self.has_failed.store(true, Ordering::Relaxed);
            }
            Err(_) => {}
        }
    }

    /// Whether the last piece of work failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// How long ago work last succeeded.
    pub(crate) fn age(&self) -> Option<Duration> {
        let millis = self.succeeded.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.begun.elapsed().saturating_sub(Duration::from_millis(millis)))
    }
}

/// Bytes that this user can still write where `path` lies.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(path).ok()?;
    found.blocks_available().checked_mul(found.fragment_size())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_outcome_counts() {
        let outcomes = Outcomes::new();
        assert_eq!((outcomes.has_failed(), outcomes.age()), (false, None));
        outcomes.note::<()>(&Err(Error::NoConnection));
        assert!(outcomes.has_failed());
        outcomes.note::<()>(&Ok(()));
        assert!(!outcomes.has_failed() && outcomes.age().is_some());
        outcomes.note::<()>(&Err(Error::Program { words: "x" }));
        assert!(!outcomes.has_failed(), "a fault of ours is none of the database's");
    }

    #[test]
    fn there_is_room_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).is_some_and(|bytes| bytes > 0));
        assert_eq!(free_bytes(&folder.path().join("x")), None);
    }
}
