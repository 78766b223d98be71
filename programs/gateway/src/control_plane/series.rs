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
        // Counting begins at nothing, not at what is there: clients may have come already.
        let mut before = Seen::default();
        loop {
            ticks.tick().await;
            let now = Seen::at(&metrics, &memory);
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

/// What the counters said.
struct Seen {
    when: Instant,
    totals: Totals,
    durations: Counts,
}

impl Default for Seen {
    fn default() -> Self {
        Self { when: Instant::now(), totals: Totals::default(), durations: Counts::default() }
    }
}

impl Seen {
    /// Now. Requests are as many as there are durations: the two are counted one after the other,
    /// and read in between they would tell of a request that took no time.
    fn at(metrics: &Metrics, memory: &Memory) -> Self {
        let durations = memory.durations();
        let totals = Totals { requests: durations.total(), ..metrics.totals() };
        Self { when: Instant::now(), totals, durations }
    }
}

fn sample(before: &Seen, now: &Seen, connections: usize) -> Sample {
    let since = now.durations.since(&before.durations);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Sample {
        unix_millis: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
        length: now.when.saturating_duration_since(before.when),
        counted: now.totals.since(&before.totals),
        percentiles: [500, 950, 990].map(|thousandths| since.percentile(thousandths)),
        connections,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Exchange;

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

    fn exchange() -> Exchange<'static> {
        Exchange {
            status: 200,
            duration_micros: 10,
            bytes_in: 0,
            bytes_out: 0,
            cache: None,
            error: None,
        }
    }

    #[tokio::test]
    async fn what_came_before_the_first_sample_is_in_it() {
        let (metrics, memory) = (Arc::new(Metrics::new(1)), Arc::new(Memory::new(1, 0, true)));
        metrics.row(0).record(&exchange());
        memory.lane(0).took(10);
        let series = Arc::new(Series::default());
        let running = Arc::clone(&series).run(metrics, memory, Admission::new(9, 9, 0));
        let running = tokio::spawn(running);
        let deadline = Instant::now() + EVERY * 20;
        while series.after(0).is_empty() && Instant::now() < deadline {
            tokio::time::sleep(EVERY / 20).await;
        }
        running.abort();
        assert_eq!(series.after(0)[0].counted.requests, 1);
    }

    #[test]
    fn requests_are_told_with_their_durations_or_not_yet() {
        let (metrics, memory) = (Metrics::new(1), Memory::new(1, 0, true));
        metrics.row(0).record(&exchange());
        let between = Seen::at(&metrics, &memory);
        memory.lane(0).took(10);
        let after = Seen::at(&metrics, &memory);
        for (before, now) in [(&Seen::default(), &between), (&between, &after)] {
            let told = sample(before, now, 0);
            assert_eq!(told.counted.requests > 0, told.percentiles[0].is_some(), "{told:?}");
        }
    }
}
