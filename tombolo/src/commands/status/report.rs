//! The status of a gateway as a person reads it: trouble first, then what there is.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

use super::replicas;
use super::table::Table;
use super::units::{bytes, count, span};
use crate::admin::plain;

/// Attempts that count as failures of a server.
const FAILURES: [&str; 3] = ["unreachable", "timed_out", "failed"];

/// The whole text.
pub(super) fn report(status: &Value) -> String {
    let mut text = format!(
        "tombolo {}, process {}, up {}, {} threads\n",
        words(status, "/version"),
        number(status, "/pid"),
        span(number(status, "/uptime_seconds")),
        number(status, "/workers"),
    );
    alarms(&mut text, status);
    text.push('\n');
    let listeners: Vec<String> =
        list(status, "/listeners").iter().map(|address| words(address, "")).collect();
    for (name, value) in [
        ("listening on", listeners.join(", ")),
        (
            "connections",
            format!(
                "{} open of {}, {} turned away",
                count(number(status, "/connections/open")),
                count(number(status, "/connections/limit")),
                count(number(status, "/connections/refused")),
            ),
        ),
        ("requests", count(number(status, "/requests"))),
        (
            "access log",
            format!(
                "{} lines written, {} dropped",
                count(number(status, "/access_log/written")),
                count(number(status, "/access_log/dropped")),
            ),
        ),
    ] {
        line(&mut text, name, &value);
    }
    if let Some(changes) = status.pointer("/reload/changes").and_then(Value::as_u64) {
        let plural = if changes == 1 { "change" } else { "changes" };
        let value = format!("{}, {changes} {plural}", words(status, "/reload/time"));
        line(&mut text, "last reload", &value);
    }
    for proxy in list(status, "/tcp") {
        line(&mut text, "tcp", &tcp(proxy));
    }
    for upstream in list(status, "/upstreams")
        .iter()
        .filter(|one| one.get("queue").is_some_and(Value::is_object))
    {
        line(&mut text, "queue", &queue(upstream));
    }
    cache(&mut text, status.get("cache").unwrap_or(&Value::Null));
    text.push('\n');
    text.push_str(&servers(status).lines());
    replicas::report(&mut text, status);
    text
}

/// What an operator must not overlook.
fn alarms(text: &mut String, status: &Value) {
    if is_true(status, "/draining") {
        text.push_str("\nDRAINING: requests on open connections are served, each connection is then closed; the gateway ends when none is left\n");
    }
    for (doing, effect) in [
        ("reading", "requests are served from the servers until files can be read again"),
        (
            "writing",
            "requests are served, and nothing new is stored, until files can be written again",
        ),
    ] {
        let trouble = status.pointer(&format!("/cache/{doing}"));
        if let Some(trouble) = trouble.filter(|trouble| trouble.is_object()) {
            let _ = writeln!(
                text,
                "\nCACHE TROUBLE, {doing}: {}\n  since {}, {} failures; {effect}; it is tried again by itself",
                words(trouble, "/reason"),
                words(trouble, "/since"),
                count(number(trouble, "/failures")),
            );
        }
    }
    if is_true(status, "/memory/short") {
        let _ = writeln!(
            text,
            "\nMEMORY: the gateway has reached its bound of {}; new requests are refused with 503 until memory is free again",
            bytes(number(status, "/memory/bound_bytes")),
        );
    }
    if let Some(why) = status.pointer("/reload/why").and_then(Value::as_str) {
        let _ = writeln!(
            text,
            "\nRELOAD REFUSED at {}: {}\n  the configuration from before holds; correct the file, then: tombolo reload",
            words(status, "/reload/time"),
            plain(why),
        );
    }
    replicas::alarms(text, status);
    let dropped = number(status, "/access_log/dropped");
    if dropped > 0 {
        let _ = writeln!(
            text,
            "\nACCESS LOG: {} lines were dropped: its disk or terminal is full or too slow",
            count(dropped)
        );
    }
}

/// What went through one `[[tcp]]`.
fn tcp(proxy: &Value) -> String {
    let told = |name: &str| count(number(proxy, &format!("/{name}")));
    format!(
        "{} to {}: {} open, {} in all, {} refused, {} without a server; {} in, {} out",
        words(proxy, "/listen"),
        words(proxy, "/upstream"),
        told("open"),
        told("connections"),
        told("refused"),
        told("unreached"),
        bytes(number(proxy, "/bytes_in")),
        bytes(number(proxy, "/bytes_out")),
    )
}

