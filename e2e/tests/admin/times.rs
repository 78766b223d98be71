//! Where the time of a request went: whoever was slow is named, in the log, by `why` and in the metrics.

use super::{get, json, start};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tombolo_e2e::{Client, Gate, Origin, Setup, Tombolo, eventually, scripts};

/// How long whoever is slow takes, and what of that is sure to be seen: the gateway's clock may be read a little late.
const SLOW: Duration = Duration::from_millis(400);
const SEEN_MS: f64 = 300.0;

/// A server that is slow to answer `/slow`, to send the body of `/body`, and to answer `/held` until the gate opens.
fn origin(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            match request.head.target() {
                "/slow" => std::thread::sleep(SLOW),
                "/held" => gate.wait("the end of the test"),
                "/body" => {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh")?;
                    std::thread::sleep(SLOW);
                    connection.write("i")?;
                    continue;
                }
                _ => {}
            }
            connection.write(scripts::ok("ok"))?;
        }
    })
}

/// What is told of the request with this target: the line of the log, and the answer to why.
fn told(gateway: &Tombolo, admin: SocketAddr, target: &str) -> (Value, Value) {
    let record = gateway.wait_for_record(target, |record| record["target"] == target);
    let id = record["request_id"].as_str().unwrap();
    let why = get(admin, &format!("/api/v1/why?request={id}"));
    assert_eq!(why.status(), 200, "{why:?}");
    (record, json(&why))
}

/// Fails the test unless this phase took most of the time, by log and why, and the phases are all of it.
fn assert_phase(gateway: &Tombolo, admin: SocketAddr, target: &str, phase: &str) {
    let (record, why) = told(gateway, admin, target);
    let stages = why["stages"].as_object().unwrap();
    for (name, spent) in stages {
        let spent = spent.as_f64().unwrap();
        if name == phase {
            assert!(spent >= SEEN_MS, "{target}: {phase} took {spent} ms: {why}");
            let logged = record[phase].as_f64().unwrap();
            assert!((logged - spent).abs() < 1.0, "{record} {why}");
        } else {
            assert!(spent < SEEN_MS, "{target}: {name} took {spent} ms, not {phase}: {why}");
        }
    }
    let sum: f64 = stages.values().map(|spent| spent.as_f64().unwrap()).sum();
    assert!((sum - why["duration_ms"].as_f64().unwrap()).abs() < 0.1, "{why}");
}

/// Sends a request in two pieces.
fn send_slowly(client: &mut Client, first: &str, rest: &str) {
    client.send(first);
    assert!(client.quiet_for(SLOW), "the gateway waits for the rest");
    client.send(rest);
    assert_eq!(client.read_response().unwrap().status(), 200);
}

/// The value of a series.
fn metric(admin: SocketAddr, series: &str) -> f64 {
    let text = get(admin, "/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} in {text}")).parse().unwrap()
}

#[test]
fn whoever_was_slow_is_named() {
    let gate = Gate::new();
    let origin = origin(&gate);
    let (gateway, admin) = start(Setup::to(&origin));
    let mut client = gateway.connect();
    send_slowly(&mut client, "GET /head HTTP/1.1\r\nHost", ": x\r\n\r\n");
    assert_phase(&gateway, admin, "/head", "head_ms");
    let head = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na";
    send_slowly(&mut client, head, "bc");
    assert_phase(&gateway, admin, "/upload", "upload_ms");
    client.get("/slow");
    assert_phase(&gateway, admin, "/slow", "first_byte_ms");
    client.get("/body");
    assert_phase(&gateway, admin, "/body", "download_ms");
    // The first request made the connection that all others found idle.
    assert!(told(&gateway, admin, "/head").0["connect_ms"].is_number());
    assert!(told(&gateway, admin, "/slow").0["connect_ms"].is_null());
    let server = format!("upstream=\"app\",backend=\"{}\"", origin.address());
    for (series, value) in [
        ("tombolo_upstream_connect_seconds_count{upstream=\"app\"}".to_owned(), 1.0),
        (format!("tombolo_upstream_first_byte_seconds_count{{{server}}}"), 4.0),
        (format!("tombolo_upstream_first_byte_seconds_bucket{{{server},le=\"0.25\"}}"), 3.0),
        (format!("tombolo_upstream_responses_total{{{server},code_class=\"2xx\"}}"), 4.0),
    ] {
        assert_eq!(metric(admin, &series), value, "{series}");
    }
}

