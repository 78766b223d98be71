//! When to try again: soon, then less and less often, until there was no progress for too long.

use std::time::{Duration, Instant};

use super::error::Failure;

/// The first pause, and the longest.
const FIRST: Duration = Duration::from_millis(200);
/// See [`FIRST`].
const LONGEST: Duration = Duration::from_secs(10);

/// Tries of one thing.
#[derive(Debug)]
pub(super) struct Retry {
    patience: Duration,
    since: Instant,
    pause: Duration,
}

impl Retry {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, since: Instant::now(), pause: FIRST }
    }

    /// There was progress.
    pub(super) fn progress(&mut self) {
        (self.since, self.pause) = (Instant::now(), FIRST);
    }

    /// How long to wait before the next try; the failure if there is to be none.
    pub(super) fn pause(&mut self, failure: Failure) -> Result<(Failure, Duration), Failure> {
        let asked = match &failure {
            Failure::NotNow { after, .. } => after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        // Those who were cut together do not come back together.
        let drawn = self.pause.mul_f64(0.5 + fastrand::f64());
        let pause = drawn.max(asked);
        if !failure.is_passing() || self.since.elapsed() + pause > self.patience {
            return Err(failure);
        }
        self.pause = self.pause.saturating_mul(2).min(LONGEST);
        Ok((failure, pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rarer_and_end() {
        let mut retry = Retry::new(Duration::from_secs(30));
        let pauses: Vec<Duration> =
            (0..8).map(|_| retry.pause(Failure::Line("cut".into())).unwrap().1).collect();
        assert!(pauses[0] <= Duration::from_millis(300), "{pauses:?}");
        assert!(pauses[7] >= Duration::from_secs(5) && pauses[7] <= Duration::from_secs(15));
        let asked = |seconds| Failure::of_answer(503, Some(seconds), b"");
        assert!(retry.pause(asked(20)).unwrap().1 >= Duration::from_secs(20));
        assert!(retry.pause(asked(60)).is_err());
        assert!(retry.pause(Failure::of_answer(404, None, b"")).is_err());
        assert!(Retry::new(Duration::ZERO).pause(Failure::Line("cut".into())).is_err());
    }
}
