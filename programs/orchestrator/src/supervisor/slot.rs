//! One process as the supervisor sees it: its state, and what is remembered over its restarts.

use std::time::Duration;

use super::backoff::Backoff;
use super::vocabulary::{Exit, Process, Standing};

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
    /// Deaths in a row, with no steady service between them.
    pub(super) deaths: u32,
    /// Deaths of all its life.
    pub(super) restarts: u32,
    /// How it ended last, and when.
    pub(super) last_exit: Option<(Duration, Exit)>,
    /// When its standing last changed.
    pub(super) since: Duration,
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
    /// Asked to end, alone; killed at this time, unless that has been done.
    Retiring { by: Option<Duration> },
    /// Not there and not wanted.
    Retired,
    /// Died too often; not there.
    Failed,
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
            deaths: 0,
            restarts: 0,
            last_exit: None,
            since: Duration::ZERO,
        }
    }

    /// What others are told of its state.
    pub(super) fn standing(&self) -> Standing {
        match self.state {
            State::Waiting => Standing::Waiting,
            State::Resting { .. } => Standing::Resting,
            State::Starting { .. } => Standing::Starting,
            State::Ready { .. } => Standing::Up,
            State::Failed => Standing::Failed,
            State::Retired | State::Gone => Standing::Retired,
            State::Failing | State::Retiring { .. } | State::Stopping | State::Killed => {
                Standing::Stopping
            }
        }
    }

    /// Forgets what happened before, as for a process that has never run.
    pub(super) fn begin_anew(&mut self) {
        self.backoff.reset();
        (self.failed_starts, self.declined_starts, self.deaths) = (0, 0, 0);
        (self.ever_ready, self.died) = (false, None);
    }

    /// Whether a process of it is there, as far as is known.
    pub(super) fn has_process(&self) -> bool {
        !matches!(
            self.state,
            State::Waiting | State::Resting { .. } | State::Retired | State::Failed | State::Gone
        )
    }
}
