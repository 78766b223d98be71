//! Rows 1 to 9: Content-Length and Transfer-Encoding in request heads.

use crate::evidence::{SMUGGLED, accepted, bytes, either, post, refused};
use tombolo_e2e::{Framing, Origin, Setup, scripts};

#[test]
fn row_01_length_and_coding_together() {
    let cases: [&[&str]; 5] = [
        &["Content-Length: 6", "Transfer-Encoding: chunked"],
        &["Transfer-Encoding: chunked", "Content-Length: 6"],
        &["TRANSFER-ENCODING: Chunked", "content-length: 0"],
        &["Content-Length: 6", "X-Between: 1", "Transfer-Encoding: chunked"],
        &["Content-Length: 6", "Transfer-Encoding: identity"],
    ];
    for fields in cases {
        let message = post(fields, &format!("0\r\n\r\n{SMUGGLED}"));
        refused(&format!("row 1, {fields:?}"), &message, &[400, 501]);
    }
}

#[test]
fn row_02_different_lengths() {
    let cases: [&[&str]; 5] = [
        &["Content-Length: 5", "Content-Length: 6"],
        &["Content-Length: 0", "Content-Length: 44"],
        &["Content-Length: 5, 6"],
        &["Content-Length: 5,6"],
        &["content-length: 44", "CONTENT-LENGTH: 0"],
    ];
    for fields in cases {
        refused(&format!("row 2, {fields:?}"), &post(fields, &format!("12345{SMUGGLED}")), &[400]);
    }
}

#[test]
fn row_03_equal_lengths() {
    let cases: [&[&str]; 4] = [
        &["Content-Length: 5", "Content-Length: 5"],
        &["Content-Length: 5, 5"],
        &["Content-Length: 5,5"],
        &["Content-Length: 5", "X: y", "content-length: 5"],
    ];
    for fields in cases {
        refused(&format!("row 3, {fields:?}"), &post(fields, "12345"), &[400]);
    }
}

#[test]
fn row_04_lengths_that_are_no_numbers() {
    for value in [
        "",
        "+5",
        "-0",
        "-5",
        "0x5",
        "1_0",
        "5 5",
        "1Z",
        "5.0",
        "5;",
        "5,",
        ",5",
        "\"5\"",
        "5\u{0b}",
        "\u{b2}",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "100000000000000000005",
    ] {
        let message = post(&[&format!("Content-Length: {value}")], &format!("12345{SMUGGLED}"));
        refused(&format!("row 4, {value:?}"), &message, &[400]);
    }
}

#[test]
fn row_05_leading_zeros() {
    for value in ["010", "0000000010", "00000000000000000000000000010"] {
        let message = post(&[&format!("Content-Length: {value}")], "0123456789");
        either(&format!("row 5, {value}"), &message, &[400], |request| {
            assert_eq!(request.head.all("content-length"), ["10"]);
            assert_eq!(request.body, b"0123456789");
        });
    }
}

#[test]
fn row_06_codings_other_than_chunked() {
    for value in [
        "xchunked",
        "chunkedx",
        "identity",
        "gzip",
        "",
        "chunked;a=b",
        "\"chunked\"",
        "chunked chunked",
        "cow",
    ] {
        let line = format!("Transfer-Encoding: {value}");
        let message = post(&[&line], &format!("0\r\n\r\n{SMUGGLED}"));
        refused(&format!("row 6, {value:?}"), &message, &[400, 501]);
    }
}

#[test]
fn row_07_chunked_not_alone() {
    let cases: [&[&str]; 7] = [
        &["Transfer-Encoding: chunked, gzip"],
        &["Transfer-Encoding: chunked, chunked"],
        &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        &["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        &["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
        &["Transfer-Encoding: gzip, chunked"],
        &["Transfer-Encoding: chunked", "Transfer-Encoding:"],
    ];
    for fields in cases {
        let message = post(fields, &format!("0\r\n\r\n{SMUGGLED}"));
        refused(&format!("row 7, {fields:?}"), &message, &[400, 501]);
    }
}

#[test]
fn row_08_chunked_with_something_stuck_to_it() {
    for value in [
        ",chunked",
        "chunked,",
        ", chunked",
        "chunked ,",
        "chunked\u{0b}",
        "chunked\u{0c}",
        "chunked\0",
        "chunked\u{85}",
        "chunked\u{a0}",
        "\u{0b}chunked",
        "\u{a0}chunked",
        "\u{ff}chunked",
    ] {
        let line = format!("Transfer-Encoding: {value}");
        let message = post(&[&line], &format!("0\r\n\r\n{SMUGGLED}"));
        refused(&format!("row 8, {value:?}"), &message, &[400, 501]);
    }
}

#[test]
fn row_08_blanks_around_chunked_are_cleaned() {
    for value in ["chunked ", "chunked\t", " \t chunked \t ", "cHuNkEd"] {
        let line = format!("Transfer-Encoding:{value}");
        let message = post(&[&line], "3\r\nabc\r\n0\r\n\r\n");
        accepted(&format!("row 8, {value:?}"), &message, 1, |requests| {
            let request = &requests[0];
            assert_eq!((request.framing, &request.body[..]), (Framing::Chunked, &b"abc"[..]));
            let raw = String::from_utf8_lossy(&request.head.raw).into_owned();
            assert!(raw.contains("\r\nTransfer-Encoding: chunked\r\n"), "{raw}");
        });
    }
}

#[test]
fn row_09_coding_in_http_1_0() {
    for fields in
        ["Transfer-Encoding: chunked", "Connection: keep-alive\r\nTransfer-Encoding: chunked"]
    {
        let message = bytes(&format!(
            "POST /first HTTP/1.0\r\nHost: example.org\r\n{fields}\r\n\r\n0\r\n\r\n{SMUGGLED}"
        ));
        refused("row 9", &message, &[400]);
    }
}

/// The counter-proof: plain framing puts the border of two requests where it belongs.
#[test]
fn plain_framing_is_kept_and_requests_stay_apart() {
    let length = format!("Content-Length: {}", SMUGGLED.len());
    let mut message = post(&[&length], SMUGGLED);
    message.extend(post(&["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n"));
    message.extend_from_slice(b"GET /last HTTP/1.1\r\nHost: example.org\r\n\r\n");
    accepted("three requests in a row", &message, 3, |requests| {
        assert_eq!(requests[0].body, SMUGGLED.as_bytes());
        assert_eq!(requests[0].framing, Framing::Length(SMUGGLED.len() as u64));
        assert_eq!((requests[1].framing, &requests[1].body[..]), (Framing::Chunked, &b"hello"[..]));
        assert_eq!((requests[2].head.target(), requests[2].framing), ("/last", Framing::None));
    });
}

#[test]
fn what_follows_a_large_body_is_the_next_request() {
    let body = "0123456789abcdef".repeat(1 << 16);
    let length = format!("Content-Length: {}", body.len());
    let mut message = post(&[&length], &body);
    message.extend_from_slice(b"GET /last HTTP/1.1\r\nHost: example.org\r\n\r\n");
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.send(message);
    for _ in 0..2 {
        assert_eq!(client.read_response().expect("an answer").text(), "ok");
    }
    gateway.kill();
    origin.settled();
    let requests = origin.requests();
    assert!(requests[0].body == body.as_bytes());
    assert_eq!(requests[1].head.target(), "/last");
}
