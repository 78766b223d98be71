//! Whether new work is wanted here: for `/readyz`, status and metrics.

use std::sync::atomic::{AtomicBool, Ordering};

use tombolo_daemon::shutdown::Shutdown;

/// Whether the gateway takes new work.
pub(crate) struct Standing {
    /// An operator wants none.
    leaving: AtomicBool,
    /// The process is to end.
    shutdown: Shutdown,
}

impl Standing {
    pub(crate) fn new(shutdown: Shutdown) -> Self {
        Self { leaving: AtomicBool::new(false), shutdown }
    }

    /// New work should go elsewhere.
    pub(crate) fn is_draining(&self) -> bool {
        self.leaving.load(Ordering::Relaxed) || self.shutdown.is_draining()
    }

    /// An operator wants no new work here.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// New work should go elsewhere, or may come again. It cannot when the process is ending.
    pub(super) fn leave(&self, leaving: bool) {
        self.leaving.store(leaving, Ordering::Relaxed);
    }
}
