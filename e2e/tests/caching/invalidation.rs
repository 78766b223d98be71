//! RFC 9111 section 4.4: what an unsafe request makes invalid.

use crate::site::{Answer, Site, metric, ok, status};
use tombolo_e2e::eventually;

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

/// RFC 4918 sections 9.8 and 9.9: what is at Destination is another resource now.
#[test]
fn move_and_copy_invalidate_their_destination() {
    for method in ["MOVE", "COPY"] {
        for (destination, kept) in [
            ("/", false),
            ("http://example.org/", false),
            ("http://example.org:80/#x", false),
            ("http://other.example/", true),
            ("/c", true),
        ] {
            let site = Site::new();
            site.given("/", &[ok(&[FRESH])]);
            site.given("/a/b", &[status("201 Created", &[])]);
            site.get("/");
            let destination = format!("Destination: {destination}");
            site.ask(method, "/a/b", &[&destination, "Content-Length: 0"]);
            assert_eq!(site.get("/").text() == "answer 1", kept, "{method} {destination}");
        }
    }
}

#[test]
fn what_lies_in_a_collection_goes_with_it() {
    for (method, target, fields, gone) in [
        ("DELETE", "/a/", &[][..], true),
        ("DELETE", "/a", &[], true),
        ("DELETE", "/a/mem", &[], false),
        ("MOVE", "/a/", &["Destination: /elsewhere/"], true),
        ("MOVE", "/a", &["Destination: /elsewhere"], true),
        ("MOVE", "/a", &["Destination: /elsewhere", "Depth: 0"], false),
        ("COPY", "/b", &["Destination: /a"], true),
        ("COPY", "/b", &["Destination: /a", "Depth: 0", "Overwrite: F"], false),
        ("COPY", "/a", &["Destination: /elsewhere"], false),
        ("COPY", "/b/", &["Destination: /a/"], true),
        ("COPY", "/b", &["Destination: /a", "Depth: infinity"], true),
        ("PUT", "/a/", &[], false),
    ] {
        let site = Site::new();
        for path in ["/a/member", "/away"] {
            site.given(path, &[ok(&[FRESH])]);
            site.get(path);
        }
        site.given(target, &[status("204 No Content", &[])]);
        let fields: Vec<_> = fields.iter().copied().chain(["Content-Length: 0"]).collect();
        site.ask(method, target, &fields);
        assert_eq!(site.get("/a/member").text() == "answer 2", gone, "{method} {target}");
        assert_eq!(site.get("/away").text(), "answer 1", "{method} {target}");
    }
}

/// Nothing is recorded for what is not stored: the places are for what is.
#[test]
fn what_is_not_stored_takes_no_place() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH])]);
    let pending = || metric(site.gateway().admin(), "tombolo_cache_purges_pending");
    eventually("what is there to be counted", || {
        (metric(site.gateway().admin(), "tombolo_cache_counting") == 0).then_some(())
    });
    site.ask("POST", "/", &["Content-Length: 0"]);
    assert_eq!(pending(), 0);
    site.get("/");
    site.ask("POST", "/", &["Content-Length: 0"]);
    assert_eq!(pending(), 1);
    assert_eq!(site.get("/").text(), "answer 4");
}

/// More prefixes than one client has places for are doubts about what they are below, and about
/// nothing else: a stranger does not switch the cache off for others.
#[test]
fn a_flood_of_deletes_leaves_other_hosts_and_folders_alone() {
    let site = Site::new();
    for path in ["/mine", "/none/mine"] {
        site.given(path, &[ok(&[FRESH, "ETag: \"1\""])]);
        site.get(path);
    }
    for n in 0..300 {
        let target = format!("/none/{n}/");
        site.given(&target, &[status("204 No Content", &[])]);
        let host = if n % 2 == 0 { "other.example" } else { "example.org" };
        let request = format!("DELETE {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(site.gateway().connect().exchange(request).status(), 204);
    }
    site.get("/mine");
    assert_eq!(site.asked("/mine").len(), 1, "another folder is answered without the origin");
    site.get("/none/mine");
    assert_eq!(site.asked("/none/mine").len(), 2, "what is doubted is validated");
}
