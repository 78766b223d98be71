//! What is counted of a route. It goes on over reloads for as long as there is a route of that host
//! and path.

use super::Exchange;
use super::count::Count;
use super::duration::{Durations, Histogram};
use super::labels::Class;

/// What one thread counts; only that thread writes there. On lines of its own (128 bytes, since
/// processors fetch lines of 64 in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
struct Row {
    requests: [Count; Class::COUNT],
    durations: Durations,
    bytes_in: Count,
    bytes_out: Count,
    refused_by_rate: Count,
}

/// The counters of one route: 256 bytes for each thread.
#[derive(Debug)]
pub(crate) struct RouteCounts(Box<[Row]>);

impl RouteCounts {
    /// For so many threads.
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..workers.max(1)).map(|_| Row::default()).collect())
    }

    /// Counts an exchange that has ended on the thread `worker`.
    #[inline]
    pub(crate) fn record(&self, worker: usize, exchange: &Exchange<'_>) {
        let Some(row) = self.0.get(worker) else { return };
        if let Some(count) = row.requests.get(Class::of(exchange.status) as usize) {
            count.add(1);
        }
        row.durations.record(exchange.duration_micros);
        row.bytes_in.add(exchange.bytes_in);
        row.bytes_out.add(exchange.bytes_out);
    }

    /// Counts a request that was beyond the route's rate limit, on the thread `worker`.
    pub(crate) fn refused_by_rate(&self, worker: usize) {
        if let Some(row) = self.0.get(worker) {
            row.refused_by_rate.add(1);
        }
    }

    pub(super) fn refusals_by_rate(&self) -> u64 {
        self.sum(|row| row.refused_by_rate.get())
    }

    pub(super) fn requests(&self, class: Class) -> u64 {
        self.sum(|row| row.requests.get(class as usize).map_or(0, Count::get))
    }

    pub(super) fn bytes_in(&self) -> u64 {
        self.sum(|row| row.bytes_in.get())
    }

    pub(super) fn bytes_out(&self) -> u64 {
        self.sum(|row| row.bytes_out.get())
    }

    pub(super) fn durations(&self) -> Histogram {
        let mut histogram = Histogram::default();
        self.0.iter().for_each(|row| histogram.add(&row.durations));
        histogram
    }

    fn sum(&self, of: impl Fn(&Row) -> u64) -> u64 {
        self.0.iter().fold(0, |sum, row| sum.wrapping_add(of(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_added_up() {
        let exchange = Exchange {
            status: 200,
            duration_micros: 700,
            bytes_in: 3,
            bytes_out: 40,
            cache: None,
            error: None,
        };
        let counts = RouteCounts::new(2);
        counts.record(0, &exchange);
        counts.record(1, &exchange);
        counts.record(1, &Exchange { status: 404, ..exchange });
        counts.record(7, &exchange);
        for worker in [0, 1, 1, 7] {
            counts.refused_by_rate(worker);
        }
        assert_eq!(counts.refusals_by_rate(), 3);
        assert_eq!(counts.requests(Class::Successful), 2);
        assert_eq!(counts.requests(Class::ClientError), 1);
        assert_eq!((counts.bytes_in(), counts.bytes_out()), (9, 120));
        let histogram = counts.durations();
        assert_eq!((histogram.buckets[1], histogram.micros), (3, 2100));
    }

    #[test]
    fn threads_write_whole_lines() {
        assert_eq!(size_of::<Row>(), 256);
    }
}
