//! Rates over time: once a second what was counted since the second before, kept for a quarter of
//! an hour.
//!
//! Runs on the control plane, reads the counters that the data plane writes anyway, and costs it
//! nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::{MissedTickBehavior, interval};

use crate::data_plane::Admission;
use crate::metrics::{Metrics, Totals};
use crate::recent::{Counts, Memory};

/// Between two samples.
pub(crate) const EVERY: Duration = Duration::from_secs(1);
/// Samples that are kept; the oldest is forgotten.
pub(crate) const KEPT: usize = 900;

/// What happened in one interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// When it ended, in milliseconds since 1970.
    pub(crate) unix_millis: u64,
    /// How long it was.
    pub(crate) length: Duration,
    /// What was counted in it.
    pub(crate) counted: Totals,
    /// Durations of its requests that a half, 95 and 99 in a hundred did not pass; microseconds.
    pub(crate) percentiles: [Option<u64>; 3],
    /// Client connections that were open at its end.
    pub(crate) connections: usize,
}

/// The samples, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Series(Mutex<VecDeque<Sample>>);

impl Series {
    /// Takes samples for as long as it is awaited.
    pub(crate) async fn run(
        self: Arc<Self>,
        metrics: Arc<Metrics>,
        memory: Arc<Memory>,
        admission: Arc<Admission>,
    ) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks.tick().await;
        let mut before = (Instant::now(), metrics.totals(), memory.durations());
        loop {
            ticks.tick().await;
            let now = (Instant::now(), metrics.totals(), memory.durations());
            self.add(sample(&before, &now, admission.open()));
            before = now;
        }
    }

    fn add(&self, sample: Sample) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() >= KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// Those that ended later than that, in milliseconds since 1970.
    pub(crate) fn after(&self, unix_millis: u64) -> Vec<Sample> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        samples.iter().filter(|sample| sample.unix_millis > unix_millis).copied().collect()
    }
}

fn sample(
    before: &(Instant, Totals, Counts),
    now: &(Instant, Totals, Counts),
    connections: usize,
) -> Sample {
    let since = now.2.since(&before.2);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Sample {
        unix_millis: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
        length: now.0.saturating_duration_since(before.0),
        counted: now.1.since(&before.1),
        percentiles: [500, 950, 990].map(|thousandths| since.percentile(thousandths)),
        connections,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_samples_are_forgotten() {
        let series = Series::default();
        for millis in 1..=(KEPT as u64 + 10) {
            series.add(Sample {
                unix_millis: millis,
                length: EVERY,
                counted: Totals::default(),
                percentiles: [None; 3],
                connections: 0,
            });
        }
        let all = series.after(0);
        assert_eq!((all.len(), all[0].unix_millis), (KEPT, 11));
        assert_eq!(series.after(KEPT as u64 + 9).len(), 1);
    }
}
