//! Requests against the rows of `docs/protocols/http1.md`.

mod reuse;

use super::*;
use crate::{HeadLimits, RequestError};

fn parse(wire: &[u8]) -> Result<RequestHead, RequestError> {
    let mut head = RequestHead::new();
    let taken = head.parse(wire, &HeadLimits::default())?;
    assert!(taken.is_some(), "unfinished: {}", wire.escape_ascii());
    Ok(head)
}

/// A POST with these field lines after a good Host.
fn post(fields: &str) -> Result<RequestHead, RequestError> {
    parse(format!("POST /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n").as_bytes())
}

/// The status this head is refused with.
fn refused(wire: &str) -> u16 {
    match parse(wire.as_bytes()) {
        Ok(_) => panic!("accepted: {}", wire.escape_debug()),
        Err(error) => error.status(),
    }
}

fn forwarded(head: &RequestHead, wire: &[u8]) -> Vec<String> {
    head.forwardable(wire)
        .map(|field| String::from_utf8_lossy(field.name.of(wire)).into_owned())
        .collect()
}

fn text(span: Span, wire: &str) -> &str {
    std::str::from_utf8(span.of(wire.as_bytes())).unwrap()
}

#[test]
fn an_ordinary_request() {
    let wire = "GET /a?b HTTP/1.1\r\nHost: example.org:80\r\nX-One:  1 \t\r\nempty:\r\n\r\nGET";
    let mut head = RequestHead::new();
    let taken = head.parse(wire.as_bytes(), &HeadLimits::default()).unwrap();
    assert_eq!(taken, Some(wire.len() - 3));
    assert_eq!((head.method(), head.version()), (Method::Get, Version::Http11));
    assert_eq!(text(head.target(), wire), "/a?b");
    assert_eq!(text(head.authority(), wire), "example.org:80");
    assert_eq!(text(head.fields()[1].value, wire), "1");
    assert_eq!(text(head.fields()[2].value, wire), "");
    assert_eq!(head.framing(), Framing::None);
    assert!(head.keep_alive());
}

#[test]
fn rows_1_to_5_content_length() {
    assert_eq!(post("Content-Length: 5").unwrap().framing(), Framing::Length(5));
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5, 5",
        "Content-Length:",
        "Content-Length: +5",
        "Content-Length: 010",
        "Content-Length: 5\u{b}",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999",
    ] {
        assert_eq!(post(fields).unwrap_err().status(), 400, "{fields}");
    }
}

