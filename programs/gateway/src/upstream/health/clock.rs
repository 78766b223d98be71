//! Time as the pure parts want it: since a moment that is the same for the whole process, so that
//! what is known of a server can go from one snapshot to the next.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How far moments of before the process can be told: what is remembered of a server may have
/// happened then.
const PAST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Time since this process began.
pub(crate) fn since_start() -> Duration {
    BEGAN.elapsed()
}

/// Milliseconds since this process began.
pub(crate) fn millis_since_start() -> u64 {
    u64::try_from(since_start().as_millis()).unwrap_or(u64::MAX)
}

/// Time since a moment that lies well before this process began.
pub(super) fn now() -> Duration {
    PAST + since_start()
}
