//! Persistent connections and pipelining (RFC 9112 section 9.3).

use tombolo_e2e::{Gate, Origin, Setup, scripts};

fn naming() -> Origin {
    Origin::start(|connection| {
        loop {
            let request = connection.read_request()?;
            let body = String::from_utf8_lossy(&request.body).into_owned();
            connection.write(scripts::ok(&format!("{} {body}", request.head.target())))?;
        }
    })
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = naming();
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let requests: String = (0..200)
        .map(|n| match n % 3 {
            0 => format!("GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n"),
            1 => format!("POST /{n} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
            _ => format!(
                "PUT /{n} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            ),
        })
        .collect();
    client.send(requests);
    for n in 0..200 {
        let body = if n % 3 == 0 { "" } else { "abc" };
        assert_eq!(client.read_response().expect("an answer").text(), format!("/{n} {body}"));
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_slow_first_request_does_not_let_the_second_overtake() {
    let go = Gate::new();
    let gate = go.clone();
    let origin = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            if request.head.target() == "/slow" {
                gate.wait("the test");
            }
            connection.write(scripts::ok(request.head.target()))?;
        }
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /fast HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(client.quiet_for(std::time::Duration::from_millis(150)), "something overtook");
    go.open();
    assert_eq!(client.read_response().expect("an answer").text(), "/slow");
    assert_eq!(client.read_response().expect("an answer").text(), "/fast");
}

#[test]
fn what_follows_connection_close_is_not_served() {
    let origin = naming();
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(
        "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n\
         GET /never HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    let answer = client.read_response().expect("an answer");
    assert_eq!((answer.text(), answer.head.one("connection")), ("/last ".into(), Some("close")));
    client.expect_close();
    gateway.kill();
    origin.settled();
    assert_eq!(origin.requests().len(), 1);
}

/// A client that shuts its sending side after the request still wants the answer.
#[test]
fn a_half_closed_client_gets_its_answers() {
    let origin = naming();
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    client.half_close();
    assert_eq!(client.read_response().expect("an answer").text(), "/1 ");
    assert_eq!(client.read_response().expect("an answer").text(), "/2 ");
    client.expect_close();
}

/// Upstream connections outlive the clients they were opened for.
#[test]
fn upstream_connections_are_shared_by_clients_in_turn() {
    let origin = naming();
    let gateway = Setup::to(&origin).start();
    for n in 0..10 {
        let mut client = gateway.connect();
        client.get(&format!("/{n}"));
        if n % 2 == 0 {
            client.reset();
        }
    }
    assert_eq!(origin.connections(), 1);
}

/// The client's wish to close is its own; the upstream connection may stay.
#[test]
fn the_clients_close_does_not_close_the_upstream() {
    let origin = naming();
    let mut gateway = Setup::to(&origin).start();
    for _ in 0..3 {
        let mut client = gateway.connect();
        client.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.expect_close();
    }
    assert_eq!(origin.connections(), 1);
    gateway.kill();
    origin.settled();
    for request in origin.requests() {
        assert!(!request.head.all("connection").contains(&"close"), "{:?}", request.head);
    }
}

#[test]
fn many_clients_at_once_get_each_their_own_answer() {
    let origin = naming();
    let gateway = Setup::to(&origin).workers(2).start();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let gateway = &gateway;
            scope.spawn(move || {
                let mut client = gateway.connect();
                for n in 0..50 {
                    let path = format!("/{thread}/{n}");
                    assert_eq!(client.get(&path).text(), format!("{path} "));
                }
            });
        }
    });
    assert!(origin.connections() <= 32, "{} connections", origin.connections());
}

#[test]
fn several_listeners_serve_alike() {
    let origin = naming();
    let text = Setup::to(&origin)
        .text()
        .replace("listen = [\"127.0.0.1:0\"]", "listen = [\"127.0.0.1:0\", \"[::1]:0\"]");
    let gateway = tombolo_e2e::Tombolo::gateway(&text).listening_on(2);
    for &address in gateway.addresses() {
        let mut client = tombolo_e2e::Client::connect(address);
        assert_eq!(client.get("/x").text(), "/x ");
    }
    gateway.wait_for_record("IPv6 client", |r| {
        r["client"].as_str().is_some_and(|client| client.contains("::1"))
    });
    assert!(origin.requests().iter().any(|r| r.head.one("x-forwarded-for") == Some("::1")));
    let quoted = |r: &tombolo_e2e::Request| {
        r.head.one("forwarded").is_some_and(|f| f.contains("for=\"[::1]\""))
    };
    assert!(origin.requests().iter().any(quoted), "RFC 7239 section 6: quoted, in brackets");
}
