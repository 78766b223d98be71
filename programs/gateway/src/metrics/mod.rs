//! What is counted while the gateway serves, and how it is told to Prometheus.
//!
//! Owns the counters of the data plane and the text of `GET /metrics`. Counting costs the request
//! path a few plain loads and stores: each data-plane thread writes only its own [`Row`], and whoever
//! reads adds the rows up. Refuses any label that a client could choose: all series are fixed by the
//! configuration, so nobody can make them many.
//!
//! | file | one idea |
//! |---|---|
//! | `count.rs` | a number that one thread writes and others read |
//! | `row.rs` | what one data-plane thread counts |
//! | `duration.rs` | a histogram with fixed bounds |
//! | `labels.rs` | the words by which series are told apart |
//! | `exposition.rs` | the text form: names, types, units, escapes |
//! | `gateway.rs`, `tcp.rs`, `cache.rs`, `process.rs` | the families of each part |

mod cache;
mod count;
mod duration;
mod exposition;
mod gateway;
mod labels;
mod process;
mod row;
mod tcp;

pub(crate) use exposition::{Exposition, Form};
pub(crate) use gateway::{Gauges, write_gateway};
pub(crate) use labels::{Class, Outcome};
pub(crate) use process::write_process;
pub(crate) use row::{Exchange, Row};

pub(crate) use cache::write_cache;
pub(crate) use tcp::write_tcp;

use std::sync::Arc;

use tombolo_daemon::config::Config;

/// The counters of all data-plane threads, and the names of what they count.
pub(crate) struct Metrics {
    rows: Vec<Arc<Row>>,
    /// For each route of the configuration; the last stands for requests that fit none.
    routes: Vec<String>,
    /// For each server, by its pool: the names of its upstream and of itself.
    backends: Vec<(String, String)>,
}

impl Metrics {
    /// Counters for `workers` threads.
    pub(crate) fn new(config: &Config, workers: usize) -> Self {
        let route = |route: &tombolo_daemon::config::Route| {
            format!("{}{}", route.host.as_deref().unwrap_or_default(), route.path)
        };
        let routes: Vec<String> = config
            .routes
            .iter()
            .map(route)
            .chain(std::iter::once(labels::NO_ROUTE.to_owned()))
            .collect();
        let backends: Vec<(String, String)> = config
            .upstreams
            .iter()
            .flat_map(|upstream| {
                let of = |server: &tombolo_daemon::config::Server| {
                    (upstream.name.clone(), server.as_written.clone())
                };
                upstream.servers.iter().map(of)
            })
            .collect();
        let row = |_| Arc::new(Row::new(routes.len(), backends.len()));
        let rows = (0..workers.max(1)).map(row).collect();
        Self { rows, routes, backends }
    }

    /// The counters of one thread, which alone may write them.
    pub(crate) fn row(&self, worker: usize) -> Arc<Row> {
        // A thread beyond those asked for counts where nobody reads.
        self.rows.get(worker).map(Arc::clone).unwrap_or_else(|| Arc::new(Row::new(0, 0)))
    }

    /// Requests answered since the start, over all routes.
    pub(crate) fn requests(&self) -> u64 {
        let routes = 0..self.routes.len();
        routes.flat_map(|route| Class::ALL.map(|class| self.requests_of(route, class))).sum()
    }

    /// Exchanges with a server that ended so.
    pub(crate) fn attempts(&self, pool: usize, outcome: Outcome) -> u64 {
        self.sum(|row| row.attempts(pool, outcome))
    }

    fn requests_of(&self, route: usize, class: Class) -> u64 {
        self.sum(|row| row.route(route).map_or(0, |route| route.requests(class)))
    }

    fn sum(&self, of: impl Fn(&Row) -> u64) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.wrapping_add(of(row)))
    }
}
