//! A number that one thread writes and any other reads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A counter with a single writer: adding is a load and a store, no locked instruction. Two writers
/// would lose counts, nothing worse.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(super) fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
