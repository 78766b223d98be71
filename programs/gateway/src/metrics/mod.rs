//! What is counted while the gateway serves, and how it is told to Prometheus.
//!
//! Owns the counters of the data plane and the text of `GET /metrics`. Counting costs the request
//! path a few plain loads and stores: each data-plane thread writes only its own rows, and whoever
//! reads adds them up. Refuses any label that a client could choose: all series are fixed by the
//! configuration, so nobody can make them many.
//!
//! | file | one idea |
//! |---|---|
//! | `count.rs` | a number that one thread writes and others read |
//! | `row.rs`, `route.rs`, `attempts.rs` | what each thread counts: of all its exchanges, of a route, of a server |
//! | `duration.rs` | a histogram with fixed bounds |
//! | `error_reason.rs` | what made an answer that tells of trouble |
//! | `exemplars.rs` | for each bucket a request that fell into it |
//! | `labels.rs` | the words by which series are told apart |
//! | `exposition.rs` | the text form: names, types, units, escapes |
//! | `gateway.rs`, `upstream.rs`, `health.rs`, `overload.rs`, `tcp.rs`, `cache.rs`, `traces.rs`, `replicas.rs`, `process.rs` | the families of each part |

mod attempts;
mod cache;
mod count;
mod duration;
mod error_reason;
mod exemplars;
mod exposition;
mod gateway;
mod health;
mod labels;
mod overload;
mod process;
mod replicas;
mod route;
mod row;
mod tcp;
mod traces;
mod upstream;

pub(crate) use attempts::Attempts;
pub(crate) use error_reason::ErrorReason;
pub(crate) use exemplars::Exemplars;
pub(crate) use exposition::{Exposition, Form};
pub(crate) use gateway::{Gauges, write_gateway};
pub(crate) use health::write_health;
pub(crate) use labels::{NO_ROUTE, Outcome};
pub(crate) use overload::write_overload;
pub(crate) use process::write_process;
pub(crate) use replicas::write_replicas;
pub(crate) use route::RouteCounts;
pub(crate) use row::{Exchange, Row};

pub(crate) use cache::write_cache;
pub(crate) use tcp::write_tcp;
pub(crate) use traces::write_traces;
pub(crate) use upstream::UpstreamTimes;

use labels::CACHE_RESULTS;
use std::sync::Arc;

/// The counters of all data-plane threads. Those of routes and servers are theirs.
pub(crate) struct Metrics {
    rows: Vec<Arc<Row>>,
}

/// Counts over all routes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    /// Answered with 4xx, or left by their client.
    pub(crate) client_errors: u64,
    /// Answered with 5xx.
    pub(crate) server_errors: u64,
    /// Requests that the cache might have answered.
    pub(crate) cache_asked: u64,
    /// Of these, answered without asking a server for them.
    pub(crate) cache_hits: u64,
}

impl Totals {
    /// What was counted since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            client_errors: self.client_errors.saturating_sub(earlier.client_errors),
            server_errors: self.server_errors.saturating_sub(earlier.server_errors),
            cache_asked: self.cache_asked.saturating_sub(earlier.cache_asked),
            cache_hits: self.cache_hits.saturating_sub(earlier.cache_hits),
        }
    }
}

impl Metrics {
    /// Counters for `workers` threads.
    pub(crate) fn new(workers: usize) -> Self {
        Self { rows: (0..workers.max(1)).map(|_| Arc::default()).collect() }
    }

    /// The counters of one thread, which alone may write them.
    pub(crate) fn row(&self, worker: usize) -> Arc<Row> {
        // A thread beyond those asked for counts where nobody reads.
        self.rows.get(worker).map(Arc::clone).unwrap_or_default()
    }

    /// Requests answered since the start.
    pub(crate) fn requests(&self) -> u64 {
        self.sum(Row::requests)
    }

    /// What was counted since the start.
    pub(crate) fn totals(&self) -> Totals {
        let cache = |is: fn(&str) -> bool| {
            let places = CACHE_RESULTS.iter().enumerate().filter(|(_, result)| is(result));
            places.map(|(place, _)| self.sum(|row| row.cache(place))).sum()
        };
        Totals {
            requests: self.requests(),
            client_errors: self.sum(Row::client_errors),
            server_errors: self.sum(Row::server_errors),
            cache_asked: cache(|result| !matches!(result, "bypass" | "method")),
            cache_hits: cache(|result| matches!(result, "hit" | "stale-hit" | "collapsed")),
        }
    }

    fn sum(&self, of: impl Fn(&Row) -> u64) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.wrapping_add(of(row)))
    }
}
