//! Requests in flight. Owns the counts, one row per worker, and adds them up when asked.
//!
//! Each worker writes only its own row, with plain loads and stores: no atomic addition and no
//! cache line that two cores write. Rows are made of pages of whole lines of 128 bytes, since
//! processors fetch lines of 64 in pairs. Whoever reads sums over the workers and may see a request
//! that has just begun or ended as not yet so; that is as good as the truth for choosing.
//!
//! A list of servers that takes the place of another shares the other's pages: a server that is in
//! both keeps its slot, so what was begun by the old list and ends later is counted right in the
//! new one.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

const SLOTS_PER_PAGE: usize = 32;

/// What one worker counts, for so many servers.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Page {
    in_flight: [AtomicU32; SLOTS_PER_PAGE],
    totals: [AtomicU64; SLOTS_PER_PAGE],
}

type Row = Box<[Arc<Page>]>;

/// Where the counts of a server are.
#[derive(Clone, Copy, Debug)]
struct Slot {
    place: usize,
    /// The total of those who had the slot before.
    base: u64,
}

/// All workers' counts: about 12 bytes for each worker and server.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    /// For each worker.
    rows: Box<[Row]>,
    /// For each server.
    slots: Box<[Slot]>,
}

impl Flight {
    pub(crate) fn new(workers: usize, servers: usize) -> Flight {
        let row = |_| pages(servers.div_ceil(SLOTS_PER_PAGE)).collect();
        let slots = (0..servers).map(|place| Slot { place, base: 0 });
        Flight { rows: (0..workers.max(1)).map(row).collect(), slots: slots.collect() }
    }

    /// For a list that takes the place of this one. `kept` tells for each of its servers which of
    /// this list it is, if any.
    pub(crate) fn succeeded(&self, kept: &[Option<usize>]) -> Flight {
        let slot_of = |server: &Option<usize>| self.slots.get((*server)?).copied();
        let slots: Vec<Option<Slot>> = kept.iter().map(slot_of).collect();
        let taken: HashSet<usize> = slots.iter().flatten().map(|slot| slot.place).collect();
        // A slot whose last requests are still under way is left to them.
        let mut free = (0..).filter(|place| !taken.contains(place) && self.sum(*place) == 0);
        let mut fresh = || {
            let place = free.next().unwrap_or(usize::MAX);
            Slot { place, base: self.ever(place) }
        };
        let slots: Box<[Slot]> =
            slots.into_iter().map(|slot| slot.unwrap_or_else(&mut fresh)).collect();
        let most = slots.iter().map(|slot| slot.place.saturating_add(1)).max().unwrap_or(0);
        let grown = |row: &[Arc<Page>]| -> Row {
            let missing = most.div_ceil(SLOTS_PER_PAGE).saturating_sub(row.len());
            row.iter().cloned().chain(pages(missing)).collect()
        };
        Flight { rows: self.rows.iter().map(|row| grown(row)).collect(), slots }
    }

    /// A request starts.
    #[inline]
    pub(crate) fn begin(&self, worker: usize, server: usize) {
        let Some(slot) = self.slots.get(server) else { return };
        let Some(page) = self.page(worker, slot.place) else { return };
        let place = slot.place % SLOTS_PER_PAGE;
        if let (Some(in_flight), Some(total)) = (page.in_flight.get(place), page.totals.get(place))
        {
            in_flight.store(in_flight.load(Relaxed).wrapping_add(1), Relaxed);
            total.store(total.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }

    /// A request is over.
    #[inline]
    pub(crate) fn end(&self, worker: usize, server: usize) {
        let Some(slot) = self.slots.get(server) else { return };
        let page = self.page(worker, slot.place);
        if let Some(count) = page.and_then(|page| page.in_flight.get(slot.place % SLOTS_PER_PAGE)) {
            count.store(count.load(Relaxed).wrapping_sub(1), Relaxed);
        }
    }

    /// Over all workers. The sum wraps: if requests were begun on one worker and ended on another
    /// it would still be right, and a reading taken in between is never below zero.
    #[inline]
    pub(crate) fn in_flight(&self, server: usize) -> u32 {
        self.slots.get(server).map_or(0, |slot| self.sum(slot.place))
    }

    /// Requests ever begun, over all workers.
    pub(crate) fn total(&self, server: usize) -> u64 {
        self.slots.get(server).map_or(0, |slot| self.ever(slot.place).wrapping_sub(slot.base))
    }

    #[inline]
    fn page(&self, worker: usize, place: usize) -> Option<&Page> {
        self.rows.get(worker)?.get(place / SLOTS_PER_PAGE).map(AsRef::as_ref)
    }

    #[inline]
    fn sum(&self, place: usize) -> u32 {
        let pages = self.rows.iter().filter_map(|row| row.get(place / SLOTS_PER_PAGE));
        let each = pages.filter_map(|page| page.in_flight.get(place % SLOTS_PER_PAGE));
        let sum = each.fold(0u32, |sum, count| sum.wrapping_add(count.load(Relaxed)));
        sum.cast_signed().max(0).cast_unsigned()
    }

    fn ever(&self, place: usize) -> u64 {
        let pages = self.rows.iter().filter_map(|row| row.get(place / SLOTS_PER_PAGE));
        let each = pages.filter_map(|page| page.totals.get(place % SLOTS_PER_PAGE));
        each.fold(0, |sum, count| sum.wrapping_add(count.load(Relaxed)))
    }
}

fn pages(count: usize) -> impl Iterator<Item = Arc<Page>> {
    (0..count).map(|_| Arc::default())
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

    #[test]
    fn a_kept_server_keeps_its_counts_and_a_new_one_begins_at_none() {
        let before = Flight::new(2, 3);
        for server in [0, 1, 1, 2] {
            before.begin(0, server);
        }
        before.end(0, 2);
        // The first goes with a request under way, the last goes idle, two come.
        let after = before.succeeded(&[None, Some(1), None]);
        assert_eq!([0, 1, 2].map(|server| after.in_flight(server)), [0, 2, 0]);
        assert_eq!([0, 1, 2].map(|server| after.total(server)), [0, 2, 0]);
        after.begin(1, 0);
        after.begin(1, 2);
        before.end(0, 0);
        before.end(0, 1);
        assert_eq!([0, 1, 2].map(|server| after.in_flight(server)), [1, 1, 1]);
        assert_eq!(before.in_flight(1), 1, "they share it");
    }

    #[test]
    fn slots_of_those_who_left_are_used_again() {
        let mut flight = Flight::new(1, 30);
        for turn in 0..200 {
            flight.begin(0, turn % 30);
            flight.end(0, turn % 30);
            let kept: Vec<Option<usize>> = (0..30).map(|n| (n % 2 == 0).then_some(n)).collect();
            flight = flight.succeeded(&kept);
        }
        assert!(flight.rows[0].len() <= 2, "{} pages", flight.rows[0].len());
    }

    #[test]
    fn a_longer_list_has_pages_for_all() {
        let flight = Flight::new(2, 1);
        let longer = flight.succeeded(&[Some(0)].into_iter().chain([None; 99]).collect::<Vec<_>>());
        (0..100).for_each(|server| longer.begin(1, server));
        assert!((0..100).all(|server| longer.in_flight(server) == 1));
    }
}
