//! One process as the supervisor sees it: its state, and what is remembered over its restarts.

use std::time::Duration;

use super::backoff::Backoff;
use super::vocabulary::Process;

/// One process, over all its runs.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) process: Process,
    pub(super) state: State,
    pub(super) run: u32,
    pub(super) backoff: Backoff,
    /// Failures before it was ever ready; of no interest afterwards.
    pub(super) failed_starts: u32,
    /// Those of them in which it ended by itself.
    pub(super) declined_starts: u32,
    pub(super) ever_ready: bool,
    pub(super) died: Option<Duration>,
}

/// Where a process is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// The tiers below are not ready yet.
    Waiting,
    /// Dead; to be started at this time.
    Resting { until: Duration },
    /// Running; must serve by this time.
    Starting { by: Duration },
    /// Serves since this time.
    Ready { since: Duration },
    /// Killed because it did not become ready.
    Failing,
    /// Asked to end.
    Stopping,
    /// Killed in the course of the end.
    Killed,
    /// Gone for good.
    Gone,
}

impl Slot {
    pub(super) fn new(process: Process) -> Self {
        Slot {
            process,
            state: State::Waiting,
            run: 0,
            backoff: Backoff::default(),
            failed_starts: 0,
            declined_starts: 0,
            ever_ready: false,
            died: None,
        }
    }

    /// Whether a process of it is there, as far as is known.
    pub(super) fn has_process(&self) -> bool {
        !matches!(self.state, State::Waiting | State::Resting { .. } | State::Gone)
    }
}
