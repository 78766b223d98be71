//! What goes into the supervisor and what comes out of it: plan, events, actions, notices.
//!
//! Plain values without behaviour of their own, apart from saying in words how a process ended.

use std::fmt;
use std::time::Duration;

/// Index of a process in the plan; the same over all its restarts.
pub(crate) type Id = usize;

/// One process to keep alive.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    /// Lower tiers are started first and stopped last: what others depend on is at the bottom.
    pub(crate) tier: u8,
    /// It is left alone once it has died too often; others can do its work.
    pub(crate) expendable: bool,
}

/// The supervisor's limits of time and of patience.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// How often a process may fail before it was ever ready; then the whole start has failed.
    pub(crate) start_attempts: u32,
    /// The same for starts in which it ended by itself: it had its reasons, and they mostly stay.
    pub(crate) declined_starts: u32,
    /// From start to readiness; a process that takes longer is killed and counts as failed.
    pub(crate) start: Duration,
    /// Deaths in a row after which an expendable process is left alone; 0: never.
    pub(crate) give_up_after: u32,
    /// For the whole drain, all tiers together; and for one process that is to end by itself.
    pub(crate) drain: Duration,
    /// What a tier has beyond the drain deadline, so that a process whose own deadline is the same
    /// can end by itself, and what a killed process has to vanish.
    pub(crate) grace: Duration,
    /// Readiness of this length shows that a process can live: earlier deaths are forgotten.
    pub(crate) steady: Duration,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It ended by itself with this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// It could not be started, or its end could not be learnt.
    Lost(String),
    /// It ended by itself because somebody else was quicker to take its port, and it may take
    /// another.
    Beaten,
    /// It ended itself because it needed more memory than this bound, in bytes.
    OutOfMemory(u64),
    /// It was killed because it was not ready in time.
    NotReady(Duration),
    /// It was killed because it had answered nothing for so long.
    Hung(Duration),
    /// It was started by an earlier orchestrator, so that how it ended is not told to this one.
    Untold,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// Time has passed; sent when `next_wake` is reached, and harmless at any other time.
    Tick,
    /// The process, in this run of it, serves.
    Ready(Id, u32),
    /// The process, in this run of it, is gone.
    Exited(Id, u32, Exit),
    /// The process, which is not there, is to be.
    Begin(Id),
    /// The process is to end, alone, and not to be started again.
    Retire(Id),
    /// The same, by being killed.
    Kill(Id),
    /// All is to end in order.
    Stop,
    /// All is to end at once.
    StopNow,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start the process; its events carry this run number.
    Start(Id, u32),
    /// Ask the process to drain and end.
    Stop(Id),
    /// End the process at once.
    Kill(Id),
    /// Tell the user.
    Tell(Notice),
    /// Nothing is left to watch.
    End(Outcome),
}

/// What the user is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Every process serves for the first time.
    AllReady,
    /// A process died and is started again after the wait.
    Restarting {
        /// Which process.
        id: Id,
        /// How it ended.
        exit: Exit,
        /// Until the next start.
        wait: Duration,
    },
    /// A process died too often and is left alone.
    GaveUp {
        /// Which process.
        id: Id,
        /// How it ended.
        exit: Exit,
        /// Deaths in a row.
        deaths: u32,
    },
    /// A process did not end in time when it alone was to, and is killed.
    Late(Id),
    /// A process that had died serves again, so long after its death.
    Back(Id, Duration),
    /// The drain began.
    Draining,
    /// These did not end within the drain deadline and are killed.
    Overdue(Vec<Id>),
}

/// Where a process stands, for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not there, because others come first.
    Waiting,
    /// There, and does not serve yet.
    Starting,
    /// Serves.
    Up,
    /// Not there, because it has just died; started again at its time.
    Resting,
    /// There, and was asked or made to end.
    Stopping,
    /// Not there, because it died too often.
    Failed,
    /// Not there, and not wanted.
    Retired,
}

impl Standing {
    /// The word for it in the admin API.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Resting => "restarting",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
            Self::Retired => "stopped",
        }
    }
}

/// How it all ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was asked to end and did.
    Drained,
    /// So many processes were killed because the drain deadline had passed.
    Overdue(usize),
    /// The user did not want to wait; so many processes were killed.
    Forced(usize),
    /// A process failed before it was ever ready.
    StartFailed(Id, Exit),
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(out, "ended with exit code {code}"),
            Exit::Signal(number) => match signal_name(*number) {
                Some(name) => write!(out, "was ended by signal {number} ({name})"),
                None => write!(out, "was ended by signal {number}"),
            },
            Exit::Beaten => out.write_str("ended because another process had taken its port"),
            Exit::OutOfMemory(bound) => {
                write!(
                    out,
                    "reached its bound of {} of memory",
                    tombolo_daemon::memory::in_words(*bound)
                )
            }
            Exit::Lost(reason) => out.write_str(reason),
            Exit::Untold => out.write_str("ended"),
            Exit::Hung(patience) => write!(out, "did not answer for {patience:?} and was killed"),
            Exit::NotReady(within) => {
                write!(out, "did not answer within {within:?} of its start and was killed")
            }
        }
    }
}

/// Names of the signals that end processes in practice, with the hint that goes with them.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL: an illegal instruction",
        6 => "SIGABRT: the program ended itself after an internal error",
        8 => "SIGFPE: an arithmetic error",
        9 => "SIGKILL: killed by another process, or by the kernel because memory ran out",
        11 => "SIGSEGV: an invalid memory access",
        13 => "SIGPIPE: it wrote to a closed pipe",
        15 => "SIGTERM",
        _ => return None,
    })
}
