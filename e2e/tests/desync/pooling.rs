//! Row 29: an upstream connection goes back to the pool only when nothing on it is in doubt.

use tombolo_e2e::{Gate, Origin, Setup, scripts};

/// The origin answers the first request of each connection with `answer` and would read a second.
/// The client must get `status` and `body`, and the second request must come on a new connection.
fn discarded(case: &str, method: &'static str, answer: &str, status: u16, body: &str) {
    let answer = answer.to_owned();
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        connection.write(&answer)?;
        connection.read_to_close()
    });
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let request = format!("{method} /first HTTP/1.1\r\nHost: example.org\r\n\r\n");
    for round in 1..=3 {
        client.send(&request);
        let got = client
            .read_response_to(method)
            .unwrap_or_else(|error| panic!("{case}, round {round}: {error:?}"));
        let right = got.status() == status && got.text() == body;
        assert!(right || got.status() == 502, "{case}, round {round}: {got:?}");
        if got.head.one("connection").is_some_and(|value| value.contains("close")) {
            client.expect_close();
            client = gateway.connect();
        }
    }
    gateway.kill();
    for bytes in origin.settled() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(text.matches("/first HTTP/1.1").count(), 1, "{case}: used again: {text}");
    }
    assert_eq!(origin.connections(), 3, "{case}");
}

#[test]
fn row_29_bytes_after_the_end() {
    let stray = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    discarded("length", "GET", &format!("{}{stray}", scripts::ok("good")), 200, "good");
    discarded("one byte", "GET", &format!("{}x", scripts::ok("good")), 200, "good");
    let line_end = format!("{}\r\n", scripts::ok("good"));
    discarded("a line end", "GET", &line_end, 200, "good");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n";
    discarded("chunked", "GET", &format!("{chunked}{stray}"), 200, "good");
    discarded(
        "empty",
        "GET",
        &format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{stray}"),
        200,
        "",
    );
}

/// Large bodies may take a shorter way through the gateway; their ends count as much.
#[test]
fn row_29_bytes_after_the_end_of_a_large_body() {
    let body = "0123456789abcdef".repeat(1 << 16);
    let stray = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    discarded("large", "GET", &format!("{}{stray}", scripts::ok(&body)), 200, &body);
    let size = body.len();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n{stray}"
    );
    discarded("large chunk", "GET", &chunked, 200, &body);
}

#[test]
fn row_29_bodies_where_none_may_be() {
    discarded("204", "GET", "HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\nevil", 204, "");
    discarded("204 bare", "GET", "HTTP/1.1 204 No\r\n\r\nevil", 204, "");
    discarded("304", "GET", "HTTP/1.1 304 Same\r\nContent-Length: 4\r\n\r\nevil", 304, "");
    let chunked = "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n";
    discarded("204 chunked", "GET", chunked, 204, "");
    discarded("HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200, "");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n";
    discarded("HEAD chunked", "HEAD", chunked, 200, "");
}

#[test]
fn upstreams_that_say_close_are_not_kept() {
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngood";
    discarded("close", "GET", close, 200, "good");
    discarded("1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ngood", 200, "good");
}

/// An answer nobody asked for, on an idle connection: the next request must not be given it.
#[test]
fn row_29_an_answer_that_waits_in_an_idle_connection() {
    let (push, pushed) = (Gate::new(), Gate::new());
    let gates = (push.clone(), pushed.clone());
    let origin = Origin::start(move |connection| {
        loop {
            connection.read_request()?;
            connection.write(scripts::ok("good"))?;
            if connection.number == 0 {
                gates.0.wait("the client to have its answer");
                connection.write(scripts::ok("evil"))?;
                gates.1.open();
            }
        }
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    assert_eq!(client.get("/first").text(), "good");
    push.open();
    pushed.wait("the unasked answer to be sent");
    for _ in 0..3 {
        assert_eq!(client.get("/next").text(), "good");
    }
    assert_eq!(origin.connections(), 2);
    let first = String::from_utf8_lossy(&origin.tapes()[0].bytes()).into_owned();
    assert_eq!(first.matches("HTTP/1.1\r\n").count(), 1, "{first}");
}

/// The counter-proof: a clean connection is used again.
#[test]
fn clean_connections_are_used_again() {
    let origin = Origin::start(scripts::answer(scripts::ok("good")));
    let gateway = Setup::to(&origin).start();
    for _ in 0..3 {
        let mut client = gateway.connect();
        for _ in 0..3 {
            assert_eq!(client.get("/first").text(), "good");
        }
    }
    assert_eq!(origin.connections(), 1);
}
