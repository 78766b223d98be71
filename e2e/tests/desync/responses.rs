//! Row 29: upstreams that break the rules are answered for with 502, and never believed again.

use tombolo_e2e::{Origin, Setup, WireError, eventually, scripts};

/// One answer of an upstream that must become a 502; the upstream connection is closed and the next
/// request travels on another.
fn becomes_502(case: &str, method: &str, answer: &str) {
    let answer: Vec<u8> = crate::evidence::bytes(answer);
    let origin = Origin::start(scripts::answer_and_wait(answer));
    let gateway = Setup::to(&origin).start();
    let request = format!("{method} /first HTTP/1.1\r\nHost: example.org\r\n\r\n");
    for round in 1..=2 {
        let mut client = gateway.connect();
        client.send(&request);
        let got = client
            .read_response_to(method)
            .unwrap_or_else(|error| panic!("{case}: no whole answer: {error:?}"));
        assert_eq!(got.status(), 502, "{case}: {:?}", got.head);
        assert!(!got.text().contains("evil") && !got.head.has("x-evil"), "{case}: {got:?}");
        eventually("the gateway to close the upstream connection", || {
            (origin.open() == 0).then_some(())
        });
        assert_eq!(origin.connections(), round, "{case}");
    }
}

#[test]
fn row_29_framing_of_heads() {
    for fields in [
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4, 5",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: +4",
        "Content-Length: -4",
        "Content-Length: 0x4",
        "Content-Length: 4 4",
        "Content-Length:",
        "Content-Length: 18446744073709551616",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\u{0b}",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nevil");
        becomes_502(&format!("row 29, {fields:?}"), "GET", &answer);
    }
    becomes_502(
        "row 29, coding in 1.0",
        "GET",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
    );
}

#[test]
fn row_29_heads_that_are_none() {
    for head in [
        "HTTP/1.1 20 OK\r\nContent-Length: 4",
        "HTTP/1.1 2000 OK\r\nContent-Length: 4",
        "HTTP/1.1 099 OK\r\nContent-Length: 4",
        "HTTP/1.1 abc OK\r\nContent-Length: 4",
        "HTTP/2.0 200 OK\r\nContent-Length: 4",
        "HTTP/1.1200 OK\r\nContent-Length: 4",
        "HTP/1.1 200 OK\r\nContent-Length: 4",
        "200 OK\r\nContent-Length: 4",
        "GET / HTTP/1.1\r\nContent-Length: 4",
        "HTTP/1.1 200 O\0K\r\nContent-Length: 4",
        "HTTP/1.1 200 O\rK\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\nX: a\r\n evil\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\nX: a\rX-Evil: 1\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\nX: a\nX-Evil: 1\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\n: evil\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\nX Y: evil\r\nContent-Length: 4",
        "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: evil",
        "HTTP/1.1 100 Continue\r\nContent-Length: 4",
        "SSH-2.0-evil",
    ] {
        becomes_502(&format!("row 29, {head:?}"), "GET", &format!("{head}\r\n\r\nevil"));
    }
}

#[test]
fn row_29_heads_without_end_or_measure() {
    let long = format!("HTTP/1.1 200 OK\r\nX-Evil: {}\r\n\r\n", "x".repeat(200_000));
    becomes_502("row 29, huge head", "GET", &long);
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Evil: 1\r\n".repeat(1000));
    becomes_502("row 29, many fields", "GET", &many);
    let flood = "HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n".repeat(5000);
    flooded(&flood);
}

/// Interim responses go on to the client while they are few; a flood of them ends in 502.
fn flooded(flood: &str) {
    let origin = Origin::start(scripts::answer_and_wait(flood));
    let gateway = Setup::to(&origin).limits("interim_responses = 50").start();
    let mut client = gateway.connect();
    client.send("GET /first HTTP/1.1\r\nHost: example.org\r\n\r\n");
    let answer = client.read_response().expect("an end to the flood");
    assert_eq!(answer.status(), 502);
    assert!(answer.interims.len() <= 50, "{} interim responses", answer.interims.len());
    eventually("the upstream connection to be closed", || (origin.open() == 0).then_some(()));
}

#[test]
fn row_10_blank_before_the_colon_is_repaired_in_responses() {
    let answer = "HTTP/1.1 200 OK\r\nX-Kept : yes\r\nContent-Length : 2\r\n\r\nok";
    let origin = Origin::start(scripts::answer(answer));
    let gateway = Setup::to(&origin).start();
    let got = gateway.connect().get("/first");
    // Our reader refuses blanks before a colon: reading it proves that they are gone.
    assert_eq!((got.status(), got.text()), (200, "ok".into()));
    assert_eq!(got.head.one("x-kept"), Some("yes"));
    assert_eq!(got.head.one("content-length"), Some("2"));
}

/// A body that breaks off or breaks the rules after the head has gone out cannot become a 502 any
/// more; it must not look complete either.
#[test]
fn row_29_broken_bodies_never_look_whole() {
    for body in [
        "5\r\nhello\r\nxyz\r\n",
        "5\r\nhello!!\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n 0\r\n\r\n",
        "5\r\nhello\r\n0\r\nX : y\r\n\r\n",
        "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n10000000000000000\r\n",
    ] {
        for split in [false, true] {
            let (head, body) = ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body);
            let origin = Origin::start(move |connection| {
                connection.read_request()?;
                if split {
                    connection.write(head)?;
                    connection.write("3\r\nabc\r\n")?;
                    connection.write(body)?;
                } else {
                    connection.write(format!("{head}{body}"))?;
                }
                connection.read_to_close()
            });
            let gateway = Setup::to(&origin).start();
            let mut client = gateway.connect();
            client.send("GET /first HTTP/1.1\r\nHost: example.org\r\n\r\n");
            match client.read_response() {
                Ok(answer) => assert_eq!(answer.status(), 502, "{body:?}"),
                Err(WireError::Truncated(_) | WireError::Reset) => {}
                Err(other) => panic!("{body:?}: {other:?}"),
            }
            client.expect_close_or_answer();
            eventually("the upstream connection to be closed", || {
                (origin.open() == 0).then_some(())
            });
        }
    }
}

trait Close {
    fn expect_close_or_answer(&mut self);
}

impl Close for tombolo_e2e::Client {
    /// After a truncated answer the connection is over; after a 502 it may live on, silent.
    fn expect_close_or_answer(&mut self) {
        if !self.quiet_for(std::time::Duration::from_millis(50)) {
            self.expect_close();
        }
    }
}
