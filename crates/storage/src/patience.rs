//! Patience with a database that is starting or busy: less and less often, until time is up.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::limits;

/// The tries of one piece of work.
pub(crate) struct Patience {
    end: Instant,
    pause: Duration,
}

impl Patience {
    /// Patience for this long from now on.
    pub(crate) fn of(limit: Duration) -> Self {
        Self { end: Instant::now() + limit, pause: limits::RETRY_PAUSE }
    }

    /// After an error: pauses and says true when it is worth another try.
    pub(crate) async fn again(&mut self, error: &Error) -> bool {
        if !error.is_passing() || Instant::now() + self.pause >= self.end {
            return false;
        }
        tracing::debug!(%error, pause = ?self.pause, "trying again");
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(limits::RETRY_PAUSE_MAX);
        true
    }
}
