//! Beside the rows: request lines that two readers could cut differently (RFC 9112 section 3).

use crate::evidence::{SMUGGLED, accepted, bytes, refused};

#[test]
fn request_lines_that_are_none() {
    for line in [
        "GET  /first HTTP/1.1",
        "GET\t/first HTTP/1.1",
        " GET /first HTTP/1.1",
        "GET /first HTTP/1.1 ",
        "GET /first  HTTP/1.1",
        "GET /first\tHTTP/1.1",
        "GET /fir st HTTP/1.1",
        "GET /first",
        "GET /first ",
        "GET",
        "/first HTTP/1.1",
        "G@T /first HTTP/1.1",
        "GET\0 /first HTTP/1.1",
        "GET /fir\0st HTTP/1.1",
        "GET /fir\u{7f}st HTTP/1.1",
        "GET /fir\u{0b}st HTTP/1.1",
        "GET /first#part HTTP/1.1",
        "GET first HTTP/1.1",
        "GET example.org/first HTTP/1.1",
        "GET ?first HTTP/1.1",
        "GET * HTTP/1.1",
        "GET /first http/1.1",
        "GET /first HTTP/1.1x",
        "GET /first HTTP/11",
        "GET /first HTTP/1.",
        "GET /first HTTP/.1",
        "GET /first HTTP 1.1",
        "GET /first HTTP/1.1 HTTP/1.1",
        "GET /first XTTP/1.1",
        "HTTP/1.1 200 OK",
    ] {
        let text = format!("{line}\r\nHost: example.org\r\n\r\n{SMUGGLED}");
        refused(&format!("{line:?}"), &bytes(&text), &[400, 505]);
    }
}

#[test]
fn other_major_versions() {
    for line in
        ["GET /first HTTP/2.0", "GET /first HTTP/0.9", "GET /first HTTP/3.1", "PRI * HTTP/2.0"]
    {
        let text = format!("{line}\r\nHost: example.org\r\n\r\nSM\r\n\r\n");
        refused(line, &bytes(&text), &[400, 505]);
    }
}

#[test]
fn methods_that_are_refused() {
    for (text, statuses) in [
        ("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", &[400, 405, 501][..]),
        ("CONNECT /first HTTP/1.1\r\nHost: example.org\r\n\r\n", &[400, 405, 501]),
    ] {
        refused(text, &bytes(&format!("{text}{SMUGGLED}")), statuses);
    }
}

#[test]
fn methods_nobody_knows_are_passed_on_as_spelled() {
    for method in ["get", "PROPFIND", "M-SEARCH", "X!#$%&'*+-.^_`|~1"] {
        let message = bytes(&format!("{method} /first HTTP/1.1\r\nHost: example.org\r\n\r\n"));
        accepted(method, &message, 1, |requests| assert_eq!(requests[0].head.method(), method));
    }
}

#[test]
fn targets_arrive_byte_for_byte() {
    for target in ["/a/../b", "/a%2fb%00?x=%0d%0a", "/?", "/a//b;c=d?e=f&g", "/|{}^`\"<>", "/%"] {
        let message = bytes(&format!("GET {target} HTTP/1.1\r\nHost: example.org\r\n\r\n"));
        crate::evidence::either(target, &message, &[400], |request| {
            assert_eq!(request.head.target(), target);
        });
    }
    accepted("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n", 1, |requests| {
        assert_eq!(requests[0].head.target(), "*");
    });
}

/// RFC 9112 section 2.2: an empty line before a request line is tolerated, for old clients that end
/// a body with one line end too many.
#[test]
fn an_empty_line_before_a_request_is_skipped() {
    let message = b"\r\nGET /first HTTP/1.1\r\nHost: example.org\r\n\r\n\
                    \r\nGET /second HTTP/1.1\r\nHost: example.org\r\n\r\n";
    accepted("empty lines", message, 2, |requests| {
        assert_eq!(requests[1].head.target(), "/second");
    });
}
