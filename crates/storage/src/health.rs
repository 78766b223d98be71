//! Whether a database can be read and written now, found out by doing it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::query::Query;

/// Below so many bytes on the disk nothing is said to be storable unless a commit shows otherwise.
pub(crate) const SCARCE_BYTES: u64 = 128 * 1024;

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
    /// The tables or the database are gone: see [`Error::is_gone`].
    pub gone: Option<Arc<Error>>,
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

/// Bytes that this user can still write where `path` lies.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(path).ok()?;
    found.blocks_available().checked_mul(found.fragment_size())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).is_some_and(|bytes| bytes > 0));
        assert_eq!(free_bytes(&folder.path().join("x")), None);
    }
}
