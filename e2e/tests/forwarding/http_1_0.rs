//! Clients and upstreams that speak HTTP/1.0.

use tombolo_e2e::{Framing, Origin, Setup, scripts};

#[test]
fn an_old_client_gets_its_answer_and_a_close() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let answer = client.exchange("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(answer.text(), "ok");
    client.expect_close();
    let requests = origin.requests();
    assert_eq!(requests[0].head.version(), "HTTP/1.1");
}

#[test]
fn an_old_client_may_ask_to_stay() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..3 {
        let answer = client.exchange("GET / HTTP/1.0\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n");
        assert_eq!(answer.text(), "ok");
        let connection = answer.head.one("connection").expect("told that it may stay");
        assert!(connection.eq_ignore_ascii_case("keep-alive"), "{connection}");
    }
}

/// Chunks mean nothing to HTTP/1.0: the body must come plain, and end with the connection.
#[test]
fn an_old_client_never_sees_chunks() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n3;x=y\r\ndef\r\n0\r\nX-Checksum: 1\r\n\r\n";
    for keep in ["", "Connection: keep-alive\r\n"] {
        let origin = Origin::start(scripts::answer(chunked));
        let gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        client.send(format!("GET / HTTP/1.0\r\nHost: x\r\n{keep}\r\n"));
        let answer = client.read_response().expect("an answer");
        assert!(!answer.head.has("transfer-encoding"), "{:?}", answer.head);
        assert_eq!((answer.framing, answer.text()), (Framing::UntilClose, "abcdef".into()));
    }
}

/// RFC 9110 section 15.2: no 1xx response may be sent to a client of HTTP/1.0.
#[test]
fn an_old_client_never_sees_interim_responses() {
    let answer = format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{}", scripts::ok("ok"));
    let origin = Origin::start(scripts::answer(answer));
    let gateway = Setup::to(&origin).start();
    let answer = gateway.connect().exchange("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    assert_eq!((answer.interims.len(), answer.text()), (0, "ok".into()));
}

/// RFC 9110 section 10.1.1: the expectation of an HTTP/1.0 client is ignored.
#[test]
fn an_old_client_that_expects_gets_no_100() {
    let origin = Origin::start(scripts::echo());
    let gateway = Setup::to(&origin).start();
    let answer = gateway.connect().exchange(
        "POST / HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    );
    assert_eq!((answer.status(), answer.interims.len()), (200, 0));
    assert!(answer.text().ends_with("\r\n\r\nabc"));
}

#[test]
fn an_old_upstream_is_understood() {
    let origin =
        Origin::start(scripts::answer_and_close("HTTP/1.0 200 OK\r\nX: y\r\n\r\nuntil the end"));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        let answer = client.get("/");
        assert_eq!(answer.text(), "until the end");
        assert_eq!(answer.framing, Framing::Chunked, "so that the client's connection stays");
        assert!(answer.head.start.starts_with("HTTP/1.1 200"));
    }
}

#[test]
fn a_body_until_the_end_goes_to_an_old_client_the_same_way() {
    let origin = Origin::start(scripts::answer_and_close("HTTP/1.0 200 OK\r\n\r\nuntil the end"));
    let gateway = Setup::to(&origin).start();
    let answer = gateway.connect().exchange("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    assert_eq!((answer.framing, answer.text()), (Framing::UntilClose, "until the end".into()));
}
