//! What SIGHUP means: open log files anew, or the terminal is gone.
//!
//! The same signal says both. It means the end only if there was a terminal, it is gone now, and
//! nobody asked beforehand (`nohup`) that its going be ignored.

use std::fs::{self, File};

/// What was known at the start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hangups {
    ends_with_terminal: bool,
}

impl Hangups {
    /// Looks around; before SIGHUP is taken over, since that hides whether it was ignored.
    pub(crate) fn at_start() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Hangups { ends_with_terminal: has_terminal() && !ignored(&status) }
    }

    /// Whether the SIGHUP that just came means that all is to end.
    pub(crate) fn mean_the_end(self) -> bool {
        self.ends_with_terminal && !has_terminal()
    }
}

fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Whether the process was started with SIGHUP, signal 1, ignored: the lowest bit of the mask.
fn ignored(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn mask_is_read() {
        assert!(ignored("Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"));
        assert!(!ignored("SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\n"));
        assert!(!ignored(""));
    }
}
