//! The rate of failures over the last seconds, from counters that only grow.

use std::collections::VecDeque;
use std::time::Duration;

use super::outlier::Tally;

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
    totals: Totals,
    /// Kinds of requests that failed since the reading before.
    kinds: u64,
}

/// One server's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests, and those that failed.
    pub all: Tally,
    /// Of the failures, those where the server answered.
    pub answered: u64,
}

impl FailureWindow {
    /// Takes a reading, once a second, with a bit set for each kind of request that failed since the
    /// last one.
    pub fn read(&mut self, at: Duration, window: Duration, totals: Totals, kinds: u64) {
        while self.readings.len() > 1
            && let Some(second) = self.readings.get(1)
            && (at.saturating_sub(second.at) >= window || self.readings.len() >= MOST)
        {
            self.readings.pop_front();
        }
        self.readings.push_back(Reading { at, totals, kinds });
    }

    /// What has come since the reading a window ago, or since the first, until the counters were
    /// `now`.
    #[must_use]
    pub fn since(&self, now: Totals) -> Totals {
        let first = self.readings.front().map_or(now, |reading| reading.totals);
        Totals {
            all: Tally {
                requests: now.all.requests.saturating_sub(first.all.requests),
                failed: now.all.failed.saturating_sub(first.all.failed),
            },
            answered: now.answered.saturating_sub(first.answered),
        }
    }

    /// Whether all that failed since then may have been requests of one kind.
    #[must_use]
    pub fn is_of_one_kind(&self) -> bool {
        let kinds = self.readings.iter().skip(1).fold(0, |kinds, reading| kinds | reading.kinds);
        kinds.count_ones() <= 1
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
            let totals = Totals { all: Tally { requests, failed }, answered: failed / 5 };
            window.read(Duration::from_secs(second), Duration::from_secs(3), totals, 1 << second);
            let since = window.since(totals);
            (since.all.failed, since.all.requests, since.answered)
        };
        assert_eq!(read(&mut window, 0, 5, 100), (0, 0, 0), "what was before is not known");
        assert_eq!(read(&mut window, 1, 15, 120), (10, 20, 2));
        assert!(window.is_of_one_kind());
        assert_eq!(read(&mut window, 3, 15, 150), (10, 50, 2));
        assert!(!window.is_of_one_kind());
        assert_eq!(read(&mut window, 4, 16, 160), (1, 40, 0), "the first second is out of sight");
        window.clear();
        assert_eq!(read(&mut window, 5, 20, 200), (0, 0, 0));
    }

    #[test]
    fn memory_is_bounded() {
        let mut window = FailureWindow::default();
        for moment in 0..10_000 {
            let at = Duration::from_millis(moment);
            window.read(at, Duration::from_secs(60), Totals::default(), 0);
        }
        assert!(window.readings.len() <= MOST);
    }
}
