//! What one data-plane thread counts. Only that thread writes here.
//!
//! Each group begins on a line of its own (128 bytes, since processors fetch lines of 64 in pairs),
//! so that two threads never write one line. A row takes 256 bytes for each route and 128 for each
//! server.

use super::count::Count;
use super::duration::{Durations, Histogram};
use super::labels::{CACHE_RESULTS, Class, Outcome};

/// A finished exchange, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<'a> {
    /// Index of the route in the configuration; none: no route fits, or the head was not readable.
    pub(crate) route: Option<usize>,
    /// What the client was sent; 499 if it left before.
    pub(crate) status: u16,
    /// From the first byte of the request to the last of the answer.
    pub(crate) duration_micros: u64,
    /// Bytes of the request's body.
    pub(crate) bytes_in: u64,
    /// Bytes of the answer's body.
    pub(crate) bytes_out: u64,
    /// What the cache did, in a word; none: it had no part.
    pub(crate) cache: Option<&'a str>,
}

/// One thread's counters.
#[derive(Debug)]
pub(crate) struct Row {
    routes: Box<[RouteRow]>,
    backends: Box<[BackendRow]>,
    cache: CacheRow,
}

#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct RouteRow {
    requests: [Count; Class::COUNT],
    durations: Durations,
    bytes_in: Count,
    bytes_out: Count,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct BackendRow([Count; Outcome::COUNT]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct CacheRow([Count; CACHE_RESULTS.len()]);

impl Row {
    /// For so many routes, the one that stands for none included, and servers.
    pub(super) fn new(routes: usize, backends: usize) -> Self {
        Self {
            routes: (0..routes).map(|_| RouteRow::default()).collect(),
            backends: (0..backends).map(|_| BackendRow::default()).collect(),
            cache: CacheRow::default(),
        }
    }

    /// Counts an exchange that has ended.
    #[inline]
    pub(crate) fn record(&self, exchange: &Exchange<'_>) {
        let none = self.routes.len().saturating_sub(1);
        if let Some(route) = self.routes.get(exchange.route.unwrap_or(none)) {
            if let Some(count) = route.requests.get(Class::of(exchange.status) as usize) {
                count.add(1);
            }
            route.durations.record(exchange.duration_micros);
            route.bytes_in.add(exchange.bytes_in);
            route.bytes_out.add(exchange.bytes_out);
        }
        if let Some(result) = exchange.cache {
            let place = CACHE_RESULTS.iter().position(|known| *known == result);
            if let Some(count) = self.cache.0.get(place.unwrap_or(CACHE_RESULTS.len() - 1)) {
                count.add(1);
            }
        }
    }

    /// Counts that a server was asked, and how that ended. `pool` is the server's number.
    #[inline]
    pub(crate) fn attempt(&self, pool: usize, outcome: Outcome) {
        if let Some(count) = self.backends.get(pool).and_then(|row| row.0.get(outcome as usize)) {
            count.add(1);
        }
    }

    pub(super) fn attempts(&self, pool: usize, outcome: Outcome) -> u64 {
        let count = self.backends.get(pool).and_then(|row| row.0.get(outcome as usize));
        count.map_or(0, Count::get)
    }

    pub(super) fn cache(&self, result: usize) -> u64 {
        self.cache.0.get(result).map_or(0, Count::get)
    }

    pub(super) fn route(&self, route: usize) -> Option<&RouteRow> {
        self.routes.get(route)
    }
}

impl RouteRow {
    pub(super) fn requests(&self, class: Class) -> u64 {
        self.requests.get(class as usize).map_or(0, Count::get)
    }

    pub(super) fn bytes_in(&self) -> u64 {
        self.bytes_in.get()
    }

    pub(super) fn bytes_out(&self) -> u64 {
        self.bytes_out.get()
    }

    pub(super) fn add_durations(&self, to: &mut Histogram) {
        to.add(&self.durations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCHANGE: Exchange<'static> = Exchange {
        route: Some(0),
        status: 200,
        duration_micros: 700,
        bytes_in: 3,
        bytes_out: 40,
        cache: None,
    };

    #[test]
    fn an_exchange_is_counted_where_it_belongs() {
        let row = Row::new(2, 0);
        row.record(&EXCHANGE);
        row.record(&Exchange { status: 404, route: None, ..EXCHANGE });
        row.record(&Exchange { route: Some(7), ..EXCHANGE });
        let (first, none) = (row.route(0).unwrap(), row.route(1).unwrap());
        assert_eq!(first.requests(Class::Successful), 1);
        assert_eq!(none.requests(Class::ClientError), 1);
        assert_eq!((first.bytes_in(), first.bytes_out()), (3, 40));
        let mut histogram = Histogram::default();
        first.add_durations(&mut histogram);
        assert_eq!((histogram.buckets[1], histogram.micros), (1, 700));
    }

    #[test]
    fn results_of_the_cache_are_a_closed_set() {
        let row = Row::new(1, 0);
        for cache in ["hit", "hit", "uri-miss", "anything else"] {
            row.record(&Exchange { cache: Some(cache), ..EXCHANGE });
        }
        row.record(&EXCHANGE);
        assert_eq!(row.cache(0), 2);
        assert_eq!(row.cache(1), 1);
        assert_eq!(row.cache(CACHE_RESULTS.len() - 1), 1);
    }

    #[test]
    fn a_server_that_does_not_exist_is_not_counted() {
        let row = Row::new(1, 1);
        row.attempt(0, Outcome::Failed);
        row.attempt(1, Outcome::Failed);
        assert_eq!(row.attempts(0, Outcome::Failed), 1);
        assert_eq!(row.attempts(1, Outcome::Failed), 0);
    }

    #[test]
    fn groups_fill_whole_lines() {
        assert_eq!(size_of::<RouteRow>(), 256);
        assert_eq!(size_of::<BackendRow>(), 128);
    }
}