#[test]
fn rows_6_to_9_transfer_encoding() {
    for fields in ["Transfer-Encoding: chunked \t", "transfer-encoding:CHUNKED"] {
        assert_eq!(post(fields).unwrap().framing(), Framing::Chunked);
    }
    assert_eq!(post("Transfer-Encoding: gzip, chunked").unwrap_err().status(), 501);
    for value in [
        "xchunked",
        "identity",
        "gzip",
        "",
        "chunked;a=b",
        "chunked, gzip",
        "chunked, chunked",
        ",chunked",
        "chunked,",
        "chunked\u{b}",
        "chunked\u{c}",
        "chunked\0",
        "chunked\u{85}",
        "chunked\u{a0}",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: identity",
    ] {
        assert_eq!(post(&format!("Transfer-Encoding: {value}")).unwrap_err().status(), 400);
    }
    assert_eq!(refused("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

#[test]
fn rows_10_to_15_grammar() {
    let reason = |fields: &str| post(fields).unwrap_err().reason();
    assert!(reason("Transfer-Encoding : chunked").contains("between"));
    assert!(reason("Content-Length\t: 5").contains("colon"));
    assert!(reason("Transfer-Encoding:\r\n chunked").contains("folding"));
    let after_line = parse(b"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n").unwrap_err();
    assert!(after_line.reason().contains("start line"));
    assert!(reason("A: b\r\n\tc").contains("folding"));
    assert!(reason("A: b\rC: d").contains("CR"));
    assert!(reason("A: b\nC: d").contains("LF"));
    assert!(reason("A: b\0c").contains("control"));
    assert!(reason("A: b\u{7f}c").contains("control"));
    assert!(reason(": b").contains("name"));
    assert!(reason("A(b): c").contains("name"));
    assert!(reason("no colon").contains("no colon"));
    for wire in [
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(refused(wire), 400);
    }
    assert!(parse(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").is_ok());
    assert!(post("A: \u{e9}\tb").is_ok(), "obs-text and tabs are legal in values");
}

#[test]
fn request_lines() {
    for line in [
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /",
        "GET",
        "/ HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.10",
        "GET / HTTP/1",
        "GET\t/ HTTP/1.1",
        "GET / HTTP/+1.1",
        "GET /a b HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET * HTTP/1.1",
        "GET a:80 HTTP/1.1",
        "CONNECT / HTTP/1.1",
    ] {
        assert_eq!(refused(&format!("{line}\r\nHost: a\r\n\r\n")), 400, "{line}");
    }
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0"] {
        assert_eq!(refused(&format!("GET / {version}\r\nHost: a\r\n\r\n")), 505, "{version}");
    }
    assert_eq!(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    let method = "M".repeat(33);
    assert_eq!(refused(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")), 501);
    assert!(parse(format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", &method[1..]).as_bytes()).is_ok());
    let later = parse(b"GET / HTTP/1.2\r\nHost: a\r\nX: y\r\n\r\n").unwrap();
    assert_eq!((later.version(), later.fields().len()), (Version::Http11, 2));
    assert_eq!(parse(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().method(), Method::Other);
    assert_eq!(parse(b"get / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().method(), Method::Other);
}

#[test]
fn row_21_host() {
    for fields in [
        "X: y",
        "Host: a\r\nHost: a",
        "Host: a, b",
        "Host: u@a",
        "Host: a/b",
        "Host: a:b",
        "Host: a:65536",
        "Host:",
        "Host: a b",
    ] {
        for version in ["1.0", "1.1"] {
            if fields == "X: y" && version == "1.0" {
                continue;
            }
            assert_eq!(refused(&format!("GET / HTTP/{version}\r\n{fields}\r\n\r\n")), 400);
        }
    }
    let old = parse(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(old.authority().is_empty() && !old.keep_alive());

    let wire = "GET http://b:81/c?d HTTP/1.1\r\nHost: a\r\n\r\n";
    let head = parse(wire.as_bytes()).unwrap();
    assert_eq!(text(head.authority(), wire), "b:81");
    assert_eq!(text(head.path_and_query(), wire), "/c?d");
    assert_eq!(head.form(), TargetForm::Absolute);
    assert_eq!(refused("GET http://b/ HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(refused("GET http://b/ HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400);
}

#[test]
fn row_22_any_method_may_have_content() {
    for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
        let wire = format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
        assert_eq!(parse(wire.as_bytes()).unwrap().framing(), Framing::Length(3));
    }
    assert_eq!(refused("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"), 400);
}

#[test]
fn row_23_expect() {
    assert!(post("Content-Length: 5\r\nExpect: 100-Continue").unwrap().expects_continue());
    for value in ["100-continue, a", "100-continu", "y 100-continue", "", "100-continue;a"] {
        let error = post(&format!("Content-Length: 5\r\nExpect: {value}")).unwrap_err();
        assert_eq!(error.status(), 417, "{value}");
    }
    let twice = "Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue";
    assert_eq!(post(twice).unwrap_err().status(), 417);
    let wire = b"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    let old = parse(wire).unwrap();
    assert!(!old.expects_continue() && forwarded(&old, wire).is_empty());
    assert!(!post("Expect: 100-continue").unwrap().expects_continue(), "nothing to wait with");
}

#[test]
fn row_24_upgrade() {
    let offered = |fields: &str| post(fields).unwrap().upgrade().is_some();
    assert!(offered("Connection: keep-alive, Upgrade\r\nUpgrade: websocket"));
    for fields in [
        "Upgrade: websocket",
        "Connection: upgrade",
        "Connection: upgrade\r\nUpgrade:",
        "Connection: upgrade\r\nUpgrade: h2c",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket, H2C\r\nHTTP2-Settings: AAMA",
        "Connection: upgrade\r\nUpgrade: HTTP/2.0",
        "Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c",
        "Connection: upgrade\r\nUpgrade: web socket",
        "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5",
        "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked",
    ] {
        assert!(!offered(fields), "{fields}");
    }
    let old = parse(b"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(old.unwrap().upgrade(), None);
}

#[test]
fn rows_25_and_26_what_is_passed_on() {
    let wire =
        b"POST / HTTP/1.1\r\nHost: a\r\nKeep: 1\r\nConnection: x-internal-auth, Authorization, content-digest,\
        Host, X-Forwarded-For, , close\r\nX-Internal-Auth: 1\r\nAuthorization: 2\r\nContent-Digest: d\r\n\
        X-Forwarded-For: 3\r\nKeep-Alive: 4\r\nProxy-Connection: 5\r\nTE: trailers, gzip\r\n\
        Transfer_Encoding: chunked\r\nContent_Length: 5\r\nContent.Length: 5\r\nmy_own: 6\r\n\
        Upgrade: x\r\nProxy: 7\r\nContent-Length: 0\r\nTrailer: X-Sum\r\n\r\n";
    let head = parse(wire).unwrap();
    let expected =
        ["Keep", "Authorization", "Content-Digest", "X-Forwarded-For", "my_own", "Trailer"];
    assert_eq!(forwarded(&head, wire), expected);
    assert!(!head.keep_alive() && head.accepts_trailers());
    assert_eq!(head.field(FieldId::Authorization).map(|value| value.of(wire)), Some(&b"2"[..]));
    assert_eq!(head.field(FieldId::Cookie), None);
    assert!(
        !post("TE: gzip").unwrap().accepts_trailers() && !post("A: b").unwrap().accepts_trailers()
    );
}
