//! The rate of failures over the last seconds, from two counters that only grow.

use std::collections::VecDeque;
use std::time::Duration;

/// Readings kept at most: one each second for a minute, and the one before.
const MOST: usize = 61;

/// Readings of one server's counters over a window.
#[derive(Debug, Clone, Default)]
pub struct FailureWindow {
    readings: VecDeque<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Duration,
    failed: u64,
    requests: u64,
}

impl FailureWindow {
    /// Takes a reading, once a second; gives failures and requests since the one a `window` ago, or
    /// since the first.
    pub fn read(
        &mut self,
        at: Duration,
        window: Duration,
        failed: u64,
        requests: u64,
    ) -> (u64, u64) {
        while self.readings.len() > 1
            && let Some(second) = self.readings.get(1)
            && (at.saturating_sub(second.at) >= window || self.readings.len() >= MOST)
        {
            self.readings.pop_front();
        }
        self.readings.push_back(Reading { at, failed, requests });
        let first = self.readings.front().copied();
        let first = first.unwrap_or(Reading { at, failed, requests });
        (failed.saturating_sub(first.failed), requests.saturating_sub(first.requests))
    }

    /// Forgets all readings: what was before says nothing of what comes.
    pub fn clear(&mut self) {
        self.readings.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_window_counts() {
        let mut window = FailureWindow::default();
        let read = |window: &mut FailureWindow, second: u64, failed, requests| {
            window.read(Duration::from_secs(second), Duration::from_secs(3), failed, requests)
        };
        assert_eq!(read(&mut window, 0, 5, 100), (0, 0), "what was before is not known");
        assert_eq!(read(&mut window, 1, 15, 120), (10, 20));
        assert_eq!(read(&mut window, 3, 15, 150), (10, 50));
        assert_eq!(read(&mut window, 4, 16, 160), (1, 40), "the first second is out of sight");
        window.clear();
        assert_eq!(read(&mut window, 5, 20, 200), (0, 0));
    }

    #[test]
    fn memory_is_bounded() {
        let mut window = FailureWindow::default();
        for moment in 0..10_000 {
            window.read(Duration::from_millis(moment), Duration::from_secs(60), 0, 0);
        }
        assert!(window.readings.len() <= MOST);
    }
}
