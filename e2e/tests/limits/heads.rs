//! Limits of request heads: bytes, fields, target, time.

use crate::willing;
use std::net::Ipv4Addr;
use std::time::Duration;
use tombolo_e2e::{Client, Origin, Setup, Tombolo, eventually};

fn refused(gateway: &Tombolo, origin: &Origin, request: &str, status: u16) {
    let mut client = gateway.connect();
    client.try_send(request);
    let shown = &request[..request.len().min(80)];
    let answer = client.read_response().unwrap_or_else(|e| panic!("{shown:?}: {e:?}"));
    assert_eq!(answer.status(), status, "{shown:?}");
    client.expect_close();
    assert_eq!(origin.connections(), 0, "{shown:?}");
}

fn with(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: example.org\r\n{fields}\r\n")
}

#[test]
fn a_head_that_is_too_long() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("head_bytes = \"2KiB\"").start();
    refused(&gateway, &origin, &with(&format!("X: {}\r\n", "x".repeat(3000))), 431);
    refused(&gateway, &origin, &with(&"X: y\r\n".repeat(90).repeat(5)), 431);
    // Also when its end is nowhere to be seen.
    refused(&gateway, &origin, with(&format!("X: {}", "x".repeat(3000))).trim_end(), 431);
    let fits = with(&format!("X: {}\r\n", "x".repeat(1500)));
    assert_eq!(gateway.connect().exchange(fits).status(), 200);
}

#[test]
fn the_default_head_limit_is_32_kib() {
    let origin = willing();
    let gateway = Setup::to(&origin).start();
    refused(&gateway, &origin, &with(&format!("X: {}\r\n", "x".repeat(33 * 1024))), 431);
    let fits = with(&format!("X: {}\r\n", "x".repeat(31 * 1024)));
    assert_eq!(gateway.connect().exchange(fits).status(), 200);
}

#[test]
fn too_many_fields() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("head_fields = 10").start();
    refused(&gateway, &origin, &with(&"X: y\r\n".repeat(10)), 431);
    assert_eq!(gateway.connect().exchange(with(&"X: y\r\n".repeat(9))).status(), 200);
    let gateway = Setup::to(&origin).start();
    assert_eq!(gateway.connect().exchange(with(&"X: y\r\n".repeat(99))).status(), 200);
    let answer = gateway.connect().exchange(with(&"X: y\r\n".repeat(100)));
    assert_eq!(answer.status(), 431, "the default is 100");
}

#[test]
fn a_target_that_is_too_long() {
    let origin = willing();
    let gateway =
        Setup::to(&origin).limits("target_bytes = \"128B\"\nhead_bytes = \"2KiB\"").start();
    let get = |n: usize| format!("GET /{} HTTP/1.1\r\nHost: example.org\r\n\r\n", "x".repeat(n));
    refused(&gateway, &origin, &get(128), 414);
    // Longer than the whole head may be, and without an end: still the target's fault.
    refused(&gateway, &origin, &get(5000), 414);
    refused(&gateway, &origin, &format!("GET /{}", "x".repeat(5000)), 414);
    assert_eq!(gateway.connect().exchange(get(127)).status(), 200);
}

/// A head that comes a byte at a time must be there within the deadline all the same: each byte
/// does not buy more time.
#[test]
fn a_dripping_head_is_cut_with_408() {
    let origin = willing();
    let gateway = Setup::to(&origin).timeouts("head = \"600ms\"").start();
    let mut client = gateway.connect();
    let sent = client.drip(with(&"X: y\r\n".repeat(50)), Duration::from_millis(30));
    assert!((5..200).contains(&sent), "cut after {sent} bytes");
    assert_eq!(client.read_response().expect("an answer").status(), 408);
    client.expect_close();
    gateway.wait_for_record("the cut request", |record| record["status"] == 408);
    assert_eq!(origin.connections(), 0);
}

#[test]
fn half_a_head_and_silence_is_cut_with_408() {
    let origin = willing();
    let gateway = Setup::to(&origin).timeouts("head = \"300ms\"").start();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: exa");
    assert_eq!(client.read_response().expect("an answer").status(), 408);
    client.expect_close();
    // Also on a connection that has served before.
    let mut client = gateway.connect();
    client.get("/");
    client.send("GET / HT");
    assert_eq!(client.read_response().expect("an answer").status(), 408);
    client.expect_close();
}

/// A slow head within the deadline is no offence.
/// Heads that come in pieces have a budget in all, and an eighth of it for one client.
#[test]
fn half_heads_are_bounded_for_each_client_and_in_all() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("half_heads = \"1MiB\"").start();
    let mut held = Vec::new();
    let mut refused = [0; 12];
    for (client, refused) in (1..).zip(&mut refused) {
        for _ in 0..9 {
            let source = Ipv4Addr::new(127, 0, 0, client);
            let mut half = Client::connect_from(gateway.address(), source);
            half.send("GET / HTTP/1.1\r\nHost: x\r\nX: ");
            held.push(half);
        }
        // Those within the budget say nothing.
        *refused = eventually("the refusals", || {
            let mut told =
                held.iter().rev().take(9).map(|half| !half.quiet_for(Duration::from_millis(20)));
            let count = told.by_ref().filter(|told| *told).count();
            (count >= 2).then_some(count)
        });
    }
    assert_eq!(refused[..8], [2; 8], "seven of 16 KiB and some bytes fit an eighth of 1 MiB");
    assert_eq!(refused[9..], [9; 3], "the rest of the budget is used up");
    assert_eq!(held.last_mut().unwrap().read_response().expect("words").status(), 503);
    assert_eq!(gateway.connect().get("/").status(), 200, "a head that comes whole is not counted");
    held.clear();
    eventually("the budget to be free", || {
        let mut slow = gateway.connect();
        slow.send("GET / HTTP/1.1\r\nHost: x\r\n");
        slow.try_send("\r\n");
        slow.read_response().is_ok_and(|answer| answer.status() == 200).then_some(())
    });
}

#[test]
fn a_slow_head_in_time_is_served() {
    let origin = willing();
    let gateway = Setup::to(&origin).timeouts("head = \"8s\"").start();
    let mut client = gateway.connect();
    let request = with("X: y\r\n");
    assert_eq!(client.drip(&request, Duration::from_millis(5)), request.len());
    assert_eq!(client.read_response().expect("an answer").status(), 200);
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let origin = willing();
    let gateway = Setup::to(&origin).timeouts("idle = \"300ms\"\nhead = \"300ms\"").start();
    let mut client = gateway.connect();
    client.get("/");
    client.expect_close();
    // A client that never said anything has asked nothing, so there is nothing to answer.
    let mut silent = gateway.connect();
    silent.expect_close();
}
