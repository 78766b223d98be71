//! Requests in flight. Owns the counts, one row per worker, and adds them up when asked.
//!
//! Each worker writes only its own row, with plain loads and stores: no atomic addition and no
//! cache line that two cores write. Rows are made of whole lines of 128 bytes, since processors
//! fetch lines of 64 in pairs. Whoever reads sums over the workers and may see a request that has
//! just begun or ended as not yet so; that is as good as the truth for choosing.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

const IN_FLIGHT_PER_LINE: usize = 32;
const TOTALS_PER_LINE: usize = 16;

#[derive(Debug, Default)]
#[repr(align(128))]
struct InFlightLine([AtomicU32; IN_FLIGHT_PER_LINE]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct TotalsLine([AtomicU64; TOTALS_PER_LINE]);

/// What one worker counts, for every server.
#[derive(Debug)]
struct Row {
    in_flight: Box<[InFlightLine]>,
    totals: Box<[TotalsLine]>,
}

/// All workers' counts: about 12 bytes for each worker and server.
#[derive(Debug)]
pub(crate) struct Flight {
    rows: Box<[Row]>,
}

impl Flight {
    pub(crate) fn new(workers: usize, servers: usize) -> Flight {
        let row = |_| Row {
            in_flight: lines(servers, IN_FLIGHT_PER_LINE),
            totals: lines(servers, TOTALS_PER_LINE),
        };
        Flight { rows: (0..workers.max(1)).map(row).collect() }
    }

    /// A request starts.
    #[inline]
    pub(crate) fn begin(&self, worker: usize, server: usize) {
        let Some(row) = self.rows.get(worker) else { return };
        if let (Some(in_flight), Some(total)) = (row.in_flight(server), row.total(server)) {
            in_flight.store(in_flight.load(Relaxed).wrapping_add(1), Relaxed);
            total.store(total.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }

    /// A request is over.
    #[inline]
    pub(crate) fn end(&self, worker: usize, server: usize) {
        if let Some(in_flight) = self.rows.get(worker).and_then(|row| row.in_flight(server)) {
            in_flight.store(in_flight.load(Relaxed).wrapping_sub(1), Relaxed);
        }
    }

    /// Over all workers. The sum wraps: if requests were begun on one worker and ended on another
    /// it would still be right, and a reading taken in between is never below zero.
    #[inline]
    pub(crate) fn in_flight(&self, server: usize) -> u32 {
        let each = self.rows.iter().filter_map(|row| row.in_flight(server));
        let sum = each.fold(0u32, |sum, count| sum.wrapping_add(count.load(Relaxed)));
        sum.cast_signed().max(0).cast_unsigned()
    }

    /// Requests ever begun, over all workers.
    pub(crate) fn total(&self, server: usize) -> u64 {
        let each = self.rows.iter().filter_map(|row| row.total(server));
        each.fold(0, |sum, count| sum.wrapping_add(count.load(Relaxed)))
    }
}

impl Row {
    #[inline]
    fn in_flight(&self, server: usize) -> Option<&AtomicU32> {
        self.in_flight.get(server / IN_FLIGHT_PER_LINE)?.0.get(server % IN_FLIGHT_PER_LINE)
    }

    #[inline]
    fn total(&self, server: usize) -> Option<&AtomicU64> {
        self.totals.get(server / TOTALS_PER_LINE)?.0.get(server % TOTALS_PER_LINE)
    }
}

fn lines<Line: Default>(servers: usize, per_line: usize) -> Box<[Line]> {
    (0..servers.div_ceil(per_line)).map(|_| Line::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_summed_over_the_workers() {
        let flight = Flight::new(3, 40);
        for worker in 0..3 {
            flight.begin(worker, 39);
            flight.begin(worker, 39);
        }
        flight.end(1, 39);
        assert_eq!((flight.in_flight(39), flight.total(39)), (5, 6));
        assert_eq!((flight.in_flight(38), flight.total(38)), (0, 0));
    }

    #[test]
    fn a_worker_or_server_that_does_not_exist_changes_nothing() {
        let flight = Flight::new(1, 2);
        flight.begin(1, 0);
        flight.begin(0, 4096);
        flight.end(9, 9);
        assert_eq!((flight.in_flight(0), flight.in_flight(1), flight.in_flight(4096)), (0, 0, 0));
    }

    #[test]
    fn an_end_too_many_reads_as_none_in_flight() {
        let flight = Flight::new(2, 1);
        flight.end(0, 0);
        assert_eq!(flight.in_flight(0), 0);
        flight.begin(1, 0);
        flight.begin(1, 0);
        assert_eq!(flight.in_flight(0), 1);
    }

    #[test]
    fn no_update_is_lost_when_all_workers_count_at_once() {
        let flight = Flight::new(4, 3);
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let flight = &flight;
                scope.spawn(move || {
                    for turn in 0..30_000 {
                        flight.begin(worker, turn % 3);
                        if turn % 2 == 0 {
                            flight.end(worker, turn % 3);
                        }
                    }
                });
            }
        });
        let sum = |count: &dyn Fn(usize) -> u64| (0..3).map(count).sum::<u64>();
        assert_eq!(sum(&|server| flight.total(server)), 120_000);
        assert_eq!(sum(&|server| u64::from(flight.in_flight(server))), 60_000);
    }
}
