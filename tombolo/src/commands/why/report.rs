//! The answer to "why" as a person reads it.

use std::fmt::Write;

use serde_json::Value;

use crate::admin::plain;

/// The whole text.
pub(super) fn report(answer: &Value) -> String {
    if answer.get("id").is_some() { past(answer) } else { rehearsal(answer) }
}

fn past(answer: &Value) -> String {
    let mut text = format!(
        "{} {}{} {}: {}\n\n",
        words(answer, "/method"),
        words(answer, "/host"),
        words(answer, "/target"),
        words(answer, "/protocol"),
        number(answer, "/status"),
    );
    line(&mut text, "error", &words(answer, "/error"));
    // Nothing of what lies behind had a part in it.
    if !words(answer, "/error").is_empty() && list(answer, "/attempts").is_empty() {
        line(
            &mut text,
            "answered by",
            "the gateway itself, by a rule of its own; no server was asked",
        );
    }
    line(&mut text, "time", &words(answer, "/time"));
    line(&mut text, "client", &words(answer, "/client"));
    took(&mut text, answer);
    line(&mut text, "route", &words(answer, "/route"));
    cache(&mut text, answer);
    line(&mut text, "upstream", &words(answer, "/upstream"));
    for (place, attempt) in list(answer, "/attempts").iter().enumerate() {
        let name = format!("attempt {}", place + 1);
        let outcome = words(attempt, "/outcome");
        let error = words(attempt, "/error");
        let mut told = format!(
            "{} {} in {}, begun after {}",
            words(attempt, "/backend"),
            if outcome.is_empty() { "did not serve it" } else { &outcome },
            millis(attempt, "/took_ms"),
            millis(attempt, "/after_ms"),
        );
        if !error.is_empty() {
            let _ = write!(told, ": {error}");
        }
        line(&mut text, &name, &told);
    }
    text
}

/// The phases of a request in their order: the member of `stages`, its name, and what is said where
/// most of the time went there.
const PHASES: [(&str, &str, &str); 8] = [
    ("head", "client head", "the client was slow to send the request head"),
    ("gateway", "gateway", ""),
    ("queue", "queue", "the request waited until a server had room (limit of the upstream)"),
    ("collapsed", "other request", "the answer to another request for the same was waited for"),
    ("connect", "connect", "connecting to the server took long"),
    (
        "upload",
        "upload",
        "the request body came slowly from the client, or the server took it slowly",
    ),
    ("first_byte", "first byte", "the server had the whole request, and was slow to answer"),
    ("download", "download", "the client took the response slowly, or the server sent it slowly"),
];

/// Milliseconds from which on it is said where most of a request's time went.
const SLOW: f64 = 10.0;

/// How long it took, by phases; and of a slow request which phase took most.
fn took(text: &mut String, answer: &Value) {
    let spent = |name: &str| answer.pointer(&format!("/stages/{name}_ms")).and_then(Value::as_f64);
    let phases = PHASES.iter().filter_map(|&(name, told, why)| Some((spent(name)?, told, why)));
    let phases: Vec<(f64, &str, &str)> = phases.collect();
    let times: Vec<String> =
        phases.iter().map(|(millis, told, _)| format!("{told} {millis:.3} ms")).collect();
    let whole = answer.pointer("/duration_ms").and_then(Value::as_f64).unwrap_or(0.0);
    line(text, "took", &format!("{whole:.3} ms ({})", times.join(", ")));
    let most = phases.iter().find(|(millis, _, _)| *millis >= SLOW && *millis * 2.0 >= whole);
    if let Some((_, _, why)) = most {
        line(text, "mostly", why);
    }
}

