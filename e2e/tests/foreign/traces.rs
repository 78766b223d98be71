//! Traces: W3C context from hop to hop, and spans as OpenTelemetry's own description reads them.

use crate::libraries::python;
use serde_json::Value;
use std::path::PathBuf;
use tombolo_e2e::{Origin, Refusing, Request, Setup, Tombolo, eventually, scripts};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// An answer that no cache keeps, so that each request reaches the server.
const UNSTORED: &str = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok";
const SPAN: &str = "b7ad6b7169203331";

/// A gateway that records `ratio` of its requests, before `servers`.
fn traced(servers: &[String], collector: &Origin, ratio: &str, lines: &str) -> Tombolo {
    let table = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\ncache = true\n[cache]\ndir = \"c\"\n\
         [traces]\nendpoint = \"http://{}\"\nratio = \"{ratio}\"\nservice = \"edge\"",
        collector.address()
    );
    let setup = Setup::to_addresses(servers.to_vec()).routes(&table);
    setup.gateway(&format!("admin = \"127.0.0.1:0\"\n{lines}")).start()
}

fn ask(gateway: &Tombolo, fields: &str) -> u16 {
    let request = format!("GET /a?b HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    gateway.connect().exchange(request).status()
}

/// The spans that the collector was sent, once there are so many.
fn spans(collector: &Origin, count: usize) -> Vec<Value> {
    eventually(&format!("{count} spans"), || {
        let exports = collector.requests();
        let lines: Vec<&[u8]> = exports.iter().map(|export| export.body.as_slice()).collect();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("exports"), lines.join(&b'\n')).unwrap();
        let script =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/clients/otlp.py");
        let read = "import runpy, sys; sys.stdin = open('exports'); runpy.run_path(sys.argv[1])";
        let told =
            python().folder(folder.path()).args(["-c", read]).arg(script.display().to_string());
        let told: Vec<Value> = serde_json::from_str(&told.run().succeeded()).unwrap();
        (told.len() >= count).then_some(told)
    })
}

fn one<'s>(spans: &'s [Value], kind: &str) -> &'s Value {
    spans.iter().find(|span| span["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {spans:?}"))
}

fn parent_of(request: &Request) -> &str {
    request.head.one("traceparent").unwrap()
}

#[test]
fn a_request_is_a_span_with_its_attempts_and_the_caches_part_below() {
    let refusing = Refusing::new();
    let gone = refusing.address();
    let origin = Origin::start(scripts::answer(UNSTORED.to_owned()));
    let collector = Origin::start(scripts::answer(scripts::ok("{}")));
    let servers = [gone.to_string(), origin.address().to_string()];
    let gateway = traced(&servers, &collector, "1", "");
    let fields = format!("traceparent: 00-{TRACE}-{SPAN}-00\r\ntracestate: rojo=1\r\n");
    // The first turn is that of the server that is gone.
    assert_eq!(ask(&gateway, &fields), 200);
    let spans = spans(&collector, 4);
    assert!(spans.iter().all(|span| span["trace"] == TRACE && span["service"] == "edge"));
    let server = one(&spans, "SPAN_KIND_SERVER");
    assert_eq!((&server["parent"], &server["name"]), (&SPAN.into(), &"GET /".into()));
    assert_eq!(server["attributes"]["http.response.status_code"], 200);
    assert_eq!(
        (&server["attributes"]["url.path"], &server["attributes"]["url.query"]),
        (&"/a".into(), &"b".into())
    );
    let below: Vec<&Value> = spans.iter().filter(|span| span["parent"] == server["span"]).collect();
    assert_eq!(below.len(), 3, "{spans:?}");
    let cache = one(&spans, "SPAN_KIND_INTERNAL");
    assert_eq!(cache["attributes"]["tombolo.cache.result"], "uri-miss");
    assert_eq!(cache["attributes"]["tombolo.cache.clause"], "RFC 9111 section 4");
    let attempts: Vec<&&Value> =
        below.iter().filter(|span| span["kind"] == "SPAN_KIND_CLIENT").collect();
    let failed = attempts.iter().find(|span| span["failed"] == true).unwrap();
    assert_eq!(failed["attributes"]["error.type"], "unreachable");
    let served = attempts.iter().find(|span| span["failed"] == false).unwrap();
    assert_eq!(served["attributes"]["server.port"], origin.address().port());
    let asked = &origin.requests()[0];
    let expected = format!("00-{TRACE}-{}-01", server["span"].as_str().unwrap());
    assert_eq!(parent_of(asked), expected, "the next hop is this gateway's child");
    assert_eq!(asked.head.one("tracestate"), Some("rojo=1"));
    let export = &collector.requests()[0];
    assert_eq!((export.head.method(), export.head.target()), ("POST", "/v1/traces"));
}

