//! Metrics as the Prometheus project's own parser of OpenMetrics reads them: exemplars lead from a
//! slow bucket to a request that can be asked about.

use crate::libraries::{python, script};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tombolo_e2e::{Client, Origin, Setup, Tombolo, eventually, scripts};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const DURATIONS: &str = "tombolo_request_duration_seconds";

/// A gateway before a server that takes 300 ms for `/slow`, with routes `/` and `/slow`.
fn start(lines: &str, traces: &str) -> (Tombolo, SocketAddr, Origin) {
    let origin = Origin::start(|connection| {
        loop {
            if connection.read_request()?.head.target().starts_with("/slow") {
                std::thread::sleep(Duration::from_millis(300));
            }
            connection.write(scripts::ok("ok"))?;
        }
    });
    let routes = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\n\
         [[route]]\npath = \"/slow\"\nupstream = \"app\"\n{traces}"
    );
    let setup = Setup::to(&origin).workers(2).routes(&routes);
    let gateway = setup.gateway(&format!("admin = \"127.0.0.1:0\"\n{lines}")).start();
    let admin = gateway.admin();
    (gateway, admin, origin)
}

fn ask_admin(admin: SocketAddr, path: &str, fields: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n{fields}\r\n");
    Client::connect(admin).exchange(request).text()
}

/// The exemplars of a route's durations once there is one with this request id.
fn exemplars(admin: SocketAddr, route: &str, id: &str) -> Vec<Value> {
    eventually(&format!("an exemplar {id}"), || {
        let text = ask_admin(admin, "/metrics", "Accept: application/openmetrics-text\r\n");
        let read = python().arg(script("open_metrics.py")).input(text).run().succeeded();
        let mut told: Vec<Value> = serde_json::from_str(&read).unwrap();
        told.retain(|one| one["route"] == route);
        assert!(told.iter().all(|one| one["family"] == DURATIONS), "{told:?}");
        told.iter().any(|one| one["labels"]["request_id"] == id).then_some(told)
    })
}

/// Waits until so many requests of `/slow` are counted.
fn wait_for_slow(admin: SocketAddr, count: usize) {
    let line = format!("{DURATIONS}_count{{route=\"/slow\"}} {count}");
    let is_told = || ask_admin(admin, "/metrics", "").lines().any(|one| one == line);
    eventually(&line, || is_told().then_some(()));
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn a_slow_bucket_leads_to_the_request() {
    let (gateway, admin, _origin) = start("", "");
    let began = now();
    let mut client = gateway.connect();
    client.get("/");
    let slow = client.get("/slow?why=me");
    let id = slow.head.one("x-request-id").unwrap();
    let told = exemplars(admin, "/slow", id);
    let [exemplar] = told.as_slice() else { panic!("one bucket has one: {told:?}") };
    let seconds = exemplar["seconds"].as_f64().unwrap();
    assert!(seconds >= 0.3 && exemplar["count"] == 1.0, "{exemplar}");
    let time = exemplar["time"].as_f64().unwrap();
    assert!((began + 0.3 - 0.01..=now() + 0.01).contains(&time), "{began} {exemplar}");
    // The id is what everything else knows the request by.
    let why: Value =
        serde_json::from_str(&ask_admin(admin, &format!("/api/v1/why?request={id}"), "")).unwrap();
    let told = why.to_string();
    assert!(told.contains("/slow?why=me") && told.contains("first_byte_ms"), "{told}");
    let text = ask_admin(admin, "/metrics", "");
    assert!(!text.contains(" # {"), "the older form has no exemplars:\n{text}");
}

/// A trusted hop sends what id it likes: signs that have a meaning in the text, one over which
/// readers stumble, or too long a one.
#[test]
fn ids_of_a_trusted_hop_break_no_reader() {
    let (gateway, admin, _origin) = start("trusted = [\"127.0.0.1\"]", "");
    let ask = |path: &str, id: &str| {
        let fields = format!("Host: x\r\nX-Request-Id: {id}\r\n");
        let response = gateway.connect().exchange(format!("GET {path} HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(response.head.one("x-request-id"), Some(id));
    };
    let odd = "a\\n{c=d}#,\\";
    ask("/slow", odd);
    let ended = now();
    let told = exemplars(admin, "/slow", odd);
    let time = told[0]["time"].as_f64().unwrap();
    assert!((time - ended).abs() < 0.2, "it ended at {ended}: {told:?}");
    ask("/slow", &"x".repeat(118));
    exemplars(admin, "/slow", &"x".repeat(118));
    ask("/slow", &"y".repeat(119));
    ask("/slow", "\"}quoted\"\\\"");
    wait_for_slow(admin, 4);
    exemplars(admin, "/slow", &"x".repeat(118));
}

#[test]
fn a_recorded_trace_is_named() {
    let collector = Origin::start(scripts::answer(scripts::ok("{}")));
    let traces = format!("[traces]\nendpoint = \"http://{}\"\nratio = \"0\"", collector.address());
    let (gateway, admin, _origin) = start("trusted = [\"127.0.0.1\"]", &traces);
    let ask = |fields: &str| {
        let request = format!("GET /slow HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        gateway.connect().exchange(request).head.one("x-request-id").unwrap().to_owned()
    };
    let id = ask(&format!("traceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n"));
    ask("");
    wait_for_slow(admin, 2);
    let told = exemplars(admin, "/slow", &id);
    let labels = &told.iter().find(|one| one["labels"]["request_id"] == id).unwrap()["labels"];
    assert_eq!(labels["trace_id"], TRACE);
    assert_eq!(labels["span_id"].as_str().unwrap().len(), 16);
}
