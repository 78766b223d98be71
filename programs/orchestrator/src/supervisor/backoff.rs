//! How long a process that died waits before it is started again.
//!
//! Pure: the random number is handed in. Owns the growth and its bounds, not the clock.

use std::time::Duration;

/// Upper bound of the wait after the first death; a single crash is mended at once.
const FIRST: Duration = Duration::from_millis(100);
/// No wait is longer: a process that fails for an outside reason (a full disk, a taken port) comes
/// back soon after that reason is gone.
const LONGEST: Duration = Duration::from_secs(10);

/// Exponential waits: each upper bound is twice the one before, and the wait itself lies in the
/// upper half of it, so that processes that died together do not start together.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    deaths: u32,
}

impl Backoff {
    /// The wait after one more death. `share` in `0.0..1.0` chooses the point in its range.
    pub(crate) fn next_wait(&mut self, share: f64) -> Duration {
        let doublings = self.deaths.min(16);
        self.deaths = self.deaths.saturating_add(1);
        let bound = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        bound.mul_f64(0.5 + share.clamp(0.0, 1.0) / 2.0)
    }

    /// Forgets earlier deaths, because the process has shown that it can live.
    pub(crate) fn reset(&mut self) {
        self.deaths = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.next_wait(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for tenth in 0..10 {
            let wait = Backoff::default().next_wait(f64::from(tenth) / 10.0);
            assert!(wait >= FIRST / 2 && wait <= FIRST, "{wait:?}");
        }
    }

    #[test]
    fn many_deaths_neither_overflow_nor_pass_the_bound() {
        let mut backoff = Backoff { deaths: u32::MAX - 1 };
        for _ in 0..4 {
            assert!(backoff.next_wait(0.999) <= LONGEST);
        }
    }

    #[test]
    fn reset_begins_anew() {
        let mut backoff = Backoff::default();
        for _ in 0..5 {
            backoff.next_wait(0.0);
        }
        backoff.reset();
        assert_eq!(backoff.next_wait(0.0), Duration::from_millis(50));
    }
}
