//! Targeted cache control (RFC 9213): CDN-Cache-Control, a dictionary of directives.

use super::structured::{Value, dictionary};
use super::{ResponseDirectives, Scope, Source};
use crate::message::Lines;

/// Reads the field. `None`: it is empty or malformed, or a directive we know has a value of a
/// type it cannot have; then it is as if it were absent (RFC 9213 section 2.1).
pub(super) fn read(lines: Lines<'_>) -> Option<ResponseDirectives> {
    let mut joined = Vec::new();
    for line in lines {
        if !joined.is_empty() {
            joined.extend_from_slice(b", ");
        }
        joined.extend_from_slice(line);
    }
    let members = dictionary(&joined)?;
    if members.is_empty() {
        return None;
    }
    let mut found = ResponseDirectives { source: Source::Targeted, ..Default::default() };
    for (key, value) in members {
        apply(&mut found, key, value)?;
    }
    Some(found)
}

fn apply(found: &mut ResponseDirectives, key: &[u8], value: Value) -> Option<()> {
    match key {
        b"no-store" => found.no_store = flag(&value)?,
        b"public" => found.public = flag(&value)?,
        b"must-revalidate" => found.must_revalidate = flag(&value)?,
        b"proxy-revalidate" => found.proxy_revalidate = flag(&value)?,
        b"must-understand" => found.must_understand = flag(&value)?,
        b"no-cache" => found.no_cache = scope(found, value)?,
        b"private" => found.private = scope(found, value)?,
        b"max-age" => found.max_age = Some(seconds(&value)?),
        b"s-maxage" => found.s_maxage = Some(seconds(&value)?),
        b"stale-while-revalidate" => found.stale_while_revalidate = Some(seconds(&value)?),
        b"stale-if-error" => found.stale_if_error = Some(seconds(&value)?),
        _ => {}
    }
    Some(())
}

fn flag(value: &Value) -> Option<bool> {
    (*value == Value::True).then_some(true)
}

fn seconds(value: &Value) -> Option<u32> {
    if let Value::Integer(seconds) = value { Some(*seconds) } else { None }
}

fn scope(found: &mut ResponseDirectives, value: Value) -> Option<Scope> {
    match value {
        Value::True => Some(Scope::Everything),
        Value::String(list) => Some(found.withhold(&list)),
        Value::Integer(_) | Value::Other => None,
    }
}
