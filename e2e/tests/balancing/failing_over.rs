//! A server that cannot take a request: who else is asked, and what is never asked twice.

use crate::origins;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tombolo_e2e::{Origin, Setup, WireError, scripts};

fn request(method: &str, body: &str) -> String {
    format!("{method} /x HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// One of three servers does not listen: nobody notices, whatever the method, since nothing was
/// sent anywhere.
#[test]
fn a_server_that_is_down_costs_no_request() {
    let mut origins = origins(3);
    origins[1].stop();
    let gateway = Setup::to_all(&origins).workers(2).start();
    let mut client = gateway.connect();
    for round in 0..15 {
        assert_eq!(client.get("/").status(), 200, "round {round}");
        for method in ["POST", "PUT", "PATCH"] {
            let answer = client.exchange(request(method, "abc"));
            assert_eq!(answer.status(), 200, "{method}, round {round}");
        }
        let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                       3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(client.exchange(chunked).status(), 200, "chunked, round {round}");
    }
    let record = gateway.wait_for_record("a request that moved on", |r| r["attempts"] == 2);
    assert_eq!(record["status"], 200);
}

/// The body a client sent to a server that was never reached goes to the next one, whole.
#[test]
fn the_body_moves_on_with_the_request() {
    let mut down = origins(1).remove(0);
    down.stop();
    let echo = Origin::start(scripts::echo());
    let body = "y".repeat(300_000);
    for _ in 0..4 {
        let gateway = Setup::to_all([&down, &echo]).start();
        let answer = gateway.connect().exchange(request("POST", &body));
        assert_eq!(answer.status(), 200);
        assert!(answer.text().ends_with(&body));
    }
}

/// All servers down: one clear answer, after each was tried.
#[test]
fn all_servers_down() {
    let mut origins = origins(3);
    origins.iter_mut().for_each(Origin::stop);
    let gateway = Setup::to_all(&origins).start();
    assert_eq!(gateway.connect().get("/").status(), 502);
    let record = gateway.wait_for_record("the failure", |record| record["status"] == 502);
    assert_eq!(record["attempts"], 3);
}

/// A server that goes down under load and comes back: no failed request.
#[test]
fn a_server_may_go_and_come_back() {
    let mut origins = origins(3);
    let gateway = Setup::to_all(&origins).workers(2).start();
    let mut client = gateway.connect();
    for _ in 0..6 {
        assert_eq!(client.get("/").status(), 200);
    }
    let address = origins[2].address();
    origins[2].stop();
    for _ in 0..12 {
        assert_eq!(client.get("/").status(), 200);
    }
    let back = Origin::start_at(address, scripts::answer(scripts::ok("back")));
    // Connections to the old one may live on, so ask until a new one is used.
    for _ in 0..12 {
        assert_eq!(client.get("/").status(), 200);
    }
    drop(back);
}

type Break = fn(&mut tombolo_e2e::Connection) -> Result<(), WireError>;

/// Servers that take the request and then break off, counting what they took.
fn breaking(counter: &Arc<AtomicUsize>, how: Break) -> Origin {
    let counter = Arc::clone(counter);
    Origin::start(move |connection| {
        connection.read_request()?;
        counter.fetch_add(1, Ordering::SeqCst);
        how(connection)
    })
}

fn close(_: &mut tombolo_e2e::Connection) -> Result<(), WireError> {
    Err(WireError::Closed)
}

fn reset(connection: &mut tombolo_e2e::Connection) -> Result<(), WireError> {
    let socket = socket2::SockRef::from(connection.wire.stream());
    socket.set_linger(Some(std::time::Duration::ZERO))?;
    Err(WireError::Reset)
}

fn half_a_head(connection: &mut tombolo_e2e::Connection) -> Result<(), WireError> {
    connection.write("HTTP/1.1 200 OK\r\nX: ")?;
    Err(WireError::Closed)
}

/// What reached a server is repeated at another only if doing it twice is as good as once.
#[test]
fn a_request_that_was_sent_is_repeated_only_if_idempotent() {
    // What begins an answer and breaks off may be asked elsewhere or not; it need not be.
    for (how, must) in [(close as Break, true), (reset, true), (half_a_head, false)] {
        for (method, body, repeats) in [
            ("GET", "", true),
            ("OPTIONS", "", true),
            ("POST", "abc", false),
            ("POST", "", false),
            ("PATCH", "abc", false),
            ("UNKNOWN", "", false),
        ] {
            let taken = Arc::new(AtomicUsize::new(0));
            let broken = [breaking(&taken, how), breaking(&taken, how)];
            let gateway = Setup::to_all(&broken).start();
            let message = if body.is_empty() && repeats {
                format!("{method} /x HTTP/1.1\r\nHost: x\r\n\r\n")
            } else {
                request(method, body)
            };
            let answer = gateway.connect().exchange(message);
            assert_eq!(answer.status(), 502, "{method} {body:?}");
            let taken = taken.load(Ordering::SeqCst);
            if repeats {
                assert!(taken == 2 || !must, "{method}: both servers were asked, not {taken}");
            } else {
                assert_eq!(taken, 1, "{method} {body:?} was sent twice");
            }
        }
    }
}

#[test]
fn a_repeated_request_succeeds_at_the_next_server() {
    let taken = Arc::new(AtomicUsize::new(0));
    let broken = breaking(&taken, close);
    let good = Origin::start(scripts::answer(scripts::ok("good")));
    let gateway = Setup::to_all([&broken, &good]).start();
    let mut client = gateway.connect();
    for _ in 0..6 {
        assert_eq!(client.get("/").text(), "good");
    }
    assert!(taken.load(Ordering::SeqCst) > 0);
}

#[test]
fn attempts_are_limited() {
    let taken = Arc::new(AtomicUsize::new(0));
    let broken: Vec<_> = (0..5).map(|_| breaking(&taken, close)).collect();
    let gateway = Setup::to_all(&broken).limits("attempts = 2").start();
    assert_eq!(gateway.connect().get("/").status(), 502);
    assert_eq!(taken.load(Ordering::SeqCst), 2);
    let record = gateway.wait_for_record("the failure", |record| record["status"] == 502);
    assert_eq!(record["attempts"], 2);
}

/// An answer that has begun is never begun again from another server.
#[test]
fn a_broken_answer_is_not_mended_by_another_server() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let half = move |connection: &mut tombolo_e2e::Connection| {
        connection.read_request()?;
        counter.fetch_add(1, Ordering::SeqCst);
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    };
    let origins = [Origin::start(half.clone()), Origin::start(half)];
    let gateway = Setup::to_all(&origins).start();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let outcome = client.read_response();
    assert!(matches!(&outcome, Err(WireError::Truncated(got)) if got == b"half"), "{outcome:?}");
    assert_eq!(taken.load(Ordering::SeqCst), 1);
}

/// A server's own error answer is an answer: it is passed on, not tried elsewhere.
#[test]
fn an_error_answer_is_passed_on() {
    let failing = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy";
    let origins =
        [Origin::start(scripts::answer(failing)), Origin::start(scripts::answer(failing))];
    let gateway = Setup::to_all(&origins).start();
    let answer = gateway.connect().get("/");
    assert_eq!((answer.status(), answer.text()), (503, "busy".into()));
    assert_eq!(answer.head.one("retry-after"), Some("7"));
    assert_eq!(origins.iter().map(Origin::connections).sum::<usize>(), 1);
}
