//! How an exchange of the past is told as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::recent::{Rule, Seen};
use crate::timing::Phase;

/// Everything that is remembered of it.
pub(super) fn seen(seen: &Seen) -> Value {
    json!({
        "id": seen.request_id,
        "time": time_millis(seen.unix_millis),
        "client": seen.client.to_string(),
        "method": seen.method,
        "host": seen.host,
        "target": seen.target,
        "protocol": seen.protocol,
        "status": seen.status,
        "duration_ms": millis(seen.duration_micros),
        "stages": stages(seen),
        "bytes_in": seen.bytes_in,
        "bytes_out": seen.bytes_out,
        "route": seen.route,
        "upstream": seen.upstream,
        "backend": seen.backend,
        "attempts": attempts(seen),
        "attempts_made": seen.attempts,
        "cache": cache(seen),
        "error": seen.error,
    })
}

/// Where the time went, in milliseconds: each phase that the request was in, and what is left, which
/// is the gateway's own.
fn stages(seen: &Seen) -> Value {
    let spent = Phase::ALL.into_iter().filter_map(|phase| {
        let micros = seen.spent.in_phase(phase)?;
        Some((phase.member().to_owned(), millis(micros).into()))
    });
    let mut stages: Map<String, Value> = spent.collect();
    stages.insert("gateway_ms".to_owned(), millis(seen.spent.rest_of(seen.duration_micros)).into());
    Value::Object(stages)
}

/// The attempts in their order: those that failed, and the last.
fn attempts(seen: &Seen) -> Vec<Value> {
    let failed = seen.failures.iter().map(|failure| {
        json!({
            "backend": failure.backend,
            "outcome": failure.outcome.map(|outcome| outcome.label()),
            "after_ms": millis(failure.began_micros),
            "took_ms": millis(failure.micros),
            "error": failure.error,
        })
    });
    let mut attempts: Vec<Value> = failed.collect();
    let is_told = attempts.len() as u64 >= seen.attempts;
    if let (Some(asked), false) = (seen.asked_micros, is_told) {
        let took = seen.upstream_micros.unwrap_or(seen.duration_micros.saturating_sub(asked));
        let is_answered = seen.upstream_micros.is_some();
        attempts.push(json!({
            "backend": seen.backend,
            "outcome": is_answered.then_some("answered"),
            "after_ms": millis(asked),
            "took_ms": millis(took),
            "error": if is_answered { None } else { seen.error.as_deref() },
        }));
    }
    attempts
}

/// What the cache did and why; null where it had no part.
fn cache(seen: &Seen) -> Value {
    let Some(status) = &seen.cache else { return Value::Null };
    let (why, clause) = seen.cache_reason().unzip();
    let rule = Rule::of(status, seen.reason);
    let not_stored = seen.not_stored.map(|reason| {
        let rule = Rule::of_not_stored(reason);
        json!({
            "why": reason.words(),
            "clause": rule.clause(Some(reason.clause().0)),
            "rule": rule.maker.word(),
            "rule_key": rule.key,
        })
    });
    json!({
        "result": status.word(),
        "why": why,
        "clause": rule.clause(clause.flatten()),
        "rule": rule.maker.word(),
        "rule_key": rule.key,
        "varies_by": seen.varies_by.as_deref().map(|names| names.split(',').collect::<Vec<_>>()),
        "ttl": status.ttl,
        "upstream_status": status.fwd_status,
        "collapsed": status.collapsed,
        "stored": status.stored,
        "not_stored": not_stored,
    })
}

/// Microseconds as milliseconds, exactly.
pub(super) fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// Milliseconds since 1970 as RFC 3339 has it.
pub(super) fn time_millis(unix_millis: u64) -> Option<String> {
    time(UNIX_EPOCH.checked_add(Duration::from_millis(unix_millis))?)
}

/// A time as RFC 3339 has it, in milliseconds.
fn time(at: SystemTime) -> Option<String> {
    let at = jiff::Timestamp::try_from(at).ok()?;
    Some(format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(time_millis(1_700_000_000_900).as_deref(), Some("2023-11-14T22:13:20.900Z"));
        assert!((millis(1500) - 1.5).abs() < f64::EPSILON);
    }
}
