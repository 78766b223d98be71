//! Row 21: whose request it is.

use crate::evidence::{SMUGGLED, accepted, bytes, refused};

fn with_host(lines: &str) -> Vec<u8> {
    bytes(&format!("GET /first HTTP/1.1\r\n{lines}\r\n{SMUGGLED}"))
}

#[test]
fn row_21_no_host_or_several() {
    for lines in [
        "",
        "X: y\r\n",
        "Host: example.org\r\nHost: example.org\r\n",
        "Host: example.org\r\nHost: evil.example\r\n",
        "Host: example.org\r\nX: y\r\nhost: evil.example\r\n",
        "Host: example.org, evil.example\r\n",
        "Host: example.org evil.example\r\n",
    ] {
        refused(&format!("row 21, {lines:?}"), &with_host(lines), &[400]);
    }
}

#[test]
fn row_21_hosts_that_are_no_authority() {
    for host in [
        "user@example.org",
        "user:word@example.org",
        "example.org/path",
        "example.org?query",
        "example.org#part",
        "example.org\\evil",
        "example.org:port",
        "example.org:99999",
        "example.org:-1",
        "example.org:80:80",
        "example.org:0x50",
        "[::1",
        "::1]",
        "[::1]x",
        "[zz::1]",
        "exam<ple>.org",
        "exam\"ple.org",
        "example.org\u{e9}",
    ] {
        refused(&format!("row 21, {host:?}"), &with_host(&format!("Host: {host}\r\n")), &[400]);
    }
}

#[test]
fn row_21_authorities_as_they_may_be() {
    for host in
        ["example.org", "EXAMPLE.org:8080", "127.0.0.1:1", "[::1]", "[2001:db8::1]:443", "a_b"]
    {
        let message = bytes(&format!("GET /first HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        accepted(&format!("row 21, {host}"), &message, 1, |requests| {
            let got = requests[0].head.all("host").join("|");
            assert!(got.eq_ignore_ascii_case(host), "{got}, not {host}");
        });
    }
}

#[test]
fn row_21_absolute_form_wins() {
    let message = bytes("GET http://other.example:81/x?y HTTP/1.1\r\nHost: example.org\r\n\r\n");
    accepted("row 21, absolute", &message, 1, |requests| {
        let head = &requests[0].head;
        assert_eq!(head.all("host"), ["other.example:81"]);
        assert_eq!(head.target(), "/x?y");
        assert_eq!(head.one("x-forwarded-host"), Some("other.example:81"));
    });
    for (target, path) in [("http://other.example", "/"), ("HTTP://other.example?q", "/?q")] {
        let message = bytes(&format!("GET {target} HTTP/1.1\r\nHost: example.org\r\n\r\n"));
        accepted(&format!("row 21, {target}"), &message, 1, |requests| {
            assert_eq!(requests[0].head.target(), path);
            assert_eq!(requests[0].head.all("host"), ["other.example"]);
        });
    }
}

#[test]
fn row_21_absolute_form_that_is_none() {
    for target in [
        "http://",
        "http:///x",
        "http://user@other.example/",
        "http://other.example:port/",
        "http://[::1/",
        "http:other.example",
        "//",
        "ftp://other.example/",
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: example.org\r\n\r\n{SMUGGLED}");
        if target == "//" {
            // An origin-form path of two slashes is no authority.
            accepted("row 21, //", b"GET // HTTP/1.1\r\nHost: a\r\n\r\n", 1, |all| {
                assert_eq!((all[0].head.target(), all[0].head.one("host")), ("//", Some("a")));
            });
            continue;
        }
        refused(&format!("row 21, {target}"), &bytes(&text), &[400]);
    }
    let message = bytes(&format!("GET http://other.example/ HTTP/1.1\r\n\r\n{SMUGGLED}"));
    refused("row 21, absolute without Host", &message, &[400]);
}

#[test]
fn row_21_http_1_0_needs_no_host() {
    accepted("row 21, 1.0", b"GET /first HTTP/1.0\r\n\r\n", 1, |requests| {
        let head = &requests[0].head;
        assert_eq!((head.target(), head.version()), ("/first", "HTTP/1.1"));
        assert_eq!(head.all("host").len(), 1, "an HTTP/1.1 request has a Host: {head:?}");
    });
}
