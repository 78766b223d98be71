//! What became of the lines for one destination. Owns the counts; every line offered ends in
//! exactly one of them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of lines, written by lanes (a chunk at a time) and by the destination's thread.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Taken into the queue.
    queued: AtomicU64,
    /// Refused because the queue was full.
    overflowed: AtomicU64,
    /// Written whole.
    written: AtomicU64,
    /// Taken from the queue and not written: the disk was full, say.
    failed: AtomicU64,
}

impl Tally {
    pub(super) fn add_queued(&self, lines: u64) {
        self.queued.fetch_add(lines, Relaxed);
    }

    /// For a chunk that was counted and then not taken after all.
    pub(super) fn take_back_queued(&self, lines: u64) {
        self.queued.fetch_sub(lines, Relaxed);
    }

    pub(super) fn add_overflowed(&self, lines: u64) {
        self.overflowed.fetch_add(lines, Relaxed);
    }

    pub(super) fn add_written(&self, lines: u64) {
        self.written.fetch_add(lines, Relaxed);
    }

    pub(super) fn add_failed(&self, lines: u64) {
        self.failed.fetch_add(lines, Relaxed);
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.overflowed.load(Relaxed) + self.failed.load(Relaxed)
    }

    /// Lines taken into the queue of which nothing more is known.
    pub(super) fn unwritten(&self) -> u64 {
        let settled = self.written() + self.failed.load(Relaxed);
        self.queued.load(Relaxed).saturating_sub(settled)
    }
}