/// Who waits for the servers of an upstream that has a limit.
fn queue(upstream: &Value) -> String {
    let told = |name: &str| count(number(upstream, &format!("/queue/{name}")));
    format!(
        "{}: {} waiting of {}, {} in all, {} sent away at once, {} after a wait",
        words(upstream, "/name"),
        told("waiting"),
        told("limit"),
        told("joined"),
        told("refused/full"),
        told("refused/wait"),
    )
}

fn cache(text: &mut String, cache: &Value) {
    if !cache.is_object() {
        return line(text, "cache", "none: no route caches");
    }
    let counting = if is_true(cache, "/counting") { ", still being counted" } else { "" };
    let size = format!(
        "{} objects, {} of {} on disk{counting}; {} objects, {} in memory",
        count(number(cache, "/objects")),
        bytes(number(cache, "/bytes")),
        bytes(number(cache, "/limit_bytes")),
        count(number(cache, "/memory/objects")),
        bytes(number(cache, "/memory/bytes")),
    );
    let misses = number(cache, "/misses");
    let found = number(cache, "/hits/memory").saturating_add(number(cache, "/hits/disk"));
    let asked = found.saturating_add(misses);
    let share = if asked == 0 {
        String::new()
    } else {
        format!(" ({:.1} % found)", found as f64 * 100.0 / asked as f64)
    };
    let lookups = format!(
        "{} found in memory, {} on disk, {} not{share}",
        count(number(cache, "/hits/memory")),
        count(number(cache, "/hits/disk")),
        count(misses),
    );
    let told = |name: &str| count(number(cache, &format!("/{name}")));
    let changes = format!(
        "{} stored, {} made room, {} purged, {} corrupt, {} errors",
        told("stores"),
        told("evictions"),
        told("purged"),
        told("corrupt"),
        told("errors"),
    );
    for (name, value) in [("cache", size), ("look-ups", lookups), ("responses", changes)] {
        line(text, name, &value);
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name:<12}  {value}");
}

/// A row for each server; below it the reason for a state that is not up.
fn servers(status: &Value) -> Table {
    let mut table =
        Table::new(["UPSTREAM", "SERVER", "STATE", "SINCE", "IN FLIGHT", "REQUESTS", "FAILED"]);
    for upstream in list(status, "/upstreams") {
        for server in list(upstream, "/backends") {
            let attempts = |outcome| number(server, &format!("/attempts/{outcome}"));
            let failed = FAILURES.into_iter().map(attempts).sum();
            let cells = vec![
                words(upstream, "/name"),
                words(server, "/address"),
                state(server),
                age(&words(server, "/since"), Timestamp::now()),
                in_flight(server),
                count(number(server, "/requests")),
                count(failed),
            ];
            table.row(cells, reason(server));
        }
    }
    table
}

/// Changes of its state from which on a server is said to flap.
const FLAPPING: u64 = 4;

