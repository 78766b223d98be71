//! How long requests took: counts within fixed bounds, so that quantiles can be had over many
//! gateways at once.

use super::count::Count;

/// Upper bounds in microseconds, and the same in seconds as they are written.
pub(super) const BOUNDS: [(u64, &str); 14] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1.0"),
    (2_500_000, "2.5"),
    (5_000_000, "5.0"),
    (10_000_000, "10.0"),
];

/// Buckets, with the one for what is beyond the last bound.
pub(super) const BUCKETS: usize = BOUNDS.len() + 1;

/// The bucket that a duration belongs to.
#[inline]
pub(super) fn bucket(micros: u64) -> usize {
    BOUNDS.iter().position(|&(bound, _)| micros <= bound).unwrap_or(BOUNDS.len())
}

/// One thread's counts.
#[derive(Debug, Default)]
pub(super) struct Durations {
    buckets: [Count; BUCKETS],
    micros: Count,
}

impl Durations {
    #[inline]
    pub(super) fn record(&self, micros: u64) {
        if let Some(count) = self.buckets.get(bucket(micros)) {
            count.add(1);
        }
        self.micros.add(micros);
    }
}

/// The counts of all threads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Histogram {
    /// How many fell into each bucket and no smaller one.
    pub(super) buckets: [u64; BUCKETS],
    /// The sum of all, in microseconds.
    pub(super) micros: u64,
}

impl Histogram {
    /// The sum of what threads have counted.
    pub(super) fn of<'d>(threads: impl Iterator<Item = &'d Durations>) -> Self {
        let mut histogram = Self::default();
        threads.for_each(|durations| histogram.add(durations));
        histogram
    }

    pub(super) fn add(&mut self, of: &Durations) {
        for (sum, count) in self.buckets.iter_mut().zip(&of.buckets) {
            *sum = sum.wrapping_add(count.get());
        }
        self.micros = self.micros.wrapping_add(of.micros.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rise_and_are_written_as_they_are() {
        assert!(BOUNDS.is_sorted());
        for (micros, text) in BOUNDS {
            let seconds: f64 = text.parse().unwrap();
            assert!((seconds * 1e6 - micros as f64).abs() < 1e-6, "{text}");
        }
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let durations = Durations::default();
        for micros in [0, 500, 501, 10_000_000, 10_000_001, u64::MAX / 2] {
            durations.record(micros);
        }
        let mut histogram = Histogram::default();
        histogram.add(&durations);
        assert_eq!(histogram.buckets[..2], [2, 1]);
        assert_eq!(histogram.buckets[BUCKETS - 2..], [1, 2]);
        assert_eq!(histogram.buckets.iter().sum::<u64>(), 6);
    }
}
