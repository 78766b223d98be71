//! What the routes and servers of a configuration are called. A record has their numbers, which
//! mean something else after a reload: it says of which configuration they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tombolo_daemon::config::{self, Config};

use crate::upstream::Upstream;

/// The names of one configuration.
#[derive(Debug)]
pub(crate) struct Names {
    /// Differs from that of any other configuration of the process; never 0.
    pub(super) serial: u32,
    routes: Vec<String>,
    upstreams: Vec<(String, Vec<String>)>,
}

impl Names {
    pub(crate) fn new(config: &Config, upstreams: &[Arc<Upstream>]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let of_upstream = |upstream: &Arc<Upstream>| {
            let servers = upstream.servers.iter().map(|server| server.name.clone());
            (upstream.name.clone(), servers.collect())
        };
        Self {
            serial: NEXT.fetch_add(1, Ordering::Relaxed).max(1),
            routes: config.routes.iter().map(route_name).collect(),
            upstreams: upstreams.iter().map(of_upstream).collect(),
        }
    }

    /// The route at that place in the configuration.
    pub(crate) fn route(&self, index: usize) -> Option<&str> {
        self.routes.get(index).map(String::as_str)
    }

    pub(super) fn upstream(&self, index: usize) -> Option<&str> {
        self.upstreams.get(index).map(|(name, _)| name.as_str())
    }

    pub(super) fn server(&self, upstream: usize, index: usize) -> Option<&str> {
        self.upstreams.get(upstream)?.1.get(index).map(String::as_str)
    }
}

/// A route as it is called in metrics: its host, if it names one, and its path.
fn route_name(route: &config::Route) -> String {
    format!("{}{}", route.host.as_deref().unwrap_or_default(), route.path)
}
