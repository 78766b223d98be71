//! RFC 9110 section 9.3.3: what a POST brings may answer a GET.

use crate::site::{Site, ok};

const FRESH: &str = "Cache-Control: max-age=60";

/// Whether the answer to a POST with these fields answers a GET after it.
fn answers_get(fields: &[&str]) -> bool {
    let site = Site::new();
    site.given("/", &[ok(fields)]);
    site.ask("POST", "/", &["Content-Length: 0"]);
    site.get("/").text() == "answer 1"
}

#[test]
fn rfc9110_9_3_3_with_freshness_and_its_own_location() {
    assert!(answers_get(&[FRESH, "Content-Location: /"]));
    assert!(answers_get(&[FRESH, "Content-Location: http://example.org/"]));
    assert!(!answers_get(&[FRESH]), "it need not be what a GET brings");
    assert!(!answers_get(&[FRESH, "Content-Location: /other"]));
    assert!(!answers_get(&["Content-Location: /"]), "freshness must be said");
    assert!(!answers_get(&["Cache-Control: no-store, max-age=60", "Content-Location: /"]));
}

#[test]
fn a_post_is_never_answered_from_the_cache() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH, "Content-Location: /"])]);
    site.get("/");
    for expected in ["answer 2", "answer 3"] {
        assert_eq!(site.ask("POST", "/", &["Content-Length: 0"]).text(), expected);
    }
    assert_eq!(site.get("/").text(), "answer 3");
    assert_eq!(site.asked("/").len(), 3);
}

#[test]
fn a_post_with_much_content_and_an_expectation() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH, "Content-Location: /"])]);
    let content = "x".repeat(1 << 20);
    let mut client = site.gateway().connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\
         Expect: 100-continue\r\n\r\n100000\r\n{content}\r\n0\r\n\r\n"
    ));
    let answer = client.read_response().unwrap();
    assert_eq!((answer.status(), answer.text()), (200, "answer 1".into()));
    assert_eq!(site.asked("/")[0].body.len(), 1 << 20);
    assert_eq!(client.get("/").text(), "answer 1");
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn no_other_method_stores() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH, "Content-Location: /"])]);
    for method in ["PUT", "OPTIONS", "DELETE", "UNKNOWN"] {
        site.ask(method, "/", &["Content-Length: 0"]);
    }
    assert_eq!(site.get("/").text(), "answer 5");
}
