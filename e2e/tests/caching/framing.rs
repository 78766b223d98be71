//! How a stored response is framed, however it came.

use crate::site::{Answer, Site, ok};
use tombolo_e2e::{Framing, Response};

const HEAD: &str = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n";

fn twice(bytes: &str, last: bool) -> (Response, Response) {
    let site = Site::new();
    let answer = if last { Answer::Last(bytes.into()) } else { Answer::Raw(bytes.into()) };
    site.given("/", &[answer]);
    let first = site.get("/");
    // The origin's close is what ends a body without a length; it is stored only then.
    let second = tombolo_e2e::eventually("a hit", || {
        let answer = site.get("/");
        answer.head.one("cache-status").unwrap().contains("hit").then_some(answer)
    });
    assert_eq!(site.asked("/").len(), 1);
    (first, second)
}

#[test]
fn rfc9112_6_3_chunked_origins() {
    let bytes =
        format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    let (first, second) = twice(&bytes, false);
    assert_eq!((first.text(), second.text()), ("abcde".into(), "abcde".into()));
    assert_eq!(second.framing, Framing::Length(5), "its length is known by now");
}

#[test]
fn rfc9112_6_3_origins_that_close() {
    let (first, second) = twice(&format!("{HEAD}\r\nabcde"), true);
    assert_eq!((first.text(), second.text()), ("abcde".into(), "abcde".into()));
    assert_eq!(second.framing, Framing::Length(5));
    let (_, second) = twice(&format!("{}\r\nabcde", HEAD.replace("1.1", "1.0")), true);
    assert_eq!((second.head.version(), second.text()), ("HTTP/1.1", "abcde".into()));
}

#[test]
fn rfc9110_6_5_1_trailers_are_not_stored() {
    let bytes = format!(
        "{HEAD}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"
    );
    let (first, second) = twice(&bytes, false);
    assert_eq!((first.text(), second.text()), ("abc".into(), "abc".into()));
    assert!(second.trailers.is_empty() && !second.head.has("x-sum"));
}

#[test]
fn empty_bodies() {
    let (_, second) = twice(&format!("{HEAD}Content-Length: 0\r\n\r\n"), false);
    assert_eq!((second.framing, second.body.len()), (Framing::Length(0), 0));
    let (_, second) = twice(&format!("{}\r\n", HEAD.replace("200 OK", "204 No Content")), false);
    assert_eq!((second.status(), second.framing), (204, Framing::None));
}

#[test]
fn rfc9112_9_3_clients_of_http_1_0() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60"])]);
    site.get("/");
    let mut client = site.gateway().connect();
    let plain = client.exchange("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
    assert_eq!((plain.text(), plain.head.one("connection")), ("answer 1".into(), Some("close")));
    client.expect_close();
    let mut client = site.gateway().connect();
    for _ in 0..2 {
        let kept = client
            .exchange("GET / HTTP/1.0\r\nHost: example.org\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(kept.text(), "answer 1");
        assert_eq!(kept.head.one("connection"), Some("keep-alive"));
    }
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn a_client_of_http_1_0_before_an_origin_of_chunks() {
    let site = Site::new();
    let bytes = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    site.given("/", &[Answer::Raw(bytes.into())]);
    for _ in 0..2 {
        let answer =
            site.gateway().connect().exchange("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
        assert_eq!(answer.text(), "abc");
        assert_ne!(answer.framing, Framing::Chunked, "1.0 knows no chunks");
    }
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn many_requests_on_one_connection() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60", "ETag: \"a\""])]);
    let mut client = site.gateway().connect();
    let (get, head) =
        ("GET / HTTP/1.1\r\nHost: example.org\r\n", "HEAD / HTTP/1.1\r\nHost: example.org\r\n");
    assert_eq!(client.exchange(format!("{get}\r\n")).text(), "answer 1");
    client.send(format!(
        "{get}\r\n{head}\r\n{get}If-None-Match: *\r\n\r\n{get}Range: bytes=0-2\r\n\r\n"
    ));
    assert_eq!(client.read_response().unwrap().text(), "answer 1");
    assert_eq!(client.read_response_to("HEAD").unwrap().status(), 200);
    assert_eq!(client.read_response().unwrap().status(), 304);
    assert_eq!(client.read_response().unwrap().text(), "ans");
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn what_the_gateway_adds_is_told_once() {
    let site = Site::new();
    site.given(
        "/",
        &[ok(&["Cache-Control: max-age=60", "Via: 1.0 other", "X-Request-Id: theirs"])],
    );
    let first = site.get("/");
    let second = site.get("/");
    assert_eq!(second.head.all("via"), first.head.all("via"), "Via tells the way it came");
    assert_eq!(second.head.all("x-request-id").len(), 1);
    assert_ne!(second.head.one("x-request-id"), first.head.one("x-request-id"));
}
