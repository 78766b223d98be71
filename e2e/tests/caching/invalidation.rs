//! RFC 9111 section 4.4: what an unsafe request makes invalid.

use crate::site::{Answer, Site, ok, status};

const FRESH: &str = "Cache-Control: max-age=60";

/// Stores `/`, sends a request to `target`, which may be `/a/b`, and tells whether `/` is still
/// answered with.
fn survives(method: &str, target: &str, answer: Answer) -> bool {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH]), answer.clone(), ok(&[FRESH])]);
    site.given("/a/b", &[answer]);
    site.get("/");
    site.ask(method, target, &["Content-Length: 0"]);
    site.get("/").text() == "answer 1"
}

#[test]
fn rfc9111_4_4_unsafe_methods_invalidate_their_target() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "UNKNOWN"] {
        assert!(!survives(method, "/", ok(&[])), "{method}");
        assert!(!survives(method, "/", status("204 No Content", &[])), "{method} 204");
        assert!(!survives(method, "/", status("303 See Other", &[])), "{method} 303");
    }
    assert!(survives("OPTIONS", "/", ok(&[])), "a safe one");
}

#[test]
fn rfc9111_4_4_errors_do_not_invalidate() {
    for error in ["400 Bad", "403 Forbidden", "404 Not Found", "500 Broken", "503 Busy"] {
        assert!(survives("POST", "/", status(error, &[])), "{error}");
    }
}

#[test]
fn rfc9111_4_4_location_and_content_location_of_the_same_origin() {
    for field in [
        "Location: /",
        "Content-Location: /",
        "Location: http://example.org/",
        "Content-Location: http://EXAMPLE.org:80/",
        "Location: ../",
    ] {
        let answer = status("201 Created", &[field]);
        assert!(!survives("POST", "/a/b", answer), "{field}");
    }
    for field in [
        "Location: http://other.example/",
        "Content-Location: https://example.org/",
        "Location: /c",
    ] {
        assert!(survives("POST", "/a/b", status("201 Created", &[field])), "{field}");
    }
    assert!(survives("POST", "/a/b", status("404 Not Found", &["Location: /"])), "an error");
}

#[test]
fn all_variants_go() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH, "Vary: Foo"])]);
    site.get_with("/", &["Foo: 1"]);
    site.get_with("/", &["Foo: 2"]);
    site.ask("DELETE", "/", &[]);
    assert_eq!(site.get_with("/", &["Foo: 1"]).text(), "answer 4");
    assert_eq!(site.get_with("/", &["Foo: 2"]).text(), "answer 5");
}

#[test]
fn queries_are_resources_of_their_own() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH])]);
    site.get("/?a");
    site.ask("POST", "/?b", &["Content-Length: 0"]);
    site.get("/?a");
    assert_eq!(site.asked("/?a").len(), 1);
}
