//! Rows 10 to 15, 25 and 26: lines, names and values of request heads.

use crate::evidence::{SMUGGLED, accepted, bytes, either, get, post, refused};
use tombolo_e2e::{Origin, Setup, scripts};

#[test]
fn row_10_blank_before_the_colon() {
    for line in [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Content-Length : 5",
        "X-Any : thing",
    ] {
        let message = post(&[line], &format!("0\r\n\r\n{SMUGGLED}"));
        refused(&format!("row 10, {line:?}"), &message, &[400]);
    }
}

#[test]
fn row_11_folded_lines() {
    for lines in [
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chunked\r\n , identity",
        "X-Any: a\r\n b",
        "X-Any: a\r\n\tb",
        "X-Any: a\r\n Transfer-Encoding: chunked",
        "Content-Length: 1\r\n 0",
    ] {
        let message = post(&[lines], &format!("0\r\n\r\n{SMUGGLED}"));
        refused(&format!("row 11, {lines:?}"), &message, &[400]);
    }
}

#[test]
fn row_12_blank_line_before_the_first_field() {
    for blank in [" \r\n", "\t\r\n", " ", " X: y\r\n"] {
        let text = format!("GET /first HTTP/1.1\r\n{blank}Host: example.org\r\n\r\n{SMUGGLED}");
        refused(&format!("row 12, {blank:?}"), &bytes(&text), &[400]);
    }
}

#[test]
fn row_13_bare_carriage_return() {
    for text in [
        "GET /first\r HTTP/1.1\r\nHost: example.org\r\n\r\n",
        "GET /first HTTP/1.1\rHost: example.org\r\n\r\n",
        "GET /first HTTP/1.1\r\r\nHost: example.org\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\rX: y\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\r\nX: a\rContent-Length: 5\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\r\nX\r: a\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\r\nX: a\r\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\r\n\rX: a\r\n\r\n",
        "\rGET /first HTTP/1.1\r\nHost: example.org\r\n\r\n",
    ] {
        refused(&format!("row 13, {text:?}"), &bytes(&format!("{text}{SMUGGLED}")), &[400]);
    }
}

#[test]
fn row_14_bare_line_feed() {
    for text in [
        "GET /first HTTP/1.1\nHost: example.org\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\r\nX: a\nY: b\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: example.org\r\n\n",
        "GET /first HTTP/1.1\nHost: example.org\n\n",
        "GET /first\n HTTP/1.1\r\nHost: example.org\r\n\r\n",
        "\nGET /first HTTP/1.1\r\nHost: example.org\r\n\r\n",
    ] {
        refused(&format!("row 14, {text:?}"), &bytes(&format!("{text}{SMUGGLED}")), &[400]);
    }
}

#[test]
fn row_15_bytes_that_fields_may_not_hold() {
    for line in [
        "X: a\0b",
        "X: \u{01}",
        "X: a\u{08}b",
        "X: a\u{0b}b",
        "X: a\u{0c}b",
        "X: a\u{7f}b",
        "X: \u{1b}[31m",
        "X\0: a",
        "X Y: a",
        "X(Y): a",
        "X\u{e9}: a",
        "\"X\": a",
        "X@Y: a",
        "X;Y: a",
        ": a",
        ":",
        "no colon at all",
        "GET /smuggled HTTP/1.1",
    ] {
        refused(
            &format!("row 15, {line:?}"),
            &[&get(&[line])[..], SMUGGLED.as_bytes()].concat(),
            &[400],
        );
    }
}

#[test]
fn row_15_what_values_may_hold_is_kept() {
    let fields = ["X-High: caf\u{e9} \u{ff}", "X-Tab: a\tb", "X-Empty:", "X-Odd~!#$%&'*+^_`|: 1"];
    accepted("row 15, legal", &get(&fields), 1, |requests| {
        let head = &requests[0].head;
        assert_eq!(head.one("x-high"), Some("caf\u{e9} \u{ff}"));
        assert_eq!(head.one("x-tab"), Some("a\tb"));
        assert_eq!(head.one("x-empty"), Some(""));
        assert_eq!(head.one("x-odd~!#$%&'*+^_`|"), Some("1"));
    });
}

