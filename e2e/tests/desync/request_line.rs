//! Beside the rows: request lines that two readers could cut differently (RFC 9112 section 3).

use crate::evidence::{SMUGGLED, accepted, bytes, refused};
use tombolo_e2e::{Origin, Setup, scripts};

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
    for target in
        ["/a%2fb%0a?x=%00%0d%0a", "/?", "/a//b;c=d?e=f&g", "/a?b=/../c", "/%7e~!$&'()*+,=:@"]
    {
        let message = bytes(&format!("GET {target} HTTP/1.1\r\nHost: example.org\r\n\r\n"));
        accepted(target, &message, 1, |requests| assert_eq!(requests[0].head.target(), target));
    }
}

/// Targets that no URI may hold: passed on exactly, or refused; never changed.
#[test]
fn doubtful_targets_are_refused_or_left_alone() {
    for target in ["/|{}^`\"<>", "/%", "/%zz", "/\\a", "/\u{e9}"] {
        let origin = Origin::start(scripts::answer(scripts::ok("ok")));
        let mut gateway = Setup::to(&origin).start();
        let message = bytes(&format!("GET {target} HTTP/1.1\r\nHost: example.org\r\n\r\n"));
        let status = gateway.connect().exchange(message).status();
        assert!([200, 400].contains(&status), "{target}: {status}");
        gateway.kill();
        origin.settled();
        let requests = origin.requests();
        assert_eq!(requests.len(), usize::from(status == 200), "{target}");
        assert!(requests.iter().all(|request| request.head.target() == target), "{requests:?}");
    }
}

#[test]
fn options_of_the_whole_server() {
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
