//! `[[route]]` as meant: which requests go to which upstream.

use super::{ExchangeLimits, ExchangeTimeouts, RateLimit, RouteCache};

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
    /// In which form the path is sent upstream.
    pub forward_path: ForwardPath,
    /// How long an exchange may take, where that differs from the upstream's.
    pub timeouts: ExchangeTimeouts,
    /// How much of an exchange is accepted, where that differs from the upstream's.
    pub limits: ExchangeLimits,
    /// How often it may be asked: all of them hold. Without any: as often as anybody likes.
    pub rate_limits: Vec<RateLimit>,
    /// How its responses are kept. None: they are not.
    pub cache: Option<RouteCache>,
}

/// In which form the path of a request is sent upstream. Routes, limits and the cache compare the
/// normal form whatever is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardPath {
    /// As the client wrote it, without dot segments.
    #[default]
    Resolved,
    /// As the client wrote it.
    AsSent,
    /// In normal form.
    Normal,
}

impl ForwardPath {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Resolved, Self::AsSent, Self::Normal];

    /// The word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::AsSent => "as-sent",
            Self::Normal => "normal",
        }
    }
}

impl Route {
    /// A route that takes every request to the upstream of this index and caches nothing.
    #[must_use]
    pub fn everything(upstream: usize) -> Self {
        Self {
            host: None,
            path: "/".to_owned(),
            upstream,
            forward_path: ForwardPath::default(),
            timeouts: ExchangeTimeouts::default(),
            limits: ExchangeLimits::default(),
            rate_limits: Vec::new(),
            cache: None,
        }
    }
}
