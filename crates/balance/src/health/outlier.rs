//! Whether a server fails more than its peers: a server that is bad, told from a request that is.
//!
//! A request that fails everywhere (a page with a fault, a database that all servers share) says
//! nothing of the server that was asked. So a server is an outlier only by comparison: success-rate
//! detection, as Envoy has it, for few servers and short times.

/// A run of failures as unlikely as this for a server like its peers is no accident.
const UNLIKELY: f64 = 1e-3;

/// How often a server fails, beside its peers.
const WORSE: u128 = 2;

/// Requests that have ended, and those of them that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests in all.
    pub requests: u64,
    /// Of them, those that failed.
    pub failed: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Tally) -> Tally {
        Tally {
            requests: self.requests.saturating_add(other.requests),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// Whether the part of failures is more than twice that of `peers`.
    #[must_use]
    pub fn is_worse_than(self, peers: Tally) -> bool {
        let [own, theirs] = [(self, peers), (peers, self)]
            .map(|(one, other)| u128::from(one.failed) * u128::from(other.requests.max(1)));
        own > theirs.saturating_mul(WORSE)
    }

    /// Whether so many failures in a row would be no wonder at a server that does as these did
    /// meanwhile. Where they had fewer requests than that, only as many count: there is no proof
    /// without peers that do better.
    #[must_use]
    pub fn explains(self, in_a_row: u64) -> bool {
        // Laplace's rule of succession: what was seen, and one of each kind.
        let rate = (self.failed as f64 + 1.0) / (self.requests as f64 + 2.0);
        let shown = i32::try_from(in_a_row.min(self.requests)).unwrap_or(i32::MAX);
        rate.powi(shown) > UNLIKELY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tally(requests: u64, failed: u64) -> Tally {
        Tally { requests, failed }
    }

    #[test]
    fn a_few_failures_in_a_row_are_shown_by_as_many_answers_of_peers() {
        assert!(!tally(5, 0).explains(5));
        assert!(!tally(10, 0).explains(4));
        assert!(tally(3, 0).explains(100), "too few answers of others");
        assert!(tally(0, 0).explains(1000), "no peer was asked");
        assert!(!tally(50, 5).explains(5));
    }

    #[test]
    fn peers_that_fail_alike_explain_any_run() {
        assert!(tally(100, 100).explains(1000));
        assert!(tally(10, 10).explains(5));
        assert!(tally(20, 8).explains(5));
    }

    #[test]
    fn worse_is_more_than_twice_as_often() {
        assert!(tally(100, 50).is_worse_than(tally(1000, 240)));
        assert!(!tally(100, 50).is_worse_than(tally(1000, 250)));
        assert!(
            tally(100, 1).is_worse_than(tally(0, 0)) && !tally(0, 0).is_worse_than(tally(0, 0))
        );
    }

    proptest! {
        /// Of two servers never both are worse than the other.
        #[test]
        fn at_most_one_is_worse(a in 1u64.., b in 1u64.., x in 0u64..=100, y in 0u64..=100) {
            let (one, other) = (tally(a, a / 100 * x), tally(b, b / 100 * y));
            prop_assert!(!(one.is_worse_than(other) && other.is_worse_than(one)));
        }

        /// A longer run is never better explained.
        #[test]
        fn a_longer_run_needs_more(requests in 0u64..1000, failed in 0u64..1000, run in 0u64..1000) {
            let peers = tally(requests.max(failed), failed);
            prop_assert!(peers.explains(run) || !peers.explains(run + 1));
        }
    }
}
