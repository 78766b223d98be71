//! One line for each request, with these fields, in three formats.

use serde_json::Value;
use tombolo_e2e::{Origin, Setup, scripts};

const FIELDS: [&str; 28] = [
    "time",
    "request_id",
    "client",
    "method",
    "scheme",
    "host",
    "target",
    "protocol",
    "status",
    "bytes_in",
    "bytes_out",
    "duration_ms",
    "upstream_ms",
    "backend",
    "attempts",
    "cache",
    "user_agent",
    "referer",
    "error",
    "route",
    "upstream",
    "head_ms",
    "queue_ms",
    "collapsed_ms",
    "connect_ms",
    "upload_ms",
    "first_byte_ms",
    "download_ms",
];

const REQUEST: &str = "POST /log?q=1 HTTP/1.1\r\nHost: Example.org:81\r\nUser-Agent: tester/1.0\r\n\
                       Referer: http://example.org/before\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn json_has_every_field_with_its_value() {
    let origin = Origin::start(scripts::answer(scripts::ok("twelve bytes")));
    let gateway = Setup::to(&origin).start();
    let answer = gateway.connect().exchange(REQUEST);
    let record = gateway.wait_for_record("the request", |record| record["method"] == "POST");
    let line = gateway.stdout().wait_for_text("\"POST\"");
    let places: Vec<_> = FIELDS.iter().map(|name| line.find(&format!("\"{name}\":"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "order of fields: {line}");
    assert_eq!(record.as_object().map(serde_json::Map::len), Some(FIELDS.len()), "{line}");
    let time = record["time"].as_str().expect("a time");
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    assert_eq!(time.chars().map(shape).collect::<String>(), "0000-00-00T00:00:00.000Z");
    assert_eq!(record["request_id"].as_str(), answer.head.one("x-request-id"));
    assert!(record["client"].as_str().is_some_and(|c| c.starts_with("127.0.0.1:")));
    assert_eq!(record["scheme"], "http");
    assert_eq!(record["host"], "Example.org:81");
    assert_eq!(record["target"], "/log?q=1");
    assert_eq!(record["protocol"], "HTTP/1.1");
    assert_eq!(record["status"], 200);
    assert_eq!((&record["bytes_in"], &record["bytes_out"]), (&Value::from(5), &Value::from(12)));
    assert!(record["duration_ms"].as_f64() >= record["upstream_ms"].as_f64(), "{line}");
    assert!(record["upstream_ms"].is_number());
    assert_eq!(record["backend"], origin.address().to_string());
    assert_eq!(record["attempts"], 1);
    assert_eq!(record["user_agent"], "tester/1.0");
    assert_eq!(record["referer"], "http://example.org/before");
    assert!(record["cache"].is_null() && record["error"].is_null(), "{line}");
    assert_eq!((&record["route"], &record["upstream"]), (&"/".into(), &"app".into()));
    assert!(record["connect_ms"].is_number() && record["upload_ms"].is_number(), "{line}");
    assert!(record["head_ms"].is_null() && record["queue_ms"].is_null(), "{line}");
}

#[test]
fn bytes_are_those_of_the_bodies() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n";
    let origin = Origin::start(scripts::answer(chunked));
    let gateway = Setup::to(&origin).start();
    gateway.connect().exchange(
        "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n6\r\ndefghi\r\n0\r\n\r\n",
    );
    let record = gateway.wait_for_record("the request", |record| record["target"] == "/c");
    assert_eq!((&record["bytes_in"], &record["bytes_out"]), (&Value::from(9), &Value::from(7)));
}

