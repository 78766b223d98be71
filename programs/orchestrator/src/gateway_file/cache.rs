//! Writes `[cache]` and the cache of each route.

use std::fmt::{self, Write};

use tombolo_cache::credentials::FieldPatterns;
use tombolo_cache::key::{KeyRules, QueryParameters, QueryRule};
use tombolo_cache::policy::Policy;
use tombolo_daemon::config::{Cache, CacheBypass, RouteCache};

use super::notation::{list, quoted, size};

pub(super) fn write_cache(out: &mut String, cache: &Cache) -> fmt::Result {
    let Cache { dir, max_size, memory, max_object, policy } = cache;
    let Policy {
        default_lifetime,
        not_found_lifetime,
        set_cookie,
        own_cookie: _,
        credential_headers,
        heuristic,
        heuristic_max,
        cookies_without_freshness,
        stale_beside_s_maxage,
        default_stale_if_error,
        soft_purge_window,
    } = policy;
    writeln!(out, "\n[cache]")?;
    writeln!(out, "dir = {}", quoted(&dir.to_string_lossy()))?;
    if let Some(seconds) = default_lifetime {
        writeln!(out, "ttl = \"{seconds}s\"")?;
    }
    writeln!(out, "ttl_not_found = \"{not_found_lifetime}s\"")?;
    writeln!(out, "set_cookie = \"{}\"", set_cookie.name())?;
    writeln!(out, "credential_headers = {}", list(&patterns(credential_headers)))?;
    writeln!(out, "max_size = {}", size(*max_size))?;
    writeln!(out, "memory = {}", size(*memory))?;
    writeln!(out, "max_object = {}", size(*max_object))?;
    writeln!(out, "heuristic = {heuristic}")?;
    writeln!(out, "heuristic_max = \"{heuristic_max}s\"")?;
    writeln!(out, "stale_if_error = \"{default_stale_if_error}s\"")?;
    writeln!(out, "soft_purge_window = \"{soft_purge_window}s\"")?;
    writeln!(out, "cookies_without_freshness = {cookies_without_freshness}")?;
    writeln!(out, "stale_beside_s_maxage = {stale_beside_s_maxage}")
}

/// The end of a route: what is said after a header of its own cannot be said of the route.
pub(super) fn write_route_cache(out: &mut String, cache: Option<&RouteCache>) -> fmt::Result {
    let Some(RouteCache { key: KeyRules { query }, policy, bypass }) = cache else {
        return writeln!(out, "cache = false");
    };
    // The rest of a route's policy is that of [cache].
    let Policy {
        default_lifetime,
        heuristic,
        not_found_lifetime,
        set_cookie,
        credential_headers,
        ..
    } = policy;
    let CacheBypass { cookies, headers, paths } = bypass;
    writeln!(out, "[route.cache]")?;
    if let Some(seconds) = default_lifetime {
        writeln!(out, "ttl = \"{seconds}s\"")?;
    }
    writeln!(out, "heuristic = {heuristic}")?;
    writeln!(out, "ttl_not_found = \"{not_found_lifetime}s\"")?;
    writeln!(out, "set_cookie = \"{}\"", set_cookie.name())?;
    writeln!(out, "credential_headers = {}", list(&patterns(credential_headers)))?;
    match query {
        QueryRule::Exact => writeln!(out, "query = \"exact\"")?,
        QueryRule::Ignore => writeln!(out, "query = \"ignore\"")?,
        QueryRule::Parameters(QueryParameters { sort, ignore, keep }) => {
            writeln!(out, "sort_query = {sort}")?;
            writeln!(out, "ignore_query = {}", list(&names(ignore)))?;
            writeln!(out, "keep_query = {}", list(&names(keep)))?;
        }
    }
    writeln!(out, "bypass_cookies = {}", list(cookies))?;
    writeln!(out, "bypass_headers = {}", list(headers))?;
    writeln!(out, "bypass_paths = {}", list(paths))
}

fn patterns(of: &FieldPatterns) -> Vec<String> {
    of.texts().map(str::to_owned).collect()
}

/// Names of parameters are ASCII: the configuration was refused otherwise.
fn names(bytes: &[Box<[u8]>]) -> Vec<String> {
    bytes.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}
