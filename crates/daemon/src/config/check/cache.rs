//! `[cache]`, and the `cache` of a route.

use tombolo_cache::credentials::FieldPatterns;
use tombolo_cache::key::{KeyRules, QueryParameters, QueryRule};
use tombolo_cache::policy::{Policy, SetCookie};

use super::super::cache::{Cache, CacheBypass, Own, Said};
use super::super::keys::QUERY_IGNORE;
use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::quantity;
use super::super::written::reader::{FlagOrTable, Reader};
use super::route::checked_path;
use super::upstream::is_token;

/// `[cache]`; None without it.
pub(super) fn cache(root: &Reader<'_>) -> Option<Cache> {
    let reader = root.table("cache")?;
    let default = Cache::default();
    let size = |name, otherwise| reader.size(name).map_or(otherwise, |bytes| bytes.value);
    let max_size = size("max_size", default.max_size);
    Some(Cache {
        dir: reader.text("dir").map_or(default.dir, |path| path.value.into()),
        max_size,
        memory: size("memory", default.memory),
        max_object: max_object(&reader, max_size),
        policy: policy(&reader, &default.policy),
    })
}

fn max_object(reader: &Reader<'_>, max_size: u64) -> u64 {
    let Some(bytes) = reader.size("max_object") else { return Cache::default_max_object(max_size) };
    if bytes.value > max_size {
        reader.context.mistake(
            Kind::Conflict,
            &bytes.span,
            format!("\"max_object\" is more than \"max_size\", {}", quantity::show_size(max_size)),
            "lower it, or raise max_size: best to several times this",
        );
    }
    bytes.value
}

fn policy(reader: &Reader<'_>, default: &Policy) -> Policy {
    let flag = |name, otherwise| reader.flag(name).map_or(otherwise, |flag| flag.value);
    let time = |name, otherwise| seconds(reader, name).unwrap_or(otherwise);
    Policy {
        default_lifetime: seconds(reader, "ttl"),
        not_found_lifetime: time("ttl_not_found", default.not_found_lifetime),
        set_cookie: set_cookie(reader).unwrap_or(default.set_cookie),
        own_cookie: None,
        credential_headers: credential_headers(reader)
            .unwrap_or_else(|| default.credential_headers.clone()),
        heuristic: flag("heuristic", default.heuristic),
        heuristic_max: time("heuristic_max", default.heuristic_max),
        cookies_without_freshness: flag(
            "cookies_without_freshness",
            default.cookies_without_freshness,
        ),
        stale_beside_s_maxage: flag("stale_beside_s_maxage", default.stale_beside_s_maxage),
        default_stale_if_error: time("stale_if_error", default.default_stale_if_error),
        soft_purge_window: time("soft_purge_window", default.soft_purge_window),
    }
}

fn set_cookie(reader: &Reader<'_>) -> Option<SetCookie> {
    let word = reader.word("set_cookie")?;
    SetCookie::ALL.into_iter().find(|one| one.name() == word.value)
}

/// Names of header fields, some with a `*` at the beginning or the end.
fn credential_headers(reader: &Reader<'_>) -> Option<FieldPatterns> {
    let names = reader.texts("credential_headers")?.value;
    let checked = names.into_iter().filter_map(|name| {
        let text = name.value.strip_prefix('*').or_else(|| name.value.strip_suffix('*'));
        let text = text.unwrap_or(&name.value);
        if is_token(text) && !text.contains('*') {
            return Some(name.value);
        }
        let words = format!("{} is no name for a header field", reader.context.written(&name.span));
        let hint = "use letters, digits, - and _, and * at the beginning or the end alone";
        reader.bad(&name.span, words, hint)
    });
    let names: Vec<String> = checked.collect();
    Some(FieldPatterns::new(names.iter().map(String::as_str)))
}

/// A duration in seconds, which is how ages and lifetimes are told in HTTP.
fn seconds(reader: &Reader<'_>, name: &str) -> Option<u32> {
    let time = reader.time(name)?;
    let seconds = quantity::whole_seconds(time.value);
    if time.value.subsec_nanos() == 0 {
        return Some(seconds);
    }
    let words = format!("{name:?} has a fraction of a second; caches count in whole ones");
    reader.bad(&time.span, words, format!("write \"{seconds}s\""))
}

/// What a route says about caching. `path` is the route's, None when it could not be read.
pub(super) fn of_route(route: &Reader<'_>, path: Option<&str>) -> Said {
    match route.flag_or_table("cache") {
        None => Said::Nothing,
        Some(FlagOrTable::Flag(false)) => Said::No,
        Some(FlagOrTable::Flag(true)) => Said::Yes(Own::default()),
        Some(FlagOrTable::Table(reader)) => Said::Yes(Own {
            ttl: seconds(&reader, "ttl"),
            heuristic: reader.flag("heuristic").map(|flag| flag.value),
            ttl_not_found: seconds(&reader, "ttl_not_found"),
            set_cookie: set_cookie(&reader),
            credential_headers: credential_headers(&reader),
            key: KeyRules { query: query(&reader) },
            bypass: CacheBypass {
                cookies: tokens(&reader, "bypass_cookies", "cookie"),
                headers: tokens(&reader, "bypass_headers", "header field")
                    .into_iter()
                    .map(|name| name.to_ascii_lowercase())
                    .collect(),
                paths: paths(&reader, path),
            },
        }),
    }
}

