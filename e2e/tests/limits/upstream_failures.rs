//! Upstreams that refuse, break off or have closed unnoticed.

use std::sync::atomic::{AtomicUsize, Ordering};
use tombolo_e2e::{Gate, Origin, Setup, WireError, eventually, scripts};

/// An address where nobody listens.
fn nobody() -> String {
    let mut origin = Origin::start(|_| Ok(()));
    let address = origin.address().to_string();
    origin.stop();
    address
}

#[test]
fn nobody_listens() {
    let gateway = Setup::to_addresses([nobody()]).start();
    let mut client = gateway.connect();
    for _ in 0..3 {
        assert_eq!(client.get("/a").status(), 502, "on one connection, which lives on");
    }
    let post = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(client.exchange(post).status(), 502);
    let record = gateway.wait_for_record("the failure", |record| record["status"] == 502);
    let error = record["error"].as_str().expect("a reason in the log");
    assert!(error.contains("refused"), "{error}");
}

#[test]
fn the_upstream_says_nothing_and_closes() {
    let origin = Origin::start(|connection| {
        connection.read_request()?;
        Ok(())
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let answer = client.exchange("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(answer.status(), 502);
    assert_eq!(origin.connections(), 1, "a POST that was sent is not repeated");
    assert_eq!(gateway.connect().get("/").status(), 502);
}

#[test]
fn the_upstream_breaks_off_in_its_head() {
    for head in ["H", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"] {
        let origin = Origin::start(scripts::answer_and_close(head));
        let gateway = Setup::to(&origin).start();
        assert_eq!(gateway.connect().get("/").status(), 502, "{head:?}");
    }
}

/// What breaks off in the middle must look broken off: no last chunk, not the promised length.
#[test]
fn the_upstream_breaks_off_in_its_body() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nX: y\r\n",
    ] {
        let origin = Origin::start(scripts::answer_and_close(answer));
        let gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let outcome = client.read_response();
        assert!(
            matches!(&outcome, Err(WireError::Truncated(got)) if got == b"half"),
            "{answer:?}: {outcome:?}"
        );
        let record = gateway.wait_for_record("the request", |record| record["target"] == "/");
        assert!(record["error"].is_string(), "the log says that it was cut: {record}");
    }
}

/// A reset is not the end of a body that lasts until the connection closes.
#[test]
fn a_reset_is_no_end() {
    let seen = Gate::new();
    let gate = seen.clone();
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        connection.write("HTTP/1.1 200 OK\r\n\r\nhalf")?;
        gate.wait("the client to have the half");
        socket2::SockRef::from(connection.wire.stream())
            .set_linger(Some(std::time::Duration::ZERO))?;
        Err(WireError::Reset)
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.wire.read_head().expect("the head");
    let framing = head.response_framing("GET").expect("plain framing");
    let mut got = Vec::new();
    let outcome = client.wire.read_body_into(framing, &mut |piece| {
        got.extend_from_slice(piece);
        seen.open();
    });
    assert!(outcome.is_err(), "it looked whole: {:?}", String::from_utf8_lossy(&got));
    assert_eq!(got, b"half");
}

/// The upstream closes an idle connection; the next request finds out in time and takes another.
#[test]
fn a_connection_closed_while_idle_costs_nobody_an_answer() {
    let origin = Origin::start(scripts::answer_and_close(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for round in 1..=5 {
        let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(client.exchange(post).text(), "ok", "round {round}");
        // The close is on its way to the gateway; once our side of it is done, it has arrived.
        let open = origin.tapes();
        eventually("the upstream connection to be over", || {
            open.iter().all(|tape| tape.is_closed()).then_some(())
        });
    }
    assert_eq!(origin.connections(), 5);
}

/// The upstream closes an idle connection at the very moment a request is sent on it.
fn stale(method: &str, body: &str) -> (u16, usize) {
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&asked);
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        if counter.fetch_add(1, Ordering::SeqCst) == 0 {
            connection.write(scripts::ok("first"))?;
            // The second request is read, and nothing said.
            connection.read_request()?;
            counter.fetch_add(1, Ordering::SeqCst);
            return Err(WireError::Closed);
        }
        connection.write(scripts::ok("again"))?;
        connection.read_to_close()
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    assert_eq!(client.get("/first").text(), "first");
    let answer = client.exchange(format!(
        "{method} /second HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    (answer.status(), asked.load(Ordering::SeqCst) - 1)
}

#[test]
fn a_stale_connection_is_made_good_for_what_may_be_repeated() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        assert_eq!(stale(method, ""), (200, 2), "{method}: asked once more, and answered");
    }
}

#[test]
fn a_stale_connection_fails_what_may_not_be_repeated() {
    for method in ["POST", "PATCH", "UNKNOWN"] {
        assert_eq!(stale(method, "abc"), (502, 1), "{method}: asked once, and never again");
    }
}