/// The queue's wait is the queue's, whether the request is served in the end or not.
#[test]
fn waiting_in_the_queue_is_told_apart() {
    let gate = Gate::new();
    let origin = origin(&gate);
    let upstream = "limit = { in_flight = 1, queue = 1, wait = \"30s\" }";
    let (gateway, admin) = start(Setup::to(&origin).upstream(upstream));
    let mut first = gateway.connect();
    first.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    let now = |series: &str| metric(admin, &format!("{series}{{upstream=\"app\"}}"));
    let in_flight = format!(
        "tombolo_upstream_requests_in_flight{{upstream=\"app\",backend=\"{}\"}}",
        origin.address()
    );
    eventually("the first is served", || (metric(admin, &in_flight) == 1.0).then_some(()));
    let mut second = gateway.connect();
    second.send("GET /queued HTTP/1.1\r\nHost: x\r\n\r\n");
    eventually("the second waits", || {
        (now("tombolo_upstream_requests_waiting") == 1.0).then_some(())
    });
    assert_eq!(gateway.connect().get("/full").status(), 503);
    assert!(second.quiet_for(SLOW), "the second waits");
    gate.open();
    assert_eq!(first.read_response().unwrap().status(), 200);
    assert_eq!(second.read_response().unwrap().status(), 200);
    assert_phase(&gateway, admin, "/queued", "queue_ms");
    assert_eq!(now("tombolo_upstream_queue_seconds_count"), 2.0);
    assert!(now("tombolo_upstream_queue_seconds_sum") >= SEEN_MS / 1000.0);
    let (record, _) = told(&gateway, admin, "/full");
    assert_eq!((&record["upstream"], &record["backend"]), (&"app".into(), &Value::Null));
}

/// A request that follows another's waits for that, not for the gateway.
#[test]
fn waiting_for_another_request_is_told_apart() {
    let gate = Gate::new();
    let opened = gate.clone();
    let origin = Origin::start(move |connection| {
        loop {
            connection.read_request()?;
            opened.wait("the other request");
            let fields = "Cache-Control: max-age=60\r\nContent-Length: 2";
            connection.write(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nok"))?;
        }
    });
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = true\n[cache]\ndir = \"c\"";
    let (gateway, admin) = start(Setup::to(&origin).routes(routes));
    let mut first = gateway.connect();
    let ask = |client: &mut Client, id: &str| {
        client.send(format!("GET /page HTTP/1.1\r\nHost: x\r\nReferer: {id}\r\n\r\n"));
    };
    ask(&mut first, "first");
    eventually("the first is asked upstream", || (origin.connections() == 1).then_some(()));
    let mut second = gateway.connect();
    ask(&mut second, "second");
    assert!(second.quiet_for(SLOW), "it follows the first");
    gate.open();
    assert_eq!(first.read_response().unwrap().status(), 200);
    assert_eq!(second.read_response().unwrap().status(), 200);
    let record = gateway.wait_for_record("the second", |record| record["referer"] == "second");
    assert_eq!(record["cache"], "collapsed");
    assert!(record["collapsed_ms"].as_f64().unwrap() >= SEEN_MS, "{record}");
    assert!(record["first_byte_ms"].is_null(), "{record}");
    let why = json(&get(
        admin,
        &format!("/api/v1/why?request={}", record["request_id"].as_str().unwrap()),
    ));
    assert!(why["stages"]["collapsed_ms"].as_f64().unwrap() >= SEEN_MS, "{why}");
}