fn query(reader: &Reader<'_>) -> QueryRule {
    let sort = reader.flag("sort_query");
    let is_sorted = sort.as_ref().is_some_and(|flag| flag.value);
    let ignore = reader.texts("ignore_query");
    let keep = reader.texts("keep_query");
    let word = reader.word("query").filter(|word| word.value == QUERY_IGNORE);
    if let Some(word) = word {
        let filled = |list: &Option<At<Vec<At<String>>>>| {
            list.as_ref().filter(|list| !list.value.is_empty()).map(|list| list.span.clone())
        };
        let sort = sort.filter(|_| is_sorted).map(|flag| flag.span);
        for (name, span) in
            [("sort_query", sort), ("ignore_query", filled(&ignore)), ("keep_query", filled(&keep))]
        {
            let Some(span) = span else { continue };
            reader.context.related(
                Kind::Conflict,
                &span,
                format!("{name:?} means nothing when the whole query is ignored"),
                format!("remove {name}, or query = \"ignore\""),
                Some((&word.span, "the query is ignored")),
            );
        }
        return QueryRule::Ignore;
    }
    let rules = QueryParameters {
        sort: is_sorted,
        ignore: parameters(reader, ignore),
        keep: parameters(reader, keep),
    };
    if rules == QueryParameters::default() {
        QueryRule::Exact
    } else {
        QueryRule::Parameters(rules)
    }
}

/// Names of query parameters as they stand in a URL, perhaps with a `*` at the end.
fn parameters(reader: &Reader<'_>, list: Option<At<Vec<At<String>>>>) -> Vec<Box<[u8]>> {
    let names = list.map(|list| list.value).unwrap_or_default();
    let checked = names.into_iter().filter_map(|name| {
        let bytes = name.value.strip_suffix('*').unwrap_or(&name.value).as_bytes();
        let hint = if name.value.is_empty() {
            "write the name of a parameter, say \"utm_source\", or remove it"
        } else if bytes.contains(&b'*') {
            "write * only at the end, as in \"utm_*\""
        } else if bytes.iter().any(|byte| b"=&?#".contains(byte)) {
            "write the name alone: what stands before the = sign"
        } else if !bytes.iter().all(u8::is_ascii_graphic) {
            "write other characters percent-encoded, as they stand in a URL"
        } else if bytes.len() > PARAMETER_BYTES_MAX {
            "write at most 256 characters"
        } else {
            return Some(name.value.into_bytes().into_boxed_slice());
        };
        let words = format!("{} is no name of a parameter", reader.context.written(&name.span));
        reader.bad(&name.span, words, hint)
    });
    checked.collect()
}

/// The most bytes of the name of a query parameter.
const PARAMETER_BYTES_MAX: usize = 256;

/// Names of cookies or header fields.
fn tokens(reader: &Reader<'_>, key: &str, what: &str) -> Vec<String> {
    let names = reader.texts(key).map(|list| list.value).unwrap_or_default();
    let checked = names.into_iter().filter_map(|name| {
        if is_token(&name.value) {
            return Some(name.value);
        }
        let words = format!("{} is no name for a {what}", reader.context.written(&name.span));
        reader.bad(&name.span, words, "use letters, digits, - and _")
    });
    checked.collect()
}

/// Paths below the route's own.
fn paths(reader: &Reader<'_>, route: Option<&str>) -> Vec<String> {
    let paths = reader.texts("bypass_paths").map(|list| list.value).unwrap_or_default();
    let checked = paths.into_iter().filter_map(|path| {
        let span = path.span.clone();
        let path = checked_path(reader, path)?;
        let Some(route) = route.filter(|route| !is_below(&path, route)) else { return Some(path) };
        let written = reader.context.written(&span);
        if path.trim_end_matches('/') == route.trim_end_matches('/') {
            let words = format!("{written} is all of this route");
            return reader.bad(&span, words, "write cache = false, or a path below the route's");
        }
        let words = format!("{written} is not below this route's path, {route:?}");
        let meant = format!("{}{path}", route.trim_end_matches('/'));
        reader.bad(&span, words, format!("write the whole path, say {meant:?}"))
    });
    checked.collect()
}

/// Whether requests for `path` go to a route of this prefix, but not all that do are for it.
fn is_below(path: &str, route: &str) -> bool {
    let rest = path.strip_prefix(route.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}
