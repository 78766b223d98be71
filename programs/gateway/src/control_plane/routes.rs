//! Which upstream a request goes to: exact host before wildcard before any, then the longest path.

use std::sync::Arc;

use tombolo_daemon::config::{self, Config, ForwardPath, RouteCache};
use tombolo_http1::normal;

use super::Bounds;

use crate::metrics::{NO_ROUTE, RouteCounts};
use crate::rate_limit::{Limiter, Table};

/// A route as the request path uses it.
pub(crate) struct Route {
    /// Its place in the configuration.
    pub(crate) index: usize,
    host: Host,
    path: String,
    /// Index of the upstream.
    pub(crate) upstream: usize,
    /// What its exchanges may take.
    pub(crate) bounds: Bounds,
    /// How often it may be asked; none: as often as anybody likes.
    pub(crate) limiter: Option<Limiter>,
    /// How it caches; none: it does not.
    pub(crate) cache: Option<RouteCache>,
    /// In which form the path is sent upstream.
    pub(crate) forward_path: ForwardPath,
}

#[derive(Debug, PartialEq, Eq)]
enum Host {
    Exact(String),
    /// `*.example.org`, kept as `.example.org`.
    Below(String),
    Any,
}

/// All routes, the most particular first: the first that fits is the one.
pub(crate) struct Routes {
    ordered: Vec<Route>,
    /// Name and counters of each, in the order of the configuration.
    counted: Vec<(String, Arc<RouteCounts>)>,
    /// Counts requests that fit no route, or whose head could not be read.
    unrouted: Arc<RouteCounts>,
    /// The buckets of all rate limits, once there was one.
    buckets: Option<Arc<Table>>,
}

impl Routes {
    /// `previous` are those that these take the place of: a route of the same host and path goes
    /// on counting.
    pub(crate) fn new(config: &Config, workers: usize, previous: Option<&Self>) -> Self {
        let routes = config.routes.as_slice();
        let is_limited = routes.iter().any(|route| !route.rate_limits.is_empty());
        let buckets = previous.and_then(|previous| previous.buckets.clone());
        let buckets = buckets.or_else(|| is_limited.then(|| Arc::new(Table::new())));
        let limiter = |route: &config::Route| {
            let limited = !route.rate_limits.is_empty();
            let buckets = buckets.as_ref().filter(|_| limited)?;
            Some(Limiter::new(&name(route), &route.rate_limits, Arc::clone(buckets)))
        };
        let mut ordered: Vec<Route> = routes
            .iter()
            .enumerate()
            .map(|(index, route)| Route {
                index,
                host: match route.host.as_deref() {
                    None => Host::Any,
                    Some(host) => match host.strip_prefix('*') {
                        Some(below) => Host::Below(below.to_owned()),
                        None => Host::Exact(host.to_owned()),
                    },
                },
                path: route.path.clone(),
                upstream: route.upstream,
                bounds: Bounds::of(route, config),
                limiter: limiter(route),
                cache: route.cache.clone(),
                forward_path: route.forward_path,
            })
            .collect();
        ordered.sort_by_key(|route| {
            let host = match &route.host {
                Host::Exact(_) => (0, 0),
                Host::Below(below) => (1, usize::MAX.saturating_sub(below.len())),
                Host::Any => (2, 0),
            };
            (host, usize::MAX.saturating_sub(route.path.len()))
        });
        let known = |name: &str| {
            previous?.counted.iter().find(|(known, _)| known == name).map(|(_, counts)| counts)
        };
        let fresh = || Arc::new(RouteCounts::new(workers));
        let counted = routes.iter().map(name).map(|name| {
            let counts = known(&name).map_or_else(fresh, Arc::clone);
            (name, counts)
        });
        let unrouted = previous.map_or_else(fresh, |previous| Arc::clone(&previous.unrouted));
        Self { ordered, counted: counted.collect(), unrouted, buckets }
    }

    /// The counters of the route at this place in the configuration, or of requests without one.
    pub(crate) fn counts(&self, route: Option<usize>) -> &RouteCounts {
        let counted = route.and_then(|route| self.counted.get(route));
        counted.map_or(&self.unrouted, |(_, counts)| counts)
    }

