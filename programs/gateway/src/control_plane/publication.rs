//! The snapshot in force, for all threads: changed by the control plane alone, as a whole.
//!
//! A data-plane thread keeps a pointer of its own and compares a number before each exchange: one
//! load of a line that is written at a reload and never else. An exchange keeps the snapshot that
//! it began with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::Snapshot;

/// What is in force, and its number.
pub(crate) struct Publication {
    generation: AtomicU64,
    current: ArcSwap<Snapshot>,
}

impl Publication {
    pub(crate) fn new(snapshot: Snapshot) -> Arc<Self> {
        let current = ArcSwap::from_pointee(snapshot);
        Arc::new(Self { generation: AtomicU64::new(1), current })
    }

    /// The number of the snapshot in force, which may be one behind. Fit for the request path.
    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// The snapshot in force.
    pub(crate) fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// The snapshot in force, and a number that is not ahead of it.
    pub(crate) fn numbered(&self) -> (u64, Arc<Snapshot>) {
        // Whoever sees the number sees the snapshot, which was stored before.
        let generation = self.generation.load(Ordering::Acquire);
        (generation, self.current())
    }

    /// Puts a snapshot in force. Each thread takes it up before its next exchange, or within a
    /// tick.
    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>) {
        self.current.store(snapshot);
        self.generation.fetch_add(1, Ordering::Release);
    }
}
