//! `GET /metrics`: every request is counted once, where it belongs, in a form others can read.

use super::{get, start};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tombolo_e2e::{Client, Foreign, Origin, Setup, eventually, scripts};

type Samples = BTreeMap<String, f64>;

fn samples(admin: SocketAddr) -> Samples {
    let text = get(admin, "/metrics").text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a sample");
        (series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    };
    lines.map(sample).collect()
}

/// The samples once this series has that value.
fn samples_when(admin: SocketAddr, series: &str, value: f64) -> Samples {
    eventually(&format!("{series} {value}"), || {
        let samples = samples(admin);
        (samples.get(series) == Some(&value)).then_some(samples)
    })
}

#[test]
fn exchanges_are_counted_by_route_and_class() {
    let origin = Origin::start(scripts::answer(scripts::ok("twelve bytes")));
    let routes = "[[route]]\npath = \"/a\"\nupstream = \"app\"\n\
                  [[route]]\nhost = \"b.example\"\npath = \"/b\"\nupstream = \"app\"";
    let (gateway, admin) = start(Setup::to(&origin).routes(routes));
    let mut client = gateway.connect();
    client.exchange("POST /a/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    client.exchange("GET /a/2 HTTP/1.1\r\nHost: x\r\n\r\n");
    client.exchange("GET /b HTTP/1.1\r\nHost: b.example\r\n\r\n");
    client.exchange("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    gateway.connect().exchange("NONSENSE\r\n\r\n");
    let of =
        samples_when(admin, "tombolo_requests_total{route=\"(none)\",code_class=\"4xx\"}", 2.0);
    for (series, value) in [
        ("tombolo_requests_total{route=\"/a\",code_class=\"2xx\"}", 2.0),
        ("tombolo_requests_total{route=\"b.example/b\",code_class=\"2xx\"}", 1.0),
        ("tombolo_requests_total{route=\"/a\",code_class=\"4xx\"}", 0.0),
        ("tombolo_request_body_bytes_total{route=\"/a\"}", 5.0),
        ("tombolo_response_body_bytes_total{route=\"/a\"}", 24.0),
        ("tombolo_request_duration_seconds_count{route=\"/a\"}", 2.0),
        ("tombolo_request_duration_seconds_bucket{route=\"/a\",le=\"+Inf\"}", 2.0),
        ("tombolo_draining", 0.0),
    ] {
        assert_eq!(of.get(series), Some(&value), "{series} in {of:#?}");
    }
    samples_when(admin, "tombolo_connections", 1.0);
    assert!(of["tombolo_request_duration_seconds_sum{route=\"/a\"}"] > 0.0);
    assert!(of["process_resident_memory_bytes"] > 1e6 && of["process_open_fds"] > 5.0);
}

#[test]
fn attempts_are_counted_by_how_they_ended() {
    let origin = Origin::start(|connection| {
        loop {
            match connection.read_request()?.head.target() {
                "/broken" => return connection.write("HTTP/1.1 2x0 What\r\n\r\n"),
                "/closed" => return Ok(()),
                "/silent" => drop(connection.read_request()),
                _ => connection.write(scripts::ok("ok"))?,
            }
        }
    });
    let (gateway, admin) = start(Setup::to(&origin).timeouts("first_byte = \"300ms\""));
    let series = |outcome: &str| {
        format!(
            "tombolo_upstream_attempts_total{{upstream=\"app\",backend=\"{}\",outcome=\"{outcome}\"}}",
            origin.address()
        )
    };
    let post = |path: &str| format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(gateway.connect().exchange(post("/")).status(), 200);
    assert_eq!(gateway.connect().exchange(post("/silent")).status(), 504);
    assert_eq!(gateway.connect().exchange(post("/broken")).status(), 502);
    assert_eq!(gateway.connect().exchange(post("/closed")).status(), 502);
    let of = samples_when(admin, &series("failed"), 2.0);
    assert_eq!(of[&series("answered")], 1.0, "{of:#?}");
    assert_eq!(of[&series("timed_out")], 1.0, "{of:#?}");
    assert_eq!(of[&series("unreachable")], 0.0, "{of:#?}");

    let mut leaving = gateway.connect();
    leaving.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    let in_flight = format!(
        "tombolo_upstream_requests_in_flight{{upstream=\"app\",backend=\"{}\"}}",
        origin.address()
    );
    samples_when(admin, &in_flight, 1.0);
    leaving.reset();
    samples_when(admin, &series("abandoned"), 1.0);
    samples_when(admin, &in_flight, 0.0);
}

#[test]
fn no_request_is_lost_between_threads() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (gateway, admin) = start(Setup::to(&origin).workers(2).access_log("stdout = false"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let mut client = gateway.connect();
                    (0..10).for_each(|_| drop(client.get("/")));
                }
            });
        }
    });
    samples_when(admin, "tombolo_requests_total{route=\"/\",code_class=\"2xx\"}", 1000.0);
    samples_when(admin, "tombolo_connections", 0.0);
}

#[test]
fn connections_turned_away_are_counted() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (gateway, admin) = start(Setup::to(&origin).limits("connections_per_client = 1"));
    let mut first = gateway.connect();
    first.get("/");
    let refused = gateway.connect().read_to_end();
    assert!(refused.starts_with(b"HTTP/1.1 503 "), "{}", String::from_utf8_lossy(&refused));
    samples_when(admin, "tombolo_connections_refused_total", 1.0);
}

#[test]
fn prometheus_finds_no_fault() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (gateway, admin) = start(Setup::to(&origin));
    gateway.connect().get("/");
    let answer = get(admin, "/metrics");
    assert_eq!(answer.head.one("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    std::fs::write(gateway.folder().join("metrics.txt"), &answer.body).unwrap();
    let promtool = Foreign::program("promtool", "prometheus");
    drop(promtool);
    let check = ["-c", "promtool check metrics < metrics.txt"];
    let checked = Foreign::program("sh", "dash").args(check).folder(gateway.folder()).run();
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn open_metrics_for_who_asks() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let (_gateway, admin) = start(Setup::to(&origin));
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let answer = Client::connect(admin)
        .exchange(format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\nAccept: {accept}\r\n\r\n"));
    let kind = answer.head.one("content-type");
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = answer.text();
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    assert!(text.contains("# TYPE tombolo_requests counter\n"), "{text}");
    assert!(text.contains("# UNIT tombolo_request_duration_seconds seconds\n"), "{text}");
}