    /// Name and counters of each route, and of requests without one.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&str, &RouteCounts)> {
        let routes = self.counted.iter().map(|(name, counts)| (name.as_str(), &**counts));
        routes.chain(std::iter::once((NO_ROUTE, &*self.unrouted)))
    }

    /// The route for a request to `authority` (host, perhaps with a port) and `path` (in normal
    /// form, perhaps with a query).
    pub(crate) fn find(&self, authority: &[u8], path: &[u8]) -> Option<&Route> {
        let host = normal::host(authority);
        self.ordered.iter().find(|route| route.host.fits(&host) && route.takes(path))
    }
}

/// What a route is called: its host and path, of which no other route has both.
pub(crate) fn name(route: &config::Route) -> String {
    format!("{}{}", route.host.as_deref().unwrap_or_default(), route.path)
}

impl Routes {
    /// All routes, in the order in which they are asked, with why each does not fit a request; none
    /// for those that do.
    pub(crate) fn considered(
        &self,
        authority: &[u8],
        path: &[u8],
    ) -> Vec<(&Route, Option<&'static str>)> {
        let host = normal::host(authority);
        let mut told = Vec::with_capacity(self.ordered.len());
        for route in &self.ordered {
            let why = match (route.host.fits(&host), route.takes(path)) {
                (true, true) => None,
                (false, true) => Some("it is for another host"),
                (true, false) => Some("the path does not lie below its path"),
                (false, false) => Some("it is for another host and another path"),
            };
            told.push((route, why));
        }
        told
    }
}

impl Route {
    fn takes(&self, path: &[u8]) -> bool {
        normal::lies_below(self.path.as_bytes(), path)
    }
}

impl Host {
    /// Whether it takes a host in normal form.
    fn fits(&self, host: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => host == exact.as_bytes(),
            Self::Below(below) => {
                host.strip_suffix(below.as_bytes()).is_some_and(|label| !label.is_empty())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(of: &[(Option<&str>, &str)]) -> Routes {
        let written: Vec<config::Route> = of
            .iter()
            .enumerate()
            .map(|(index, (host, path))| config::Route {
                host: host.map(str::to_owned),
                path: (*path).to_owned(),
                ..config::Route::everything(index)
            })
            .collect();
        Routes::new(&Config { routes: written, ..Config::default() }, 1, None)
    }

    fn found(routes: &Routes, host: &str, path: &str) -> Option<usize> {
        routes.find(host.as_bytes(), path.as_bytes()).map(|route| route.upstream)
    }

    #[test]
    fn the_longest_path_wins_at_segment_boundaries() {
        let routes = routes(&[(None, "/"), (None, "/api"), (None, "/api/v2/")]);
        assert_eq!(found(&routes, "x", "/"), Some(0));
        assert_eq!(found(&routes, "x", "/apix"), Some(0));
        assert_eq!(found(&routes, "x", "/api"), Some(1));
        assert_eq!(found(&routes, "x", "/api?q=1"), Some(1));
        assert_eq!(found(&routes, "x", "/api/v1"), Some(1));
        assert_eq!(found(&routes, "x", "/api/v2/things"), Some(2));
    }

    #[test]
    fn a_named_host_goes_before_a_wildcard_before_any() {
        let routes = routes(&[
            (None, "/long/path"),
            (Some("*.example.org"), "/"),
            (Some("www.example.org"), "/"),
        ]);
        assert_eq!(found(&routes, "www.example.org:8080", "/long/path"), Some(2));
        assert_eq!(found(&routes, "WWW.Example.org.", "/"), Some(2));
        assert_eq!(found(&routes, "api.Example.org.:80", "/"), Some(1));
        assert_eq!(found(&routes, "example.org", "/"), None, "a wildcard needs a label");
        assert_eq!(found(&routes, "[::1]:80", "/long/path"), Some(0));
        assert_eq!(found(&routes, "other", "/"), None);
    }
}
