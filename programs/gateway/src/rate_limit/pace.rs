//! A token bucket kept as one time, the *theoretical arrival time* of the generic cell rate algorithm
//! (ITU-T I.371): when the bucket would be full again. Nothing has to be refilled.

use std::time::Duration;

/// How fast a bucket fills and how much it holds. Times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two tokens.
    interval: u64,
    /// Tokens it holds.
    burst: u64,
}

/// What became of a request. Times are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It took a token; the bucket is full again then.
    Token { full_at: u64 },
    /// There was none; the next comes after so many microseconds.
    Wait(u64),
}

impl Pace {
    /// `requests` in each `per`, and `burst` at once.
    pub(super) fn new(requests: u64, per: Duration, burst: u64) -> Self {
        let per = u64::try_from(per.as_micros()).unwrap_or(u64::MAX);
        Self { interval: (per / requests.max(1)).max(1), burst: burst.max(1) }
    }

    /// Tokens that a bucket holds at `now` which is full at `full_at`.
    pub(super) fn left(self, full_at: u64, now: u64) -> u64 {
        let missing = full_at.saturating_sub(now).div_ceil(self.interval);
        self.burst.saturating_sub(missing)
    }

    /// Takes a token at `now` from a bucket that is full at `full_at`.
    pub(super) fn take(self, full_at: u64, now: u64) -> Taken {
        let next = full_at.max(now).saturating_add(self.interval);
        let empty = now.saturating_add(self.interval.saturating_mul(self.burst));
        match next.checked_sub(empty) {
            None | Some(0) => Taken::Token { full_at: next },
            Some(wait) => Taken::Wait(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How many of the requests at these times (in ms) get through.
    fn through(pace: Pace, times: impl IntoIterator<Item = u64>) -> usize {
        let mut full_at = 0;
        let mut allowed = 0;
        for time in times {
            if let Taken::Token { full_at: later } = pace.take(full_at, time * 1000) {
                full_at = later;
                allowed += 1;
            }
        }
        allowed
    }

    #[test]
    fn a_burst_and_then_the_pace() {
        let pace = Pace::new(10, Duration::from_secs(1), 5);
        assert_eq!(through(pace, [5000; 20]), 5, "all at once");
        assert_eq!(through(pace, (5000..6000).step_by(10)), 5 + 9, "every 10 ms for a second");
        assert_eq!(through(pace, (5000..9000).step_by(100)), 40, "at the pace");
    }

    #[test]
    fn it_says_how_long_to_wait() {
        let pace = Pace::new(2, Duration::from_secs(1), 1);
        let Taken::Token { full_at } = pace.take(0, 1_000_000) else { panic!("the first") };
        assert_eq!(pace.take(full_at, 1_100_000), Taken::Wait(400_000));
        assert!(matches!(pace.take(full_at, 1_500_000), Taken::Token { .. }));
    }

    #[test]
    fn what_is_left_is_what_may_still_be_taken() {
        let pace = Pace::new(2, Duration::from_secs(1), 3);
        let (now, mut full_at) = (10_000_000, 0);
        for left in [2, 1, 0] {
            assert_eq!(pace.left(full_at, now), left + 1);
            let Taken::Token { full_at: later } = pace.take(full_at, now) else { panic!("{left}") };
            full_at = later;
        }
        assert_eq!(pace.left(full_at, now), 0);
        assert_eq!(pace.left(full_at, now + 499_999), 0, "half a token is none");
        assert_eq!(pace.left(full_at, now + 500_000), 1);
        assert_eq!(pace.left(full_at, now + 9_000_000), 3);
        assert_eq!(pace.left(u64::MAX, now), 0);
    }

    proptest! {
        #[test]
        fn so_many_pass_at_once_as_are_left(
            requests in 1u64..1000,
            burst in 1u64..50,
            ahead in 0u64..60_000_000,
        ) {
            let pace = Pace::new(requests, Duration::from_secs(1), burst);
            let (now, mut full_at, mut passed) = (100_000_000, 100_000_000 + ahead, 0);
            let left = pace.left(full_at, now);
            while let Taken::Token { full_at: later } = pace.take(full_at, now) {
                (full_at, passed) = (later, passed + 1);
            }
            prop_assert_eq!(left, passed);
        }

        #[test]
        fn never_more_than_the_burst_and_the_pace(
            requests in 1u64..1000,
            burst in 1u64..50,
            steps in proptest::collection::vec(0u64..200, 1..300),
        ) {
            let mut now = 1000;
            let times: Vec<u64> = steps.iter().map(|step| { now += step; now }).collect();
            let allowed = through(Pace::new(requests, Duration::from_secs(1), burst), times) as u64;
            // Intervals are whole microseconds: at most a thousandth too fast here.
            let due = burst + (now - 1000) * requests * 1001 / 1_000_000 + 1;
            prop_assert!(allowed <= due, "{} allowed, {} due", allowed, due);
        }
    }
}
