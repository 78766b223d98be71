//! `[cache]` and the `cache` of a route as meant: where responses are kept, and what of them.

use std::path::PathBuf;
use std::time::Duration;

use tombolo_cache::credentials::FieldPatterns;
use tombolo_cache::key::KeyRules;
use tombolo_cache::policy::{Policy, SetCookie};

use super::Config;

/// Where responses are kept and how much of them: `[cache]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// The directory of the files, relative to the one the program runs in.
    pub dir: PathBuf,
    /// The most bytes of files.
    pub max_size: u64,
    /// The most bytes of responses held in memory beside the files.
    pub memory: u64,
    /// The most bytes of a body that is kept; at most `max_size`.
    pub max_object: u64,
    /// What holds on routes that say nothing else.
    pub policy: Policy,
}

impl Cache {
    /// The directory unless the file or `--cache-dir` says otherwise.
    pub const DEFAULT_DIR: &'static str = "cache";
    /// The most bytes of files unless the file says otherwise: 1 GiB.
    pub const DEFAULT_MAX_SIZE: u64 = 1 << 30;
    /// The most bytes in memory unless the file says otherwise: 128 MiB.
    pub const DEFAULT_MEMORY: u64 = 128 << 20;
    /// The least `max_size` can be: 1 MiB.
    pub const MAX_SIZE_MIN: u64 = 1 << 20;
    /// The least `max_object` can be, in bytes.
    pub const MAX_OBJECT_MIN: u64 = 1 << 10;
    /// The longest any of its times can be: a year.
    pub const TIME_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

    /// The most bytes of one body when only `max_size` is said: an eighth, so that one response
    /// does not push out most of the others.
    #[must_use]
    pub const fn default_max_object(max_size: u64) -> u64 {
        max_size / 8
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            dir: Self::DEFAULT_DIR.into(),
            max_size: Self::DEFAULT_MAX_SIZE,
            memory: Self::DEFAULT_MEMORY,
            max_object: Self::default_max_object(Self::DEFAULT_MAX_SIZE),
            policy: Policy::default(),
        }
    }
}

/// How the responses of one route are kept: `cache` of `[[route]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteCache {
    /// Which requests share a response.
    pub key: KeyRules,
    /// How long responses are fresh: that of [`Cache`], and over it what the route says.
    pub policy: Policy,
    /// The requests that pass the cache by.
    pub bypass: CacheBypass,
}

/// Requests that are neither answered from the cache nor stored in it. One of all these is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheBypass {
    /// With a cookie of one of these names, compared byte by byte.
    pub cookies: Vec<String>,
    /// With one of these header fields; names in lower case.
    pub headers: Vec<String>,
    /// For one of these paths or below it, in whole segments. Each begins with the path of its
    /// route and is longer.
    pub paths: Vec<String>,
}

/// What is said about caching, before the flags: whether a route caches can depend on them.
#[derive(Debug, Default)]
pub(super) struct Caching {
    /// `[cache]`; None without the table.
    pub(super) table: Option<Cache>,
    /// What each route says, in the order of the routes; further routes say nothing.
    pub(super) routes: Vec<Said>,
}

/// What one route says about caching.
#[derive(Debug, Default)]
pub(super) enum Said {
    /// Nothing: it caches if there is a `[cache]` table or a flag.
    #[default]
    Nothing,
    /// `false`.
    No,
    /// `true`, or a table.
    Yes(Own),
}

/// What a route has of its own.
#[derive(Debug, Default)]
pub(super) struct Own {
    pub(super) ttl: Option<u32>,
    pub(super) heuristic: Option<bool>,
    pub(super) ttl_not_found: Option<u32>,
    pub(super) set_cookie: Option<SetCookie>,
    pub(super) credential_headers: Option<FieldPatterns>,
    pub(super) key: KeyRules,
    pub(super) bypass: CacheBypass,
}

impl Caching {
    /// Decides for each route; the configuration has a cache exactly when one of them does.
    pub(super) fn settle(self, config: &mut Config) {
        let everywhere = self.table.is_some();
        let cache = self.table.unwrap_or_default();
        let said = self.routes.into_iter().chain(std::iter::repeat_with(Said::default));
        for (route, said) in config.routes.iter_mut().zip(said) {
            route.cache = match said {
                Said::Yes(own) => Some(own.over(&cache.policy)),
                Said::Nothing if everywhere => Some(Own::default().over(&cache.policy)),
                Said::Nothing | Said::No => None,
            };
        }
        let Config { routes, upstreams, .. } = &mut *config;
        for route in routes {
            let upstream = upstreams.get(route.upstream);
            let sticky = upstream.and_then(|upstream| upstream.sticky.as_ref());
            if let (Some(cache), Some(sticky)) = (&mut route.cache, sticky) {
                cache.policy.own_cookie = Some(sticky.cookie.as_str().into());
            }
        }
        config.cache = config.routes.iter().any(|route| route.cache.is_some()).then_some(cache);
    }
}

impl Own {
    fn over(self, policy: &Policy) -> RouteCache {
        let policy = Policy {
            default_lifetime: self.ttl.or(policy.default_lifetime),
            heuristic: self.heuristic.unwrap_or(policy.heuristic),
            not_found_lifetime: self.ttl_not_found.unwrap_or(policy.not_found_lifetime),
            set_cookie: self.set_cookie.unwrap_or(policy.set_cookie),
            credential_headers: self
                .credential_headers
                .unwrap_or_else(|| policy.credential_headers.clone()),
            ..policy.clone()
        };
        RouteCache { key: self.key, policy, bypass: self.bypass }
    }
}

#[cfg(test)]
mod tests;
