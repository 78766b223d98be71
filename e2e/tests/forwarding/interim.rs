//! 1xx responses and expectations, end to end (RFC 9110 sections 10.1.1 and 15.2).

use tombolo_e2e::{Gate, Origin, Setup, scripts};

#[test]
fn interim_responses_pass_in_order() {
    let answer = format!(
        "HTTP/1.1 100 Continue\r\n\r\n\
         HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: X-Own\r\nX-Own: 1\r\n\r\n\
         HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Offset: 7\r\n\r\n\
         HTTP/1.1 199 Whatever\r\n\r\n{}",
        scripts::ok("ok")
    );
    let origin = Origin::start(scripts::answer(answer));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        let answer = client.get("/");
        assert_eq!(answer.text(), "ok");
        // A 100 that nobody asked for may be left out; the others belong to the client.
        let interims: Vec<_> = answer.interims.iter().filter(|head| head.status() != 100).collect();
        let statuses: Vec<_> = interims.iter().map(|head| head.status()).collect();
        assert_eq!(statuses, [103, 104, 199]);
        assert_eq!(interims[0].one("link"), Some("</a.css>; rel=preload"));
        assert!(!interims[0].has("x-own"));
        assert_eq!(interims[1].one("upload-offset"), Some("7"));
    }
}

/// An early hint that came late would be none.
#[test]
fn an_interim_response_does_not_wait_for_the_final_one() {
    let seen = Gate::new();
    let gate = seen.clone();
    let origin = Origin::start(move |connection| {
        connection.read_request()?;
        connection.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")?;
        gate.wait("the client to see the hint");
        connection.write(scripts::ok("ok"))
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    assert_eq!(client.wire.read_head().expect("the hint").status(), 103);
    seen.open();
    assert_eq!(client.read_response().expect("the answer").text(), "ok");
}

const EXPECTING: &str = "POST /up HTTP/1.1\r\nHost: example.org\r\nExpect: 100-continue\r\n\
                         Content-Length: 5\r\n\r\n";

#[test]
fn continue_comes_from_the_upstream() {
    let asked = Gate::new();
    let gate = asked.clone();
    let origin = Origin::start(move |connection| {
        let head = connection.wire.read_head()?;
        assert_eq!(head.one("expect"), Some("100-continue"));
        gate.wait("the test to allow the body");
        connection.write("HTTP/1.1 100 Continue\r\n\r\n")?;
        let body = connection.wire.read_exact(5)?;
        connection.write(scripts::ok(&String::from_utf8_lossy(&body)))?;
        connection.read_to_close()
    });
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(EXPECTING);
    let quiet = client.quiet_for(std::time::Duration::from_millis(200));
    assert!(quiet, "the gateway does not promise what the upstream has not");
    asked.open();
    assert_eq!(client.wire.read_head().expect("100").status(), 100);
    client.send("hello");
    let answer = client.read_response().expect("the answer");
    assert_eq!((answer.status(), answer.text()), (200, "hello".into()));
}

#[test]
fn a_final_answer_may_come_instead() {
    let origin = Origin::start(|connection| {
        connection.wire.read_head()?;
        connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")?;
        connection.read_to_close()
    });
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(EXPECTING);
    let answer = client.read_response().expect("the answer");
    assert_eq!((answer.status(), answer.text(), answer.interims.len()), (413, "no".into(), 0));
    gateway.kill();
    let tapes = origin.settled();
    assert!(tapes[0].ends_with(b"\r\n\r\n"), "no body went upstream");
}

/// A client may lose patience and send the body without having been told to.
#[test]
fn a_client_need_not_wait() {
    let origin = Origin::start(scripts::echo());
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(EXPECTING);
    assert!(client.quiet_for(std::time::Duration::from_millis(100)));
    client.send("hello");
    assert!(client.read_response().expect("the answer").text().ends_with("\r\n\r\nhello"));
    // And the connection is still in step.
    client.send(EXPECTING.replace("Content-Length: 5", "Transfer-Encoding: chunked"));
    client.send("3\r\nabc\r\n0\r\n\r\n");
    assert!(client.read_response().expect("the answer").text().ends_with("\r\n\r\nabc"));
}

#[test]
fn other_expectations_fail() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let gateway = Setup::to(&origin).start();
    let answer = gateway
        .connect()
        .exchange("GET / HTTP/1.1\r\nHost: example.org\r\nExpect: a-miracle\r\n\r\n");
    assert_eq!(answer.status(), 417);
    assert_eq!(origin.connections(), 0);
}
