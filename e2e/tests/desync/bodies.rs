//! Rows 22 to 24: bodies where few expect them, expectations, and bytes sent ahead of an upgrade.

use crate::evidence::{SMUGGLED, bytes, either, get, refused};
use std::time::Duration;
use tombolo_e2e::{Gate, Origin, Setup, WireError, scripts};

#[test]
fn row_22_bodies_of_methods_that_seldom_have_one() {
    for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
        let message = bytes(&format!(
            "{method} /first HTTP/1.1\r\nHost: example.org\r\nContent-Length: {}\r\n\r\n{SMUGGLED}",
            SMUGGLED.len()
        ));
        row_22(method, &message);
        let message = bytes(&format!(
            "{method} /first HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n\
             {:x}\r\n{SMUGGLED}\r\n0\r\n\r\n",
            SMUGGLED.len()
        ));
        row_22(method, &message);
    }
}

/// Either the body travels with the request, framed, or the request is refused whole. The answer
/// to HEAD has no body whatever the script writes, so its script writes none.
fn row_22(method: &str, message: &[u8]) {
    if method != "HEAD" {
        either(&format!("row 22, {method}"), message, &[400], |request| {
            assert_eq!(request.body, SMUGGLED.as_bytes(), "{method}");
        });
        return;
    }
    let origin = Origin::start(scripts::answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(message);
    let status = client.read_response_to("HEAD").expect("an answer").status();
    assert!([200, 400].contains(&status), "{status}");
    gateway.kill();
    origin.settled();
    let requests = origin.requests();
    assert_eq!(requests.len(), usize::from(status == 200), "{requests:?}");
    assert!(requests.iter().all(|request| request.body == SMUGGLED.as_bytes()));
}

#[test]
fn row_23_expectations_nobody_knows() {
    for value in [
        "100-continue, x",
        "x",
        "200-ok",
        "100-continue;q=1",
        "100continue",
        "100-continued",
        "y 100-continue",
        "100-continue 100-continue",
        "\"100-continue\"",
    ] {
        let message = bytes(&format!(
            "POST /first HTTP/1.1\r\nHost: example.org\r\nExpect: {value}\r\n\
             Content-Length: {}\r\n\r\n{SMUGGLED}",
            SMUGGLED.len()
        ));
        refused(&format!("row 23, {value:?}"), &message, &[417, 400]);
    }
}

/// The upstream answers before it has the body: whatever of the body still comes is never read as
/// a request, neither by the gateway nor on that upstream connection.
#[test]
fn row_23_final_answer_before_the_body() {
    for expect in ["Expect: 100-continue\r\n", "Expect: 100-CONTINUE \r\n", ""] {
        let origin = Origin::start(|connection| {
            let head = connection.wire.read_head()?;
            let status = if head.target() == "/first" { "403 No" } else { "200 OK" };
            connection.write(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"))?;
            connection.read_to_close()
        });
        let mut gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        client.send(format!(
            "POST /first HTTP/1.1\r\nHost: example.org\r\n{expect}Content-Length: {}\r\n\r\n",
            SMUGGLED.len()
        ));
        assert_eq!(client.read_response().expect("the early answer").status(), 403);
        // The body, and then a request: both may be refused by then, but not confused.
        client.try_send(SMUGGLED);
        client.try_send("GET /second HTTP/1.1\r\nHost: example.org\r\n\r\n");
        match client.read_response() {
            Ok(answer) => assert_eq!(answer.status(), 200, "the answer to the second request"),
            Err(WireError::Closed | WireError::Reset) => {}
            Err(other) => panic!("{expect:?}: {other:?}"),
        }
        gateway.kill();
        let tapes = origin.settled();
        let targets: Vec<_> =
            origin.requests().iter().map(|r| r.head.target().to_owned()).collect();
        assert!(!targets.contains(&"/smuggled".to_owned()), "{targets:?}");
        let first = String::from_utf8_lossy(&tapes[0]).into_owned();
        assert!(
            !first.contains("/second"),
            "the first upstream connection was used again: {first}"
        );
        assert!(tapes.len() <= 2, "{} upstream connections", tapes.len());
    }
}

/// The same with a chunked body: what comes in chunks is a body, what does not is refused, and
/// neither is read as a request.
#[test]
fn row_23_final_answer_before_a_chunked_body() {
    let size = SMUGGLED.len();
    for late in [format!("{size:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"), SMUGGLED.to_owned()] {
        let origin = Origin::start(|connection| {
            connection.wire.read_head()?;
            connection.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")?;
            connection.read_to_close()
        });
        let mut gateway = Setup::to(&origin).start();
        let mut client = gateway.connect();
        client.send(
            "POST /first HTTP/1.1\r\nHost: example.org\r\nExpect: 100-continue\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
        );
        assert_eq!(client.read_response().expect("the early answer").status(), 403);
        client.try_send(&late);
        let rest = client.wire.read_to_end().expect("a close");
        assert!(!String::from_utf8_lossy(&rest).contains("200"), "the late bytes were answered");
        gateway.kill();
        origin.settled();
        let targets: Vec<_> =
            origin.requests().iter().map(|r| r.head.target().to_owned()).collect();
        assert!(!targets.contains(&"/smuggled".to_owned()), "{targets:?}");
    }
}

/// An upgrade request with a body: the body is framed as ever, or the request is refused; what
/// follows is never taken for bytes of a tunnel that was not agreed on.
#[test]
fn row_24_upgrades_with_a_body() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(format!(
        "POST /first HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\
         Content-Length: {}\r\n\r\n{SMUGGLED}",
        SMUGGLED.len()
    ));
    let status = client.read_response().expect("an answer").status();
    assert!([200, 400].contains(&status), "{status}");
    gateway.kill();
    origin.settled();
    let requests = origin.requests();
    assert_eq!(requests.len(), usize::from(status == 200));
    assert!(requests.iter().all(|request| request.body == SMUGGLED.as_bytes()), "{requests:?}");
}

/// Bytes after an upgrade request stay in the gateway until the upstream has agreed.
#[test]
fn row_24_bytes_are_held_until_the_switch() {
    let agree = Gate::new();
    let gate = agree.clone();
    let origin = Origin::start(move |connection| {
        connection.wire.read_head()?;
        connection.wire.set_patience(Duration::from_millis(300))?;
        let early = connection.wire.read_some();
        assert!(matches!(early, Err(WireError::TimedOut)), "before 101 came {early:?}");
        connection.wire.set_patience(tombolo_e2e::PATIENCE)?;
        gate.wait("the test to agree");
        connection
            .write("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")?;
        let sent = connection.wire.read_exact(SMUGGLED.len())?;
        connection.write(sent)?;
        connection.read_to_close()
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let request = get(&["Connection: Upgrade", "Upgrade: echo"]);
    client.send([&request[..], SMUGGLED.as_bytes()].concat());
    agree.open();
    let head = client.wire.read_head().expect("the switch");
    assert_eq!((head.status(), head.one("upgrade")), (101, Some("echo")));
    assert_eq!(client.wire.read_exact(SMUGGLED.len()).expect("the echo"), SMUGGLED.as_bytes());
}

/// The upstream answers as if no upgrade had been asked for: the bytes are the next request.
#[test]
fn row_24_without_a_switch_the_bytes_are_the_next_request() {
    let first_seen = Gate::new();
    let gate = first_seen.clone();
    let origin = Origin::start(move |connection| {
        loop {
            let request = connection.read_request()?;
            if request.head.target() == "/first" {
                assert!(connection.wire.unread().is_empty(), "bytes came before the answer");
                gate.open();
            }
            connection.write(scripts::ok(request.head.target()))?;
        }
    });
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let request = get(&["Connection: Upgrade", "Upgrade: websocket"]);
    client.send([&request[..], b"GET /next HTTP/1.1\r\nHost: example.org\r\n\r\n"].concat());
    first_seen.wait("the first request");
    assert_eq!(client.read_response().expect("the first answer").text(), "/first");
    assert_eq!(client.read_response().expect("the second answer").text(), "/next");
    gateway.kill();
    origin.settled();
    assert_eq!(origin.requests().len(), 2);
}

/// An upgrade to plaintext HTTP/2 would let a client speak past the gateway.
#[test]
fn row_24_h2c_is_never_asked_for() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let fields =
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"];
    assert_eq!(client.exchange(get(&fields)).status(), 200);
    gateway.kill();
    origin.settled();
    let head = origin.requests().remove(0).head;
    assert!(!head.has("upgrade") && !head.has("http2-settings"), "{head:?}");
}
