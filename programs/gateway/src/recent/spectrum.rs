//! How long exchanges took, counted in steps of an eighth, so that a percentile is known to within
//! some six per cent from a microsecond to hours.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Steps from each power of two to the next.
const STEPS: u32 = 8;
/// Durations beyond 2^36 microseconds, 19 hours, count as that.
const POWERS: u32 = 36;
const COUNTS: usize = (POWERS * STEPS) as usize;

/// One thread's counts, which that thread alone writes.
#[derive(Debug)]
pub(crate) struct Spectrum([AtomicU64; COUNTS]);

impl Spectrum {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    #[inline]
    pub(super) fn record(&self, micros: u64) {
        if let Some(count) = self.0.get(place(micros)) {
            count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }
}

/// The counts of several threads.
#[derive(Clone, Debug)]
pub(crate) struct Counts([u64; COUNTS]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; COUNTS])
    }
}

impl Counts {
    pub(super) fn add(&mut self, spectrum: &Spectrum) {
        for (sum, count) in self.0.iter_mut().zip(&spectrum.0) {
            *sum = sum.wrapping_add(count.load(Relaxed));
        }
    }

    /// What was counted since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut left = self.clone();
        for (left, earlier) in left.0.iter_mut().zip(&earlier.0) {
            *left = left.saturating_sub(*earlier);
        }
        left
    }

    /// How many were counted.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The duration in microseconds that this share (thousandths) of all does not pass; none if
    /// there are none.
    pub(crate) fn percentile(&self, thousandths: u64) -> Option<u64> {
        let total = self.total();
        let wanted = total.saturating_mul(thousandths).div_ceil(1000).max(1);
        let mut so_far = 0_u64;
        let place = self.0.iter().position(|count| {
            so_far = so_far.saturating_add(*count);
            so_far >= wanted
        });
        place.filter(|_| total > 0).map(middle)
    }
}

/// Where a duration is counted: three bits below its highest one tell the step.
#[inline]
fn place(micros: u64) -> usize {
    // Below eight microseconds each has a place of its own.
    let Some(power) = micros.checked_ilog2().filter(|power| *power >= 3) else {
        return usize::try_from(micros).unwrap_or(0);
    };
    if power >= POWERS {
        return COUNTS - 1;
    }
    let step = (micros >> (power - 3)) & u64::from(STEPS - 1);
    let place = (power - 2) * STEPS;
    usize::try_from(u64::from(place) + step).unwrap_or(COUNTS - 1)
}

/// The middle of the durations that are counted there.
fn middle(place: usize) -> u64 {
    let place = u64::try_from(place).unwrap_or(0);
    if place < u64::from(STEPS) {
        return place;
    }
    let (power, step) = (place / u64::from(STEPS) + 2, place % u64::from(STEPS));
    let width = 1_u64 << (power - 3);
    (u64::from(STEPS) + step) * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_duration_is_known_to_within_a_sixteenth(micros in 0_u64..1 << 36) {
            let told = middle(place(micros));
            prop_assert!(told.abs_diff(micros) <= micros / 16 + 1, "{} for {}", told, micros);
        }
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted_since() {
        let spectrum = Spectrum::new();
        let mut earlier = Counts::default();
        spectrum.record(1_000_000);
        earlier.add(&spectrum);
        for micros in 1..=100 {
            spectrum.record(micros * 100);
        }
        let mut now = Counts::default();
        now.add(&spectrum);
        let since = now.since(&earlier);
        assert_eq!(since.total(), 100);
        for (thousandths, micros) in [(500, 5_000_u64), (950, 9_500), (990, 9_900)] {
            let told = since.percentile(thousandths).unwrap();
            assert!(told.abs_diff(micros) <= micros / 10, "{told} for {micros}");
        }
        assert_eq!(Counts::default().percentile(500), None);
        spectrum.record(u64::MAX);
    }
}
