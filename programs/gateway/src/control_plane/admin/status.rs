//! `GET /api/v1/status`: what the gateway does, as JSON for programs and `tombolo status`.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use tombolo_balance::{Room, Standing};
use tombolo_cache::store::{Status, Trouble};
use tombolo_daemon::memory;

use super::{Facts, orchestration};
use crate::control_plane::LastReload;
use crate::metrics::Outcome;
use crate::tcp::{TcpProxy, Totals};
use crate::upstream::{
    LastCheck, Limit, QueueTotals, Server, Told, Upstream, millis_since_start, since_start,
};

pub(super) async fn answer(State(facts): State<Arc<Facts>>) -> Response {
    let mut status = status(&facts);
    if let Some(members) = status.as_object_mut() {
        members.extend(orchestration::status(&facts).await);
    }
    ([(CONTENT_TYPE, "application/json")], format!("{status:#}\n")).into_response()
}

fn status(facts: &Facts) -> Value {
    let gauges = facts.gauges();
    let snapshot = facts.snapshot();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "started": time(facts.started.1),
        "uptime_seconds": facts.started.0.elapsed().as_secs(),
        "draining": gauges.draining,
        "workers": gauges.workers,
        "listeners": facts.listeners.load().iter().map(|(speaks, at)| speaks.url(*at)).collect::<Vec<_>>(),
        "memory": {
            "bound_bytes": Some(memory::bound()).filter(|bytes| *bytes > 0),
            "short": memory::is_short(),
        },
        "connections": {
            "open": gauges.connections,
            "limit": gauges.connections_limit,
            "refused": gauges.connections_refused,
        },
        "requests": facts.metrics.requests(),
        "upstreams": snapshot.upstreams.iter().map(|one| of_upstream(one)).collect::<Vec<_>>(),
        "tcp": snapshot.tcp.iter().map(|proxy| of_tcp(proxy)).collect::<Vec<_>>(),
        "cache": snapshot.store.as_ref().map(|store| of_cache(&store.status())),
        "reload": facts.reloads.last().as_ref().map(of_reload),
        "access_log": { "written": gauges.log_lines.0, "dropped": gauges.log_lines.1 },
    })
}

fn of_reload(last: &LastReload) -> Value {
    let LastReload { at, outcome } = last;
    json!({
        "time": time(*at),
        "successful": outcome.is_ok(),
        "changes": outcome.as_ref().ok(),
        "why": outcome.as_ref().err(),
    })
}

fn of_upstream(upstream: &Upstream) -> Value {
    let backends = upstream.servers.iter().enumerate();
    let backends = backends.map(|(index, server)| of_backend(upstream, index, server));
    json!({
        "name": upstream.name,
        "failing_open": upstream.is_failing_open(),
        "retries": upstream.budget.as_ref().map(|budget| {
            let (granted, refused) = budget.counts();
            json!({ "granted": granted, "refused": refused })
        }),
        "error_retries": of_error_retries(upstream),
        "queue": upstream.limit.as_ref().map(|limit| of_queue(limit, &upstream.queue.totals())),
        "backends": backends.collect::<Vec<_>>(),
    })
}

/// What the default has left for retries after error statuses; null where `retry_on` is written.
fn of_error_retries(upstream: &Upstream) -> Value {
    match upstream.retry_on {
        None => json!({ "left": upstream.error_retries.left(millis_since_start()) }),
        Some(_) => Value::Null,
    }
}

fn of_queue(limit: &Limit, totals: &QueueTotals) -> Value {
    let QueueTotals { waiting, joined, full, late } = totals;
    json!({
        "waiting": waiting,
        "limit": limit.queue,
        "joined": joined,
        "refused": { "full": full, "wait": late },
    })
}

