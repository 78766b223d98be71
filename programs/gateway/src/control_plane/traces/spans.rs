//! Recorded requests as OTLP spans in JSON (https://opentelemetry.io/docs/specs/otlp/), with the
//! names of OpenTelemetry's semantic conventions for HTTP.
//!
//! A request is a span of kind SERVER; below it the part of the cache, and each attempt at a server
//! of kind CLIENT.

use serde_json::{Value, json};

use crate::recent::{Recorded, Seen, Traced};

const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
const FAILED: u8 = 2;

/// A whole export request.
pub(super) fn request(recorded: &[Recorded], service: &str) -> String {
    let spans: Vec<Value> = recorded.iter().flat_map(spans).collect();
    let resource = [
        text("service.name", service),
        text("service.version", env!("CARGO_PKG_VERSION")),
        whole("process.pid", u64::from(std::process::id())),
    ];
    let scope = json!({ "name": "tombolo", "version": env!("CARGO_PKG_VERSION") });
    json!({
        "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": scope, "spans": spans }],
        }],
    })
    .to_string()
}

/// The spans of one request, its own first.
fn spans(recorded: &Recorded) -> Vec<Value> {
    let Recorded { traced, seen } = recorded;
    let mut spans = vec![of_request(traced, seen)];
    if seen.cache.is_some() {
        spans.push(of_cache(traced, seen));
    }
    for (place, failure) in seen.failures.iter().enumerate() {
        let mut attributes = vec![whole("http.request.resend_count", place as u64)];
        push_server(&mut attributes, failure.backend.as_deref());
        let outcome = failure.outcome.map_or("failed", |outcome| outcome.label());
        attributes.push(text("error.type", outcome));
        let times = (failure.began_micros, failure.began_micros.saturating_add(failure.micros));
        let mut span = child(traced, seen, place + 1, &seen.method, CLIENT, times, attributes);
        fail(&mut span, &failure.error);
        spans.push(span);
    }
    let has_last = (seen.failures.len() as u64) < seen.attempts;
    if let (Some(asked), true) = (seen.asked_micros, has_last) {
        spans.push(of_last(traced, seen, asked));
    }
    spans
}

fn of_request(traced: &Traced, seen: &Seen) -> Value {
    let mut attributes = vec![
        text("http.request.method", &seen.method),
        text("url.scheme", "http"),
        text("url.path", seen.target.split('?').next().unwrap_or_default()),
        text("server.address", &seen.host),
        text("client.address", &seen.client.ip().to_string()),
        text("network.protocol.version", seen.protocol.trim_start_matches("HTTP/")),
        whole("http.response.status_code", u64::from(seen.status)),
        whole("http.request.body.size", seen.bytes_in),
        whole("http.response.body.size", seen.bytes_out),
        text("tombolo.request_id", &seen.request_id),
    ];
    if let Some((_, query)) = seen.target.split_once('?') {
        attributes.push(text("url.query", query));
    }
    if let Some(route) = &seen.route {
        attributes.push(text("http.route", route));
    }
    let name = match &seen.route {
        Some(route) => format!("{} {route}", seen.method),
        None => seen.method.clone(),
    };
    let times = (0, seen.duration_micros);
    let mut span = span(traced, seen, &name, SERVER, times, attributes);
    if let Some(members) = span.as_object_mut() {
        members.insert("spanId".into(), hex(traced.span).into());
        if traced.parent != 0 {
            members.insert("parentSpanId".into(), hex(traced.parent).into());
        }
    }
    // For a server a fault of the client's is none (semantic conventions for HTTP spans).
    if seen.status >= 500 {
        fail(&mut span, seen.error.as_deref().unwrap_or_default());
    }
    span
}

/// What the cache did, until upstream was asked or the answer was sent.
fn of_cache(traced: &Traced, seen: &Seen) -> Value {
    let mut attributes = Vec::new();
    if let Some(status) = &seen.cache {
        attributes.push(text("tombolo.cache.result", status.word()));
    }
    if let Some((why, clause)) = seen.cache_reason() {
        attributes.push(text("tombolo.cache.why", why));
        attributes.extend(clause.map(|clause| text("tombolo.cache.clause", clause)));
    }
    let first = seen.failures.first().map(|failure| failure.began_micros);
    let until = first.or(seen.asked_micros).unwrap_or(seen.duration_micros);
    child(traced, seen, 0, "cache", INTERNAL, (0, until), attributes)
}

/// The attempt that came last: answered, or the request's own error.
fn of_last(traced: &Traced, seen: &Seen, asked: u64) -> Value {
    let count = seen.failures.len();
    let mut attributes = vec![text("http.request.method", &seen.method)];
    push_server(&mut attributes, seen.backend.as_deref());
    if count > 0 {
        attributes.push(whole("http.request.resend_count", count as u64));
    }
    let times = (asked, seen.duration_micros);
    let mut last = child(traced, seen, count + 1, &seen.method, CLIENT, times, attributes);
    match seen.upstream_micros {
        Some(head) => {
            let at = nanos(seen, asked.saturating_add(head));
            if let Some(members) = last.as_object_mut() {
                let event = json!({ "timeUnixNano": at, "name": "response head" });
                members.insert("events".into(), json!([event]));
            }
        }
        None => fail(&mut last, seen.error.as_deref().unwrap_or_default()),
    }
    last
}

fn child(
    traced: &Traced,
    seen: &Seen,
    number: usize,
    name: &str,
    kind: u8,
    times: (u64, u64),
    attributes: Vec<Value>,
) -> Value {
    let mut span = span(traced, seen, name, kind, times, attributes);
    // An id of its own for each: the request's, moved on by an odd number so often.
    let step = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1);
    let id = traced.span.wrapping_add(step).max(1);
    if let Some(members) = span.as_object_mut() {
        members.insert("spanId".into(), hex(id).into());
        members.insert("parentSpanId".into(), hex(traced.span).into());
    }
    span
}

/// Everything but the ids of the span itself; times in microseconds since the request came.
fn span(
    traced: &Traced,
    seen: &Seen,
    name: &str,
    kind: u8,
    (from, to): (u64, u64),
    attributes: Vec<Value>,
) -> Value {
    json!({
        "traceId": format!("{:032x}", traced.trace),
        "flags": 1,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(seen, from),
        "endTimeUnixNano": nanos(seen, to.max(from)),
        "attributes": attributes,
    })
}

fn fail(span: &mut Value, words: &str) {
    if let Some(members) = span.as_object_mut() {
        members.insert("status".into(), json!({ "code": FAILED, "message": words }));
    }
}

fn push_server(attributes: &mut Vec<Value>, backend: Option<&str>) {
    let Some((host, port)) = backend.and_then(|backend| backend.rsplit_once(':')) else { return };
    attributes.push(text("server.address", host));
    attributes.extend(port.parse().ok().map(|port| whole("server.port", port)));
}

/// A time as OTLP has it in JSON: nanoseconds since 1970, as a text.
fn nanos(seen: &Seen, micros: u64) -> String {
    let millis = u128::from(seen.unix_millis);
    (millis * 1_000_000 + u128::from(micros) * 1_000).to_string()
}

fn hex(id: u64) -> String {
    format!("{id:016x}")
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn whole(key: &str, value: u64) -> Value {
    // 64-bit numbers are texts in OTLP's JSON.
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}
