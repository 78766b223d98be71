//! `[[route]]` as meant: which requests go to which upstream.

use super::{RateLimit, RouteCache};

/// Sends requests for a host and a path to an upstream: `[[route]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host in lower case without a port: exact, or `*.` and a domain for every name
    /// below it. None: any host.
    pub host: Option<String>,
    /// The prefix a path must begin with; begins with `/`. The longest one wins.
    pub path: String,
    /// The index of the upstream in [`super::Config::upstreams`].
    pub upstream: usize,
    /// Bytes of a request body on this route, 0 for no limit. None: the gateway's limit.
    pub body_bytes: Option<u64>,
    /// How often it may be asked. None: as often as anybody likes.
    pub rate_limit: Option<RateLimit>,
    /// How its responses are kept. None: they are not.
    pub cache: Option<RouteCache>,
}

impl Route {
    /// A route that takes every request to the upstream of this index and caches nothing.
    #[must_use]
    pub fn everything(upstream: usize) -> Self {
        Self {
            host: None,
            path: "/".to_owned(),
            upstream,
            body_bytes: None,
            rate_limit: None,
            cache: None,
        }
    }
}