pub(super) fn of_backend(upstream: &Upstream, index: usize, server: &Server) -> Value {
    let told = server.health.told();
    let Told { state, mut why, since, recalled, share, until, changes, reads_only, .. } = told;
    let age = since.map_or_else(since_start, |since| since.elapsed().unwrap_or_default());
    if let (Some(as_of), Some(words)) = (recalled, &mut why) {
        let age = SystemTime::now().duration_since(as_of).unwrap_or_default().as_secs();
        words.push_str(&format!(" (known from before the restart, {age} s ago)"));
    }
    let outcomes: Map<String, Value> = Outcome::ALL
        .into_iter()
        .map(|outcome| (outcome.label().to_owned(), server.attempts.total(outcome).into()))
        .collect();
    json!({
        "address": server.name,
        "resolved": server.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "state": state.name(),
        "why": why,
        "since": since.and_then(time),
        "state_seconds": age.as_secs(),
        "state_changes": changes,
        "reads_only": reads_only,
        "recalled": recalled.and_then(time),
        "circuit": told.circuit.name(),
        "share": f64::from(share) / f64::from(Standing::FULL),
        "ejected_until": until.and_then(time),
        "ejections": told.ejections,
        "checks": { "succeeded": told.checks.0, "failed": told.checks.1 },
        "last_check": told.check.as_ref().map(of_check),
        "in_flight": upstream.balancer.in_flight(index),
        "limit": upstream.balancer.room(index).and_then(Room::limit),
        "requests": upstream.balancer.total(index),
        "attempts": outcomes,
    })
}

fn of_check(check: &LastCheck) -> Value {
    json!({
        "time": time(check.at),
        "duration_ms": u64::try_from(check.took.as_millis()).unwrap_or(u64::MAX),
        "failure": check.failure,
    })
}

fn of_tcp(proxy: &TcpProxy) -> Value {
    let Totals { open, connections, refused, unreached, bytes_in, bytes_out } =
        proxy.tally.totals();
    json!({
        "listen": proxy.listen,
        "upstream": proxy.upstream.name,
        "open": open,
        "limit": proxy.connections,
        "connections": connections,
        "refused": refused,
        "unreached": unreached,
        "bytes_in": bytes_in,
        "bytes_out": bytes_out,
    })
}

fn of_cache(status: &Status) -> Value {
    let totals = &status.totals;
    json!({
        "reading": of_trouble(status.reading.as_ref()),
        "writing": of_trouble(status.writing.as_ref()),
        "objects": status.objects,
        "bytes": status.bytes,
        "limit_bytes": status.max_bytes,
        "counting": status.counting,
        "memory": {
            "objects": status.hot_objects,
            "bytes": status.hot_bytes,
            "index_bytes": status.index_memory,
        },
        "fills": status.fills,
        "unwritten_bytes": status.unwritten,
        "hits": { "memory": totals.memory_hits, "disk": totals.disk_hits },
        "misses": totals.misses,
        "stores": totals.stores,
        "evictions": totals.evictions,
        "corrupt": totals.corrupt,
        "errors": totals.errors,
        "overloads": totals.overloads,
        "joined": totals.joined,
        "purged": totals.purged,
        "purges_pending": status.purges,
    })
}

fn of_trouble(trouble: Option<&Trouble>) -> Value {
    let Some(trouble) = trouble else { return Value::Null };
    json!({
        "reason": trouble.reason,
        "since": time(trouble.since),
        "failures": trouble.failures,
    })
}

/// A time as RFC 3339 has it, in seconds.
fn time(at: SystemTime) -> Option<String> {
    let at = jiff::Timestamp::try_from(at).ok()?;
    Some(format!("{at:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn times_are_told_in_utc() {
        let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_900);
        assert_eq!(time(at).as_deref(), Some("2023-11-14T22:13:20Z"));
    }

    #[test]
    fn trouble_tells_what_and_since_when() {
        let trouble = Trouble { reason: "disk full".into(), since: UNIX_EPOCH, failures: 3 };
        let told = of_trouble(Some(&trouble));
        assert_eq!(told["reason"], "disk full");
        assert_eq!(told["since"], "1970-01-01T00:00:00Z");
        assert_eq!(told["failures"], 3);
        assert!(of_trouble(None).is_null());
    }
}