fn rehearsal(answer: &Value) -> String {
    let mut text =
        format!("{} {}\n\n", words(answer, "/request/method"), words(answer, "/request/url"));
    for route in list(answer, "/routes") {
        let verdict = match route.get("matches") {
            Some(Value::Bool(true)) => "takes it".to_owned(),
            _ => format!("does not: {}", words(route, "/why")),
        };
        line(&mut text, "route", &format!("{}  {verdict}", words(route, "/route")));
    }
    let guard = match answer.pointer("/guard/passes") {
        Some(Value::Bool(true)) => "passes".to_owned(),
        _ => {
            let (status, why) = (number(answer, "/guard/status"), words(answer, "/guard/why"));
            format!("the gateway itself answers {status}: {why}")
        }
    };
    line(&mut text, "guard", &guard);
    cache(&mut text, answer);
    let key = words(answer, "/cache/key");
    line(&mut text, "key", &key.replace('\n', " "));
    if let Some(stored) = answer.pointer("/cache/stored").filter(|stored| stored.is_object()) {
        let told = format!(
            "status {}, {} bytes, {} s old, fresh for {} s in all",
            number(stored, "/status"),
            number(stored, "/body_bytes"),
            number(stored, "/age"),
            number(stored, "/lifetime"),
        );
        line(&mut text, "stored", &told);
    }
    pick(&mut text, answer);
    text
}

/// The servers, the chosen one marked.
fn pick(text: &mut String, answer: &Value) {
    let Some(pick) = answer.get("pick").filter(|pick| pick.is_object()) else { return };
    line(text, "upstream", &format!("{}, {}", words(pick, "/upstream"), words(pick, "/policy")));
    if pick.get("waits") == Some(&Value::Bool(true)) {
        line(text, "server", &format!("none: {}", words(pick, "/why")));
    }
    for one in list(pick, "/candidates") {
        let chosen = one.get("chosen") == Some(&Value::Bool(true));
        let mut told = format!(
            "{} {}  {}, weight {}, {} in flight",
            if chosen { ">" } else { " " },
            words(one, "/server"),
            words(one, "/state"),
            number(one, "/weight"),
            number(one, "/in_flight"),
        );
        if let Some(limit) = one.get("limit").and_then(Value::as_u64) {
            let _ = write!(told, " of {limit}");
        }
        if let Some(score) = one.get("score").and_then(Value::as_f64) {
            let _ = write!(told, ", score {score:.2}");
        }
        let why = if chosen { words(pick, "/why") } else { words(one, "/why") };
        if !why.is_empty() {
            let _ = write!(told, "  ({why})");
        }
        line(text, "server", &told);
    }
}

fn cache(text: &mut String, answer: &Value) {
    let Some(cache) = answer.get("cache").filter(|cache| cache.is_object()) else {
        return line(text, "cache", "has no part in it");
    };
    let mut told = words(cache, "/result");
    if let Some(ttl) = cache.get("ttl").and_then(Value::as_i64) {
        let _ = write!(told, ", ttl {ttl} s");
    }
    line(text, "cache", &(told + &because(cache)));
    let names: Vec<String> = list(cache, "/varies_by").iter().map(|name| words(name, "")).collect();
    line(text, "varies by", &names.join(", "));
    if let Some(not_stored) = cache.get("not_stored").filter(|told| told.is_object()) {
        line(text, "not stored", because(not_stored).trim_start_matches(": "));
    } else if cache.get("stored") == Some(&Value::Bool(true)) {
        line(text, "stored", "the answer is stored");
    }
}

/// `: words (clause)`, or whose rule it is.
fn because(told: &Value) -> String {
    let (why, clause) = (words(told, "/why"), words(told, "/clause"));
    let (rule, key) = (words(told, "/rule"), words(told, "/rule_key"));
    let by = match (rule.as_str(), key.as_str()) {
        ("default", "") => "Tombolo's own rule".to_owned(),
        ("default", key) => format!("Tombolo's default; changed by {key}"),
        ("configuration", key) => format!("your configuration: {key}"),
        _ => clause,
    };
    match (why.as_str(), by.as_str()) {
        ("", _) => String::new(),
        (why, "") => format!(": {why}"),
        (why, by) => format!(": {why} ({by})"),
    }
}

/// A line, unless there is nothing to tell.
fn line(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(text, "{name:<10}  {value}");
    }
}

fn millis(value: &Value, at: &str) -> String {
    let told = value.pointer(at).and_then(Value::as_f64);
    told.map_or_else(String::new, |millis| format!("{millis:.3} ms"))
}

fn number(value: &Value, at: &str) -> u64 {
    value.pointer(at).and_then(Value::as_u64).unwrap_or(0)
}

