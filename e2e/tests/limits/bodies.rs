//! Limits of request bodies: size and pace.

use crate::{let_go, willing};
use std::time::Duration;
use tombolo_e2e::{Origin, Setup, WireError};

fn post(length: usize) -> String {
    format!("POST /up HTTP/1.1\r\nHost: example.org\r\nContent-Length: {length}\r\n\r\n")
}

const CHUNKED: &str =
    "POST /up HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_body_declared_too_long_is_refused_at_once() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("body_bytes = \"1KiB\"").start();
    let mut client = gateway.connect();
    client.send(post(1025));
    assert_eq!(client.read_response().expect("an answer").status(), 413);
    assert_eq!(origin.connections(), 0);
    let fits = format!("{}{}", post(1024), "x".repeat(1024));
    assert_eq!(gateway.connect().exchange(fits).status(), 200);
}

/// The refusal must arrive even at a client that sends all it has before it reads.
#[test]
fn a_refusal_is_readable_by_who_sends_everything_first() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("body_bytes = \"1KiB\"").start();
    let mut client = gateway.connect();
    client.send(post(4 << 20));
    client.try_send(vec![b'x'; 4 << 20]);
    assert_eq!(client.read_response().expect("an answer").status(), 413);
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_chunked_body_is_cut_when_it_grows_too_long() {
    let origin = willing();
    let mut gateway = Setup::to(&origin).limits("body_bytes = \"64KiB\"").start();
    let mut client = gateway.connect();
    client.send(CHUNKED);
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    // One chunk over the limit, and no end.
    for _ in 0..65 {
        client.try_send(&chunk);
    }
    assert_eq!(client.read_response().expect("an answer").status(), 413);
    client.expect_close();
    let_go(&origin);
    gateway.kill();
    origin.settled();
    assert!(origin.requests().is_empty(), "what went upstream must not look whole");
}

#[test]
fn one_chunk_that_says_it_is_too_long_is_enough() {
    let origin = willing();
    let gateway = Setup::to(&origin).limits("body_bytes = \"64KiB\"").start();
    let mut client = gateway.connect();
    client.send(format!("{CHUNKED}fffffff\r\nx"));
    assert_eq!(client.read_response().expect("an answer").status(), 413);
    client.expect_close();
    let_go(&origin);
}

#[test]
fn a_route_may_allow_more_or_less() {
    let origin = willing();
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\n\
                  [[route]]\npath = \"/big/\"\nupstream = \"app\"\nlimits = { body_bytes = \"1MiB\" }\n\
                  [[route]]\npath = \"/any/\"\nupstream = \"app\"\nlimits = { body_bytes = 0 }";
    let gateway = Setup::to(&origin).limits("body_bytes = \"1KiB\"").routes(routes).start();
    for (path, length, status) in [
        ("/", 1025, 413),
        ("/big/", 1025, 200),
        ("/big/", (1 << 20) + 1, 413),
        ("/any/", (1 << 20) + 1, 200),
    ] {
        let mut client = gateway.connect();
        client.send(format!(
            "POST {path} HTTP/1.1\r\nHost: example.org\r\nContent-Length: {length}\r\n\r\n"
        ));
        client.try_send(vec![b'x'; length]);
        let answer = client.read_response().expect("an answer");
        assert_eq!(answer.status(), status, "{length} bytes to {path}");
    }
}

#[test]
fn an_upload_that_stalls_is_cut() {
    for (head, part) in
        [(post(1000), "some"), (CHUNKED.into(), "4\r\nsome\r\n"), (CHUNKED.into(), "4\r\nso")]
    {
        let origin = willing();
        let mut gateway = Setup::to(&origin).timeouts("body_gap = \"300ms\"").start();
        let mut client = gateway.connect();
        client.send(head);
        client.send(part);
        match client.read_response() {
            Ok(answer) => assert_eq!(answer.status(), 408, "{part:?}"),
            Err(WireError::Closed | WireError::Reset) => {}
            Err(other) => panic!("{part:?}: {other:?}"),
        }
        client.expect_close();
        let_go(&origin);
        gateway.wait_for_record("the cut upload", |record| record["target"] == "/up");
        gateway.kill();
        origin.settled();
        assert!(origin.requests().is_empty(), "{part:?}: it looked whole");
    }
}

/// The gap is between two bytes, not for the whole: slow but steady is welcome, where that is faster
/// than `client_rate`.
#[test]
fn a_slow_upload_that_never_stalls_is_served() {
    let origin = willing();
    let setup = Setup::to(&origin).timeouts("body_gap = \"600ms\"");
    let gateway = setup.limits("client_rate = \"10B\"").start();
    let mut client = gateway.connect();
    client.send(post(30));
    assert_eq!(client.drip([b'x'; 30], Duration::from_millis(50)), 30);
    assert_eq!(client.read_response().expect("an answer").status(), 200);
}

#[test]
fn a_download_that_stalls_is_cut_and_looks_cut() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
        "HTTP/1.1 200 OK\r\n\r\nsome",
    ] {
        let origin = Origin::start(tombolo_e2e::scripts::answer_and_wait(answer));
        let gateway = Setup::to(&origin).timeouts("body_gap = \"300ms\"").start();
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
        let outcome = client.read_response();
        assert!(
            matches!(&outcome, Err(WireError::Truncated(got)) if got == b"some"),
            "{answer:?}: {outcome:?}"
        );
        let_go(&origin);
    }
}

#[test]
fn a_slow_download_that_never_stalls_arrives() {
    let origin = Origin::start(|connection| {
        connection.read_request()?;
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")?;
        for _ in 0..20 {
            // The pace is the point: a server that takes its time.
            std::thread::sleep(Duration::from_millis(60));
            connection.write("x")?;
        }
        connection.read_to_close()
    });
    let gateway = Setup::to(&origin).timeouts("body_gap = \"600ms\"").start();
    assert_eq!(gateway.connect().get("/").text(), "x".repeat(20));
}
