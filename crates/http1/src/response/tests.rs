//! Responses against the rows of `docs/protocols/http1.md`.

use super::*;

fn parse_for(method: Method, wire: &[u8]) -> Result<ResponseHead, ResponseError> {
    let mut head = ResponseHead::new();
    let taken = head.parse(wire, &HeadLimits::default(), method)?;
    assert!(taken.is_some(), "unfinished: {}", wire.escape_ascii());
    Ok(head)
}

fn parse(wire: &str) -> Result<ResponseHead, ResponseError> {
    parse_for(Method::Get, wire.as_bytes())
}

fn with(status: u16, fields: &str) -> Result<ResponseHead, ResponseError> {
    parse(&format!("HTTP/1.1 {status} X\r\n{fields}\r\n"))
}

#[test]
fn status_lines() {
    for (line, reason) in [
        ("HTTP/1.1 200 OK", "OK"),
        ("HTTP/1.1 200 ", ""),
        ("HTTP/1.1 200", ""),
        ("HTTP/1.0 404 Not Found", "Not Found"),
        ("HTTP/1.3 200 Later", "Later"),
    ] {
        let wire = format!("{line}\r\n\r\n");
        let head = parse(&wire).unwrap();
        assert_eq!(head.reason().of(wire.as_bytes()), reason.as_bytes(), "{line}");
    }
    let wire = "HTTP/1.1 200 Very Well\r\nServer: s\r\nETag: e\r\n\r\n";
    let mut head = parse(wire).unwrap();
    assert_eq!(head.reason().of(wire.as_bytes()), b"Very Well");
    assert_eq!(head.field(FieldId::Etag).map(|tag| tag.of(wire.as_bytes())), Some(&b"e"[..]));
    assert_eq!(head.field(FieldId::Date), None);
    head.reset();
    assert!(head.status() == 0 && head.fields().is_empty());
    let wire = b"HTTP/1.1 200 \xe9t\xe9\r\n\r\n";
    assert_eq!(parse_for(Method::Get, wire).unwrap().reason().of(wire), b"\xe9t\xe9");
    for line in [
        "HTTP/2.0 200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1  200 OK",
        "200 OK",
        "HTTP/1.1 099 X",
        "HTTP/1.1 200 a\0b",
        "ICY 200 OK",
        "\r\nHTTP/1.1 200 OK",
    ] {
        assert!(parse(&format!("{line}\r\n\r\n")).is_err(), "{line}");
    }
}

#[test]
fn rows_10_and_11_response_grammar() {
    let wire = "HTTP/1.1 200 OK\r\nContent-Length : 5\r\nName\t : value\r\n\r\n";
    let head = parse(wire).unwrap();
    assert_eq!(head.framing(), Framing::Length(5));
    assert_eq!(head.fields()[1].name.of(wire.as_bytes()), b"Name");
    assert!(with(200, "A: b\r\n c\r\n").unwrap_err().reason().contains("folding"));
    assert!(with(200, "A: b\nC: d\r\n").is_err());
}

#[test]
fn row_29_framing_faults() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: identity\r\n",
        "Content-Length: x\r\n",
    ] {
        assert!(with(200, fields).is_err(), "{fields}");
    }
    assert!(parse("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    for status in [100, 103, 101, 204] {
        assert!(with(status, "Content-Length: 5\r\n").is_err(), "{status}");
        assert!(with(status, "Transfer-Encoding: chunked\r\n").is_err(), "{status}");
        assert_eq!(with(status, "Content-Length: 0\r\n").unwrap().framing(), Framing::None);
    }
}

#[test]
fn framing_by_method_and_status() {
    assert_eq!(with(200, "").unwrap().framing(), Framing::UntilClose);
    assert!(!with(200, "").unwrap().keep_alive());
    assert_eq!(with(200, "Transfer-Encoding: chunked\r\n").unwrap().framing(), Framing::Chunked);
    let not_modified = with(304, "Content-Length: 5\r\n").unwrap();
    assert_eq!(not_modified.framing(), Framing::None);
    assert_eq!(not_modified.declared_length(), Some(5));
    let head = parse_for(Method::Head, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").unwrap();
    assert_eq!((head.framing(), head.declared_length()), (Framing::None, Some(5)));
    let head = parse_for(Method::Head, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(head.unwrap().framing(), Framing::None);
    assert!(with(103, "").unwrap().is_interim() && with(199, "").unwrap().is_interim());
    assert!(!with(101, "").unwrap().is_interim() && !with(200, "").unwrap().is_interim());
    let old = parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n");
    assert!(old.unwrap().keep_alive());
}

#[test]
fn hop_by_hop_fields_stay_behind() {
    let wire = "HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nKeep-Alive: timeout=5\r\nX-Secret: 1\r\n\
        Server: s\r\nContent-Length: 0\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n";
    let head = parse(wire).unwrap();
    let names: Vec<_> = head.forwardable(wire.as_bytes()).map(|field| field.id).collect();
    assert_eq!(names, [FieldId::Server, FieldId::SetCookie, FieldId::SetCookie]);
}

#[test]
fn an_endless_head_is_refused() {
    let limits = HeadLimits { head_bytes: 64, ..HeadLimits::default() };
    let mut head = ResponseHead::new();
    let wire = format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(64));
    assert!(head.parse(wire.as_bytes(), &limits, Method::Get).is_err());
    assert_eq!(head.parse(&wire.as_bytes()[..40], &limits, Method::Get).unwrap(), None);
}