#[test]
fn row_25_nominated_names() {
    let nominated = "Connection: X-Own, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, \
                     Forwarded, Via, X-Request-Id, Host, Authorization, Cookie, Content-Type, close";
    let fields = [
        nominated,
        "X-Own: hop",
        "x-OWN: hop again",
        "Authorization: Basic x",
        "Cookie: a=b",
        "Content-Type: text/plain",
        "X-Kept: yes",
    ];
    accepted("row 25", &get(&fields), 1, |requests| {
        let head = &requests[0].head;
        assert!(!head.has("x-own"), "{head:?}");
        assert_eq!(head.one("host"), Some("example.org"));
        assert_eq!(head.one("x-forwarded-for"), Some("127.0.0.1"));
        assert_eq!(head.one("x-forwarded-proto"), Some("http"));
        assert_eq!(head.one("x-forwarded-host"), Some("example.org"));
        for own in ["forwarded", "via", "x-request-id"] {
            assert!(head.one(own).is_some_and(|value| !value.is_empty()), "{own} in {head:?}");
        }
        assert_eq!(head.one("authorization"), Some("Basic x"));
        assert_eq!(head.one("cookie"), Some("a=b"));
        assert_eq!(head.one("content-type"), Some("text/plain"));
        assert_eq!(head.one("x-kept"), Some("yes"));
        assert!(!head.all("connection").iter().any(|value| value.contains("X-")), "{head:?}");
    });
}

#[test]
fn row_25_framing_cannot_be_nominated_away() {
    let message =
        post(&["Connection: Content-Length, Transfer-Encoding", "Content-Length: 5"], "12345");
    either("row 25, framing", &message, &[400], |request| {
        assert_eq!(request.head.all("content-length"), ["5"]);
        assert_eq!(request.body, b"12345");
    });
}

#[test]
fn row_25_several_connection_lines_count_as_one() {
    let fields = ["Connection: X-A", "X-A: 1", "Connection: keep-alive, x-b", "X-B: 2", "X-C: 3"];
    accepted("row 25, two lines", &get(&fields), 1, |requests| {
        let head = &requests[0].head;
        assert!(!head.has("x-a") && !head.has("x-b"), "{head:?}");
        assert_eq!(head.one("x-c"), Some("3"));
    });
}

/// A backend that folds `_` to `-` must not be told another framing or another origin of the
/// request than the gateway has checked.
#[test]
fn row_26_underscored_names() {
    for line in [
        "Transfer_Encoding: chunked",
        "Content_Length: 44",
        "TRANSFER_ENCODING: chunked",
        "X_Forwarded_For: 10.0.0.1",
        "X-Forwarded_Host: evil.example",
        "X_Request_Id: forged",
    ] {
        let message = get(&[line, "X_Harmless: 1"]);
        either(&format!("row 26, {line:?}"), &message, &[400], |request| {
            let folded: Vec<_> =
                request.head.fields.iter().filter(|(n, _)| n.contains('_')).collect();
            assert!(folded.iter().all(|(name, _)| name == "X_Harmless"), "{line}: {folded:?}");
        });
    }
}

/// A name that a client may spell in any case arrives as spelled, in its place.
#[test]
fn order_and_spelling_survive() {
    let origin = Origin::start(scripts::answer(scripts::ok("ok")));
    let mut gateway = Setup::to(&origin).start();
    let mut client = gateway.connect();
    client.exchange(get(&["b-SECOND: 2", "A-first: 1", "B-Second: 3", "aCCept: */*"]));
    gateway.kill();
    origin.settled();
    let head = origin.requests().remove(0).head;
    let names: Vec<_> = head.fields.iter().map(|(name, _)| name.as_str()).collect();
    let ours = ["b-SECOND", "A-first", "B-Second", "aCCept"];
    let kept: Vec<_> = names.iter().copied().filter(|name| ours.contains(name)).collect();
    assert_eq!(kept, ours);
}
