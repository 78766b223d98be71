//! `[up]` as meant: how `tombolo up` keeps its processes.

use std::time::Duration;

/// How `tombolo up` keeps its processes: `[up]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Up {
    /// Whether the processes go on when `up` itself is killed, for the next one to take over.
    pub keep: bool,
    /// Deaths in a row after which a replica is left alone until it is restarted by hand. 0: it is
    /// started again for ever.
    pub give_up_after: u32,
    /// For so long a replica that served may answer nothing; then it is killed and started again.
    /// 0: for ever.
    pub hang_after: Duration,
    /// Bytes of the file that a process's standard error is kept in before the next is begun.
    pub log_size: u64,
    /// Such files of each process, the present one among them.
    pub log_files: usize,
}

impl Up {
    /// What holds unless the file says otherwise.
    pub const DEFAULT: Self = Self {
        keep: false,
        give_up_after: 10,
        hang_after: Duration::from_secs(30),
        log_size: 10 << 20,
        log_files: 5,
    };
    /// The most deaths in a row that can be asked for.
    pub const GIVE_UP_AFTER_MAX: u32 = 1_000_000;
    /// The longest that may be waited for an answer.
    pub const HANG_AFTER_MAX: Duration = Duration::from_secs(86_400);
    /// The most files of one process.
    pub const LOG_FILES_MAX: usize = 1000;
}

impl Default for Up {
    fn default() -> Self {
        Self::DEFAULT
    }
}
