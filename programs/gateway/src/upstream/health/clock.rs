//! Time as the pure parts want it: since a moment that is the same for the whole process, so that
//! what is known of a server can go from one snapshot to the next.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Time since this was first asked.
pub(crate) fn now() -> Duration {
    BEGAN.elapsed()
}