/// Host and target of absolute-form, odd bytes, nothing at all: a line all the same, and valid JSON.
#[test]
fn whatever_a_client_sends_makes_one_valid_line() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    let agent = b"\"quoted\\ \xff\xfe {\"status\":999} \xe2\x80\xa8 caf\xc3\xa9\ttab";
    let mut request = b"GET /odd HTTP/1.1\r\nHost: x\r\nUser-Agent: ".to_vec();
    request.extend_from_slice(agent);
    request.extend_from_slice(b"\r\n\r\n");
    gateway.connect().exchange(request);
    let record = gateway.wait_for_record("the request", |record| record["target"] == "/odd");
    assert_eq!(record["status"], 200);
    let kept = record["user_agent"].as_str().expect("a text");
    assert!(kept.starts_with("\"quoted\\ ") && kept.contains("caf\u{e9}"), "{kept}");
    for line in gateway.stdout().lines() {
        serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[test]
fn refused_requests_are_logged_with_the_reason() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    for (request, status) in [
        ("GET /a HTTP/1.1\r\n\r\n", 400),
        ("GET /b HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        ("NONSENSE\r\n\r\n", 400),
        ("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    ] {
        let got = gateway.connect().exchange(request);
        assert_eq!(got.status(), status, "{request:?}");
        let id = got.head.one("x-request-id").expect("an id").to_owned();
        let record = gateway.wait_for_record("the refusal", |r| r["request_id"] == id.as_str());
        assert_eq!(record["status"], status);
        assert!(record["error"].as_str().is_some_and(|why| why.len() > 5), "{record}");
        assert!(record["backend"].is_null(), "{record}");
    }
}

fn line_in(format: &str, request: &str) -> String {
    let origin = Origin::start(scripts::answer(scripts::ok("twelve bytes")));
    let settings = format!("stdout = true\nformat = \"{format}\"");
    let gateway = Setup::to(&origin).access_log(&settings).start();
    gateway.connect().exchange(request);
    gateway.stdout().wait_for_text("HTTP/1.1")
}

#[test]
fn common_and_combined_have_their_usual_form() {
    let common = line_in("common", REQUEST);
    let (start, rest) = common.split_once(" [").expect("a time in brackets");
    assert_eq!(start, "127.0.0.1 - -");
    let (time, rest) = rest.split_once("] ").expect("the end of the time");
    let shape: String = time
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                '0'
            } else if c.is_alphabetic() {
                'a'
            } else {
                c
            }
        })
        .collect();
    assert_eq!(shape, "00/aaa/0000:00:00:00 +0000");
    assert_eq!(rest, "\"POST /log?q=1 HTTP/1.1\" 200 12");
    let combined = line_in("combined", REQUEST);
    let tail = "\"POST /log?q=1 HTTP/1.1\" 200 12 \"http://example.org/before\" \"tester/1.0\"";
    assert!(combined.ends_with(tail), "{combined}");
}

#[test]
fn a_quote_cannot_break_out_of_its_place() {
    let request = "GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\" 200 \"b\\\r\n\r\n";
    let line = line_in("combined", request);
    let (_, agent) = line.rsplit_once("\"-\" ").expect("no referer");
    let inner = agent.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("quotes");
    let bare = inner.replace("\\\\", "").replace("\\\"", "").replace("\\x22", "");
    assert!(!bare.contains('"'), "{agent}");
}

/// At an ordinary pace not one line is missing, and none comes twice.
#[test]
fn every_request_has_its_line() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).workers(2).start();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut client = gateway.connect();
                for n in 0..250 {
                    client.get(&format!("/{thread}/{n}"));
                }
            });
        }
    });
    let targets = tombolo_e2e::eventually("1000 lines", || {
        let lines = gateway.stdout().lines();
        (lines.len() >= 1000).then(|| {
            let target = |line: &String| {
                let record: Value = serde_json::from_str(line).expect("JSON");
                record["target"].as_str().expect("a target").to_owned()
            };
            lines.iter().map(target).collect::<std::collections::BTreeSet<_>>()
        })
    });
    assert_eq!(targets.len(), 1000);
}

#[test]
fn no_access_log_when_none_is_wanted() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).access_log("stdout = false").start();
    gateway.connect().get("/");
    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.wait_for_exit().success());
    gateway.stdout().wait_for_end();
    assert!(gateway.stdout().lines().is_empty(), "{}", gateway.stdout().text());
    assert!(!gateway.folder().join("access.log").exists());
}
