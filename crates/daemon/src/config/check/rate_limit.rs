//! `rate_limit` of a route.

use std::time::Duration;

use super::super::written::reader::Reader;
use super::super::{RateKey, RateLimit};
use super::upstream::is_token;

/// The limits, those that could be read.
pub(super) fn rate_limits(route: &Reader<'_>) -> Vec<RateLimit> {
    route.table_or_tables("rate_limit").iter().filter_map(rate_limit).collect()
}

/// One limit. None: it could not be read, which was noted.
fn rate_limit(reader: &Reader<'_>) -> Option<RateLimit> {
    let (requests, key) = (reader.count("requests"), key(reader));
    let headers = reader.flag("headers").is_none_or(|flag| flag.value);
    let per = match reader.time("per") {
        Some(per) if per.value.subsec_nanos() > 0 => {
            let hint = format!("write \"{}s\"", per.value.as_secs().saturating_add(1));
            return reader.bad(&per.span, "\"per\" has a fraction of a second", hint);
        }
        Some(per) => per.value,
        None => Duration::from_secs(1),
    };
    let requests = requests?;
    let most = RateLimit::MOST_PER_SECOND.saturating_mul(per.as_secs());
    if requests.value > most {
        let words = "this is more than 100000 requests a second";
        return reader.bad(&requests.span, words, "lower it, or remove the limit");
    }
    let burst = reader.count("burst");
    if let Some(burst) = &burst {
        let longest = RateLimit::LONGEST_FILL.as_secs();
        if RateLimit::fill_seconds(requests.value, per, burst.value) > longest {
            let most = longest / per.as_secs().max(1) * requests.value;
            let words = "after a burst this limit takes more than a year to allow another";
            let hint = format!("write burst = {most} or less, or raise \"requests\"");
            return reader.bad(&burst.span, words, hint);
        }
    }
    let burst = burst.map_or(requests.value, |burst| burst.value);
    Some(RateLimit { requests: requests.value, per, burst, key, headers })
}

fn key(reader: &Reader<'_>) -> RateKey {
    let Some(text) = reader.text("key") else { return RateKey::default() };
    match text.value.split_once(':') {
        None if text.value == "client" => RateKey::Client,
        None if text.value == "route" => RateKey::Route,
        Some(("header", name)) if is_token(name) => RateKey::Header(name.to_ascii_lowercase()),
        _ => {
            let words = format!("{} is nothing to limit by", reader.context.written(&text.span));
            let bad = reader.bad(&text.span, words, "write client, route or header:NAME");
            bad.unwrap_or_default()
        }
    }
}
