//! The end of a replica: what is under way is finished, and not for ever.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::harness::{Answer, PATIENCE, Replica, head, pattern};

const LARGE: usize = 15 * 1024 * 1024;

/// A connection in the middle of a download.
fn download(replica: &Replica) -> (std::net::TcpStream, Vec<u8>) {
    let mut stream = replica.connect();
    stream.write_all(&head("GET", "/large", &[], "")).unwrap();
    let mut begun = vec![0; 100];
    stream.read_exact(&mut begun).unwrap();
    (stream, begun)
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

#[test]
fn without_requests_the_end_comes_at_once() {
    let mut replica = Replica::of_folder();
    let mut idle = replica.connect();
    idle.write_all(&head("GET", "/health", &[], "")).unwrap();
    idle.read_exact(&mut [0; 20]).unwrap();
    let _silent = replica.connect();
    let start = Instant::now();
    replica.trigger.drain();
    replica.join();
    assert!(start.elapsed() < PATIENCE / 4, "an idle connection held the drain up");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    assert!(std::net::TcpStream::connect(replica.address).is_err(), "still listening");
}

#[test]
fn a_download_is_finished_while_health_says_draining() {
    let mut replica = Replica::of_folder();
    let content = pattern(LARGE);
    replica.put("large", &content);
    replica.put("small", "small");
    let (mut stream, mut bytes) = download(&replica);
    replica.trigger.drain();
    wait_until("health says draining", || {
        let health = replica.get("/health");
        health.status == 503 && health.text() == r#"{"status":"draining","replica":"test-1"}"#
    });
    // Who comes all the same is served, but the connection is not kept.
    let late = replica.get("/small");
    assert_eq!((late.status, late.field("connection")), (200, Some("close")));
    stream.read_to_end(&mut bytes).unwrap();
    assert!(Answer::parse(&bytes, "GET").body == content, "the download was cut");
    replica.join();
}

#[test]
fn a_drain_does_not_last_for_ever() {
    let mut replica = Replica::draining_within(Duration::from_millis(300));
    replica.put("large", pattern(LARGE));
    let (mut stream, mut bytes) = download(&replica);
    replica.trigger.drain();
    replica.join();
    let _ = stream.read_to_end(&mut bytes);
    assert!(bytes.len() < LARGE, "nothing was cut, so nothing was tested");
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut replica = Replica::of_folder();
    replica.put("large", pattern(LARGE));
    let (_stream, _) = download(&replica);
    replica.trigger.step();
    assert!(!replica.has_ended());
    let start = Instant::now();
    replica.trigger.step();
    replica.join();
    assert!(start.elapsed() < PATIENCE / 4);
}