fn words(value: &Value, at: &str) -> String {
    plain(value.pointer(at).and_then(Value::as_str).unwrap_or_default())
}

fn list<'v>(value: &'v Value, at: &str) -> &'v [Value] {
    value.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_of_the_past_is_told_in_lines() {
        let answer = json!({
            "id": "x", "method": "GET", "host": "a", "target": "/b", "protocol": "HTTP/1.1",
            "status": 200, "time": "2026-01-01T00:00:00.000Z", "client": "127.0.0.1:5",
            "duration_ms": 3.5, "route": "/", "upstream": "app", "error": null,
            "stages": { "gateway_ms": 0.3, "connect_ms": 0.2, "first_byte_ms": 2.0, "download_ms": 1.0 },
            "cache": { "result": "vary-miss", "why": "no variant fits",
                       "clause": "RFC 9111 section 4.1", "stored": false,
                       "varies_by": ["accept-encoding", "accept-language"],
                       "not_stored": { "why": "the response says private", "clause": "RFC 9111 section 5.2.2.7" } },
            "attempts": [
                { "backend": "b:1", "outcome": "unreachable", "after_ms": 0.1, "took_ms": 0.2, "error": "refused\u{1b}" },
                { "backend": "b:2", "outcome": "answered", "after_ms": 0.5, "took_ms": 2.0, "error": null },
            ],
        });
        let expected = "\
GET a/b HTTP/1.1: 200

time        2026-01-01T00:00:00.000Z
client      127.0.0.1:5
took        3.500 ms (gateway 0.300 ms, connect 0.200 ms, first byte 2.000 ms, download 1.000 ms)
route       /
cache       vary-miss: no variant fits (RFC 9111 section 4.1)
varies by   accept-encoding, accept-language
not stored  the response says private (RFC 9111 section 5.2.2.7)
upstream    app
attempt 1   b:1 unreachable in 0.200 ms, begun after 0.100 ms: refused\u{fffd}
attempt 2   b:2 answered in 2.000 ms, begun after 0.500 ms
";
        assert_eq!(report(&answer), expected);
    }

    #[test]
    fn where_a_slow_request_spent_its_time_is_told_in_words() {
        for (name, told, _) in PHASES.iter().filter(|(_, _, why)| !why.is_empty()) {
            let stages = json!({ format!("{name}_ms"): 900.0, "gateway_ms": 1.0 });
            let text = report(&json!({ "id": "x", "duration_ms": 901.0, "stages": stages }));
            assert!(text.contains(&format!("{told} 900.000 ms")), "{text}");
            assert!(text.contains("\nmostly      "), "{text}");
        }
        let quick = json!({ "id": "x", "duration_ms": 3.0, "stages": { "first_byte_ms": 3.0 } });
        assert!(!report(&quick).contains("mostly"));
    }

    #[test]
    fn a_request_that_was_not_sent_is_told_with_all_that_was_considered() {
        let answer = json!({
            "request": { "method": "GET", "url": "http://a/b" }, "route": "/",
            "routes": [
                { "route": "/api", "matches": false, "why": "the path does not lie below its path" },
                { "route": "/", "matches": true, "why": null },
            ],
            "guard": { "passes": true }, "cache": null,
            "pick": { "upstream": "app", "policy": "least-requests", "why": "fewest", "candidates": [
                { "server": "s:1", "chosen": false, "state": "down", "why": "health check", "weight": 1, "in_flight": 4, "score": 4.0 },
                { "server": "s:2", "chosen": true, "state": "up", "why": null, "weight": 2, "in_flight": 1, "score": 0.5 },
            ] },
        });
        let expected = "\
GET http://a/b

route       /api  does not: the path does not lie below its path
route       /  takes it
guard       passes
cache       has no part in it
upstream    app, least-requests
server        s:1  down, weight 1, 4 in flight, score 4.00  (health check)
server      > s:2  up, weight 2, 1 in flight, score 0.50  (fewest)
";
        assert_eq!(report(&answer), expected);
    }

    #[test]
    fn an_answer_of_another_shape_is_told_all_the_same() {
        for odd in [json!({}), json!([1]), json!({ "id": 7, "cache": 1 }), json!({ "pick": {} })] {
            assert!(!report(&odd).is_empty());
        }
    }
}
