//! Responses without a body: HEAD, 204, 304 (RFC 9110 section 6.4.1, RFC 9112 section 6.3).

use tombolo_e2e::{Origin, Setup, scripts};

fn keeps_going(method: &str, answer: &str) -> tombolo_e2e::Response {
    let origin = Origin::start(scripts::answer(answer));
    let gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    let request = format!("{method} / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    let first = client.exchange(&request);
    // A byte too many after the first answer would stand before the second.
    let second = client.exchange(&request);
    assert_eq!(first.status(), second.status());
    assert!(first.body.is_empty());
    assert_eq!(origin.connections(), 1, "the upstream connection is as good as before");
    first
}

#[test]
fn head_keeps_the_length_it_was_told() {
    let answer = keeps_going("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234567\r\n\r\n");
    assert_eq!(answer.head.one("content-length"), Some("1234567"));
}

#[test]
fn head_of_a_chunked_resource() {
    let answer = keeps_going("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(!answer.head.has("content-length"), "{:?}", answer.head);
}

#[test]
fn head_without_any_length() {
    let answer = keeps_going("HEAD", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n");
    assert!(!answer.head.has("content-length"), "a length nobody told: {:?}", answer.head);
}

#[test]
fn no_content_has_no_length() {
    let answer = keeps_going("GET", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n");
    assert_eq!(answer.status(), 204);
    assert!(!answer.head.has("content-length") && !answer.head.has("transfer-encoding"));
    keeps_going("DELETE", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn not_modified_keeps_the_length_of_what_was_not_sent() {
    let answer = keeps_going(
        "GET",
        "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 99\r\n\r\n",
    );
    assert_eq!(answer.head.one("etag"), Some("\"a\""));
    assert!([None, Some("99")].contains(&answer.head.one("content-length")));
    keeps_going("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n");
}

#[test]
fn an_empty_body_is_told_as_such() {
    let answer = keeps_going("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answer.head.one("content-length"), Some("0"));
    let answer = keeps_going("POST", "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answer.status(), 205);
}

/// A POST without a body says so, or the next bytes would be in doubt (RFC 9110 section 8.6).
#[test]
fn an_empty_post_arrives_with_length_zero() {
    let (got, _) = crate::through(
        |setup| setup,
        "POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(got.head.one("content-length"), Some("0"));
    let (got, _) = crate::through(|setup| setup, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    assert!(!got.head.has("content-length") && !got.head.has("transfer-encoding"));
}
