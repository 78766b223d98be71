//! How long servers took lately, for [`crate::Policy::PeakEwma`]. Owns one average for each server.
//!
//! The average jumps to each time that is longer than it, and comes down by and by (an
//! exponentially weighted moving average that follows peaks at once; the policy of this name is
//! Finagle's). It comes down for a server that is asked nothing, too, or one that was slow once
//! would never be tried again. Time goes on with what is observed of any server, so nobody reads a
//! clock to choose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// In this time an average comes down to 1/e of what it was.
const FADING_MS: f32 = 10_000.0;

/// No server counts as quicker than this, in microseconds: one of which nothing is known must not
/// draw all requests at once.
const LEAST: f32 = 100.0;

/// One server's average on a cache line of its own: microseconds as the bits of an `f32`, and below
/// them when it was taken, in milliseconds.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Average(AtomicU64);

/// The averages of an upstream's servers.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    averages: Box<[Arc<Average>]>,
    /// The latest time that was told, in milliseconds.
    now: Arc<AtomicU64>,
}

impl Latencies {
    /// Of so many servers nothing is known.
    pub(crate) fn new(servers: usize) -> Latencies {
        Latencies { averages: (0..servers).map(|_| Arc::default()).collect(), now: Arc::default() }
    }

    /// For a list that takes the place of this one. `kept` tells for each of its servers which of
    /// this list it is, if any.
    pub(crate) fn succeeded(&self, kept: &[Option<usize>]) -> Latencies {
        let of = |kept: &Option<usize>| {
            kept.and_then(|server| self.averages.get(server).cloned()).unwrap_or_default()
        };
        Latencies { averages: kept.iter().map(of).collect(), now: Arc::clone(&self.now) }
    }

    /// A server took so long. Two threads at the same moment may lose one of two times.
    pub(crate) fn observe(&self, server: usize, micros: u64, now_ms: u64) {
        let Some(average) = self.averages.get(server) else { return };
        self.now.fetch_max(now_ms, Relaxed);
        let (before, since) = unpack(average.0.load(Relaxed));
        let (taken, passed) = (micros as f32, (now_ms as u32).wrapping_sub(since));
        let after = if taken >= before {
            taken
        } else if passed == 0 {
            return;
        } else {
            let kept = faded(passed);
            before.mul_add(kept, taken * (1.0 - kept))
        };
        average.0.store(u64::from(after.to_bits()) << 32 | u64::from(now_ms as u32), Relaxed);
    }

    /// What it would take, by what is known, in microseconds.
    pub(crate) fn expected(&self, server: usize) -> f32 {
        let Some(average) = self.averages.get(server) else { return LEAST };
        let (micros, since) = unpack(average.0.load(Relaxed));
        let passed = (self.now.load(Relaxed) as u32).wrapping_sub(since);
        (micros * faded(passed)).max(LEAST)
    }
}

/// What is left of an average after so many milliseconds. A time before it (another thread was
/// quicker) is none.
fn faded(passed_ms: u32) -> f32 {
    if passed_ms > u32::MAX / 2 { 1.0 } else { (-(passed_ms as f32) / FADING_MS).exp() }
}

fn unpack(word: u64) -> (f32, u32) {
    (f32::from_bits((word >> 32) as u32), word as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_followed_at_once_and_forgotten_by_and_by() {
        let latencies = Latencies::new(1);
        latencies.observe(0, 2_000, 1_000);
        assert_eq!(latencies.expected(0), 2_000.0);
        latencies.observe(0, 900_000, 1_100);
        assert_eq!(latencies.expected(0), 900_000.0);
        for tenth in 0..100 {
            latencies.observe(0, 2_000, 1_200 + tenth * 100);
        }
        let after = latencies.expected(0);
        assert!((300_000.0..360_000.0).contains(&after), "{after}");
    }

    #[test]
    fn who_is_asked_nothing_is_forgotten_while_others_are() {
        let latencies = Latencies::new(2);
        latencies.observe(0, 1_000_000, 0);
        latencies.observe(1, 1_000, 30_000);
        assert!(latencies.expected(0) < 60_000.0, "{}", latencies.expected(0));
        latencies.observe(1, 1_000, 300_000);
        assert_eq!(latencies.expected(0), LEAST);
    }

    #[test]
    fn what_is_known_goes_on_in_another_list() {
        let before = Latencies::new(2);
        before.observe(1, 70_000, 5);
        let after = before.succeeded(&[Some(1), None]);
        assert_eq!((after.expected(0), after.expected(1)), (70_000.0, LEAST));
        after.observe(0, 80_000, 5);
        assert_eq!(before.expected(1), 80_000.0);
        assert_eq!(before.expected(9), LEAST);
    }
}
