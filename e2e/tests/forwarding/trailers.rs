//! Trailers, both ways (RFC 9110 section 6.5).

use crate::through;
use tombolo_e2e::{Framing, Origin, Setup, scripts};

#[test]
fn of_a_request_arrive() {
    let (got, _) = through(
        |setup| setup,
        "POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\
         Trailer: X-Checksum, X-Other\r\n\r\n5\r\nhello\r\n0\r\nX-Checksum: abc\r\nx-OTHER:  two words \r\n\r\n",
    );
    assert_eq!((got.framing, &got.body[..]), (Framing::Chunked, &b"hello"[..]));
    let expected = [("X-Checksum", "abc"), ("x-OTHER", "two words")];
    assert_eq!(got.trailers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n\
                      5\r\nhello\r\n0\r\nX-Checksum: abc\r\nContent-Length: 99\r\nSet-Cookie: a=b\r\n\
                      Transfer-Encoding: gzip\r\nConnection: close\r\n\r\n";

#[test]
fn of_a_response_arrive_at_who_can_read_them() {
    let origin = Origin::start(scripts::answer(ANSWER));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        let answer = client.exchange(
            "GET / HTTP/1.1\r\nHost: example.org\r\nConnection: TE\r\nTE: trailers\r\n\r\n",
        );
        assert_eq!((answer.framing, answer.text()), (Framing::Chunked, "hello".into()));
        let names: Vec<_> = answer.trailers.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"X-Checksum"), "{names:?}");
        for forbidden in ["Content-Length", "Set-Cookie", "Transfer-Encoding", "Connection"] {
            assert!(!names.contains(&forbidden), "{names:?}");
        }
    }
}

/// Whether they are passed or dropped for a client that did not ask, the body must end properly.
#[test]
fn of_a_response_do_not_disturb_who_cannot() {
    let origin = Origin::start(scripts::answer(ANSWER));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        assert_eq!(client.get("/").text(), "hello");
    }
}

#[test]
fn chunks_without_trailers_end_plainly() {
    let origin = Origin::start(scripts::answer(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n00A;x=\"y\"\r\n0123456789\r\n000\r\n\r\n",
    ));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        let answer = client.get("/");
        assert_eq!((answer.text(), answer.trailers.len()), ("a0123456789".into(), 0));
    }
}
