//! The last words of a process: what it said on standard error before it ended.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tombolo_daemon::terminal;

/// Lines that are kept.
const LINES_MAX: usize = 12;
/// Bytes of each.
const LINE_BYTES_MAX: usize = 400;

/// The last lines, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: Mutex<VecDeque<String>>,
}

impl Tail {
    /// One line more; the oldest goes.
    pub(super) fn push(&self, line: &[u8]) {
        let kept = line.get(..LINE_BYTES_MAX).unwrap_or(line);
        let text = String::from_utf8_lossy(kept);
        // What steers a terminal has no place in an answer to a person.
        let text = terminal::line(&text).into_owned();
        let mut lines = self.lock();
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(text);
    }

    /// Takes the lines away: they belong to the run that has ended.
    pub(crate) fn take(&self) -> Vec<String> {
        self.lock().drain(..).collect()
    }

    /// The queue is whole even if a holder of the lock panicked.
    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, LINES_MAX, Tail};

    #[test]
    fn last_lines_are_kept_short_and_plain() {
        let tail = Tail::default();
        for number in 0..LINES_MAX + 3 {
            tail.push(format!("line {number}").as_bytes());
        }
        tail.push(b"red \x1b[31m \xff");
        tail.push(&[b'x'; 9999]);
        let lines = tail.take();
        assert_eq!(lines.len(), LINES_MAX);
        assert_eq!(lines[0], "line 5");
        assert_eq!(lines[LINES_MAX - 2], "red \u{fffd}[31m \u{fffd}");
        assert_eq!(lines[LINES_MAX - 1].len(), LINE_BYTES_MAX);
        assert!(tail.take().is_empty());
    }
}