/// Why a server is what it is, and that it does not stay so.
fn reason(server: &Value) -> String {
    let changes = number(server, "/state_changes");
    let flaps = (changes >= FLAPPING)
        .then(|| format!("its state has changed {} times since the start", count(changes)));
    let parts: Vec<String> = [Some(words(server, "/why")), flaps].into_iter().flatten().collect();
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// The state of a server, with that of its circuit where it says more.
fn state(server: &Value) -> String {
    let state = words(server, "/state");
    match words(server, "/circuit").as_str() {
        "half-open" => format!("{state}, half-open"),
        _ => state,
    }
}

/// How long ago a time of RFC 3339 was; a dash where it is not known.
fn age(since: &str, now: Timestamp) -> String {
    let seconds = since.parse::<Timestamp>().map(|since| now.duration_since(since).as_secs());
    seconds.map_or_else(|_| "-".to_owned(), |seconds| span(u64::try_from(seconds).unwrap_or(0)))
}

/// Requests at a server, and how many there may be.
fn in_flight(server: &Value) -> String {
    let now = count(number(server, "/in_flight"));
    match server.get("limit").and_then(Value::as_u64) {
        Some(limit) => format!("{now} of {}", count(limit)),
        None => now,
    }
}

/// What stands at a place (RFC 6901); nothing for what is not there, so that the answer of another
/// version is told as far as it goes.
pub(super) fn number(value: &Value, at: &str) -> u64 {
    value.pointer(at).and_then(Value::as_u64).unwrap_or(0)
}

pub(super) fn words(value: &Value, at: &str) -> String {
    plain(value.pointer(at).and_then(Value::as_str).unwrap_or_default())
}

pub(super) fn list<'v>(value: &'v Value, at: &str) -> &'v [Value] {
    value.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is_true(value: &Value, at: &str) -> bool {
    value.pointer(at) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status() -> Value {
        json!({
            "version": "0.1.0", "pid": 7, "uptime_seconds": 61, "workers": 2, "draining": false,
            "listeners": ["http://127.0.0.1:8080"], "requests": 12345,
            "connections": { "open": 1, "limit": 10, "refused": 0 },
            "access_log": { "written": 5, "dropped": 0 },
            "cache": null,
            "upstreams": [{ "name": "app", "backends": [
                { "address": "127.0.0.1:9001", "state": "up", "circuit": "half-open", "why": null,
                  "in_flight": 1,
                  "requests": 9, "attempts": { "answered": 8, "failed": 1, "timed_out": 2 } },
                { "address": "no.example:80", "state": "down", "circuit": "closed", "state_changes": 4,
                  "why": "its name does not resolve", "in_flight": 0, "requests": 0, "attempts": {} },
            ] }],
        })
    }

    #[test]
    fn a_quiet_gateway_is_told_in_lines_and_columns() {
        let expected = "\
tombolo 0.1.0, process 7, up 1 min 1 s, 2 threads

listening on  http://127.0.0.1:8080
connections   1 open of 10, 0 turned away
requests      12 345
access log    5 lines written, 0 dropped
cache         none: no route caches

UPSTREAM  SERVER          STATE          SINCE  IN FLIGHT  REQUESTS  FAILED
app       127.0.0.1:9001  up, half-open  -      1          9         3
app       no.example:80   down           -      0          0         0
    its name does not resolve; its state has changed 4 times since the start
";
        assert_eq!(report(&status()), expected);
    }

    #[test]
    fn the_age_of_a_state_is_told() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let told = ["2026-01-01T23:58:30Z", "2026-01-02T00:00:09Z", "", "x"].map(|at| age(at, now));
        assert_eq!(told, ["1 min 30 s", "0 s", "-", "-"]);
    }

    #[test]
    fn each_tcp_table_has_a_line() {
        let mut status = status();
        status["tcp"] = json!([{
            "listen": "127.0.0.1:7070", "upstream": "calculator", "open": 1, "connections": 12_345,
            "refused": 2, "unreached": 3, "bytes_in": 2048, "bytes_out": 0,
        }]);
        let told = "\ntcp           127.0.0.1:7070 to calculator: 1 open, 12 345 in all, 2 refused, \
                    3 without a server; 2.0 KiB in, 0 bytes out\n";
        assert!(report(&status).contains(told), "{}", report(&status));
    }

    #[test]
    fn limits_and_queues_are_told() {
        let mut status = status();
        status["upstreams"][0]["queue"] = json!({
            "waiting": 3, "limit": 1000, "joined": 12, "refused": { "full": 1, "wait": 2 },
        });
        status["upstreams"][0]["backends"][0]["limit"] = 10.into();
        let text = report(&status);
        let told = "\nqueue         app: 3 waiting of 1000, 12 in all, 1 sent away at once, 2 after a wait\n";
        assert!(text.contains(told), "{text}");
        assert!(text.contains("  1 of 10    9  "), "{text}");
    }

    #[test]
    fn trouble_comes_first() {
        let mut status = status();
        status["cache"] = json!({
            "reading": null,
            "writing": { "reason": "writing a file: No space left\u{1b}[31m", "since": "2026-01-01T00:00:00Z", "failures": 4 },
            "hits": { "memory": 1, "disk": 1 }, "misses": 2, "memory": {}, "limit_bytes": 1 << 30,
        });
        status["draining"] = true.into();
        status["access_log"]["dropped"] = 3.into();
        let text = report(&status);
        let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} in {text}"));
        assert!(
            place("CACHE TROUBLE, writing: writing a file: No space left") < place("listening on")
        );
        assert!(place("DRAINING") < place("listening on"));
        place("since 2026-01-01T00:00:00Z, 4 failures");
        place("3 lines were dropped");
        place("0 objects, 0 bytes of 1.0 GiB on disk");
        place("(50.0 % found)");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn an_answer_of_another_shape_is_told_all_the_same() {
        for odd in [json!({}), json!([1]), json!({ "upstreams": 7, "cache": {} })] {
            assert!(report(&odd).starts_with("tombolo "));
        }
    }
}