#[test]
fn an_invalid_context_is_dropped_and_a_new_trace_begun() {
    let origin = Origin::start(scripts::answer(UNSTORED.to_owned()));
    let collector = Origin::start(scripts::answer(scripts::ok("{}")));
    let gateway = traced(&[origin.address().to_string()], &collector, "0", "");
    let zeros = "0".repeat(32);
    for (fields, state) in [
        (format!("traceparent: 00-{zeros}-{SPAN}-01\r\ntracestate: rojo=1\r\n"), None),
        (
            format!("traceparent: 00-{TRACE}-{SPAN}-01\r\ntraceparent: 00-{TRACE}-{SPAN}-01\r\n"),
            None,
        ),
        ("tracestate: rojo=1\r\n".to_owned(), None),
        (String::new(), None),
        (format!("traceparent: 00-{TRACE}-{SPAN}-01\r\ntracestate: ROJO=1\r\n"), None),
        (
            format!("traceparent: 00-{TRACE}-{SPAN}-01\r\ntracestate: a=1\r\ntracestate: b=2\r\n"),
            Some("a=1,b=2"),
        ),
    ] {
        assert_eq!(ask(&gateway, &fields), 200);
        let requests = origin.requests();
        let asked = requests.last().unwrap();
        let parent = parent_of(asked);
        assert!(parent.starts_with("00-") && parent.ends_with("-00"), "{fields}: {parent}");
        assert_eq!(
            parent.contains(TRACE),
            fields.matches("traceparent").count() == 1 && !fields.contains(&zeros),
            "{fields}"
        );
        assert!(!parent.contains(SPAN), "{fields}");
        assert_eq!(asked.head.one("tracestate"), state, "{fields}");
    }
    assert!(collector.requests().is_empty(), "a stranger's flag records nothing");
}

#[test]
fn a_trusted_hop_decides_what_is_recorded() {
    let origin = Origin::start(scripts::answer(UNSTORED.to_owned()));
    let collector = Origin::start(scripts::answer(scripts::ok("{}")));
    let servers = [origin.address().to_string()];
    let gateway = traced(&servers, &collector, "0", "trusted = [\"127.0.0.1\"]");
    assert_eq!(ask(&gateway, &format!("traceparent: 00-{TRACE}-{SPAN}-00\r\n")), 200);
    assert_eq!(ask(&gateway, &format!("traceparent: 00-{TRACE}-{SPAN}-01\r\n")), 200);
    let spans = spans(&collector, 3);
    assert_eq!(spans.iter().filter(|span| span["kind"] == "SPAN_KIND_SERVER").count(), 1);
}

#[test]
fn without_traces_the_fields_pass_as_they_came() {
    let origin = Origin::start(scripts::answer(UNSTORED.to_owned()));
    let gateway = Setup::to(&origin).start();
    let fields = "TraceParent: anything\r\ntracestate: at all\r\n";
    assert_eq!(ask(&gateway, fields), 200);
    assert_eq!(ask(&gateway, ""), 200);
    let requests = origin.requests();
    assert_eq!(requests[0].head.one("traceparent"), Some("anything"));
    assert_eq!(requests[0].head.one("tracestate"), Some("at all"));
    assert!(!requests[1].head.has("traceparent"));
}

/// A collector that is not there, and then one that hangs: requests do not notice.
#[test]
fn a_collector_that_is_gone_costs_no_request_anything() {
    let origin = Origin::start(scripts::answer(UNSTORED.to_owned()));
    let mut collector = Origin::start(scripts::answer(scripts::ok("{}")));
    let gateway = traced(&[origin.address().to_string()], &collector, "1", "");
    collector.stop();
    for _ in 0..50 {
        assert_eq!(ask(&gateway, ""), 200);
    }
    gateway
        .stderr()
        .wait_for("a warning", |line| line.contains("spans cannot be sent").then_some(()));
}
