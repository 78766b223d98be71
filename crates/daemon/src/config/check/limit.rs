//! `limit` of an upstream.

use super::super::mistake::Kind;
use super::super::written::context::At;
use super::super::written::reader::{CountOrTable, Reader};
use super::super::{Adaptive, UpstreamLimit};
use super::gateway::whole;

/// The limit. None: there is none, or it could not be read, which was noted.
pub(super) fn limit(upstream: &Reader<'_>) -> Option<UpstreamLimit> {
    let reader = match upstream.count_or_table("limit")? {
        CountOrTable::Count(in_flight) => return Some(UpstreamLimit::new(small(&in_flight))),
        CountOrTable::Table(reader) => reader,
    };
    let in_flight = reader.count("in_flight").map(|number| small(&number));
    let queue = reader.count("queue").map_or(UpstreamLimit::QUEUE, whole);
    let wait = reader.time("wait").map_or(UpstreamLimit::WAIT, |time| time.value);
    let is_adaptive = reader.flag("adaptive").is_some_and(|flag| flag.value);
    let min = reader.count("min");
    if let Some(min) = min.as_ref().filter(|_| !is_adaptive && !reader.has("adaptive")) {
        let words = "\"min\" means nothing for a limit that stays as it is";
        let hint = "add adaptive = true, or remove it";
        reader.context.mistake(Kind::Conflict, &min.span, words, hint);
    }
    let in_flight = in_flight?;
    if let Some(min) = min.as_ref().filter(|min| small(min) > in_flight) {
        let words = "\"min\" is more than \"in_flight\"";
        reader.context.mistake(Kind::Conflict, &min.span, words, "lower it, or raise in_flight");
    }
    let min = min.map_or(UpstreamLimit::MIN, |min| small(&min)).min(in_flight);
    let adaptive = is_adaptive.then_some(Adaptive { min });
    Some(UpstreamLimit { in_flight, queue, wait, adaptive })
}

/// A number within its key's bounds, which fit.
fn small(number: &At<u64>) -> u32 {
    u32::try_from(number.value).unwrap_or(u32::MAX)
}
