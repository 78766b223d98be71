//! RFC 9111 section 4.3.2: conditions of clients, answered from what is stored.

use crate::dates::from_now;
use crate::site::{Site, ok, status};

#[test]
fn rfc9111_4_3_2_conditions_of_clients() {
    let site = Site::new();
    let modified = from_now(-5000);
    let field = format!("Last-Modified: {modified}");
    site.given(
        "/",
        &[ok(&["Cache-Control: max-age=60", "ETag: \"a\"", &field, "Vary: X", "X-A: 1"])],
    );
    site.settled("/", &[]);
    let earlier = format!("If-Modified-Since: {}", from_now(-6000));
    let later = format!("If-Modified-Since: {}", from_now(-10));
    let same = format!("If-Modified-Since: {modified}");
    for (fields, expected) in [
        (&["If-None-Match: \"a\""][..], 304),
        (&["If-None-Match: W/\"a\""], 304),
        (&["If-None-Match: \"b\", \"a\""], 304),
        (&["If-None-Match: \"b\"", "If-None-Match: \"a\""], 304),
        (&["If-None-Match: *"], 304),
        (&["If-None-Match: \"b\""], 200),
        (&["If-None-Match: \"b\"", &same], 200),
        (&["If-None-Match: \"a\"", &earlier], 304),
        (&[&same], 304),
        (&[&later], 304),
        (&[&earlier], 200),
        (&["If-Modified-Since: junk"], 200),
    ] {
        let answer = site.get_with("/", fields);
        assert_eq!(answer.status(), expected, "{fields:?}");
        if expected == 304 {
            let head = &answer.head;
            for name in ["date", "etag", "cache-control", "vary"] {
                assert!(head.has(name), "{fields:?}: RFC 9110 section 15.4.5: {name}: {head:?}");
            }
            assert!(!head.has("x-a") && !head.has("content-length"), "{head:?}");
        }
    }
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn rfc9111_4_3_2_without_last_modified_date_stands_in() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60"])]);
    site.get("/");
    let since = |seconds| format!("If-Modified-Since: {}", from_now(seconds));
    assert_eq!(site.get_with("/", &[&since(60)]).status(), 304);
    assert_eq!(site.get_with("/", &[&since(-60)]).status(), 200);
}

#[test]
fn rfc9110_13_2_1_conditions_are_for_a_stored_200_only() {
    let site = Site::new();
    site.given("/", &[status("404 Not Found", &["Cache-Control: max-age=60", "ETag: \"a\""])]);
    site.get("/");
    assert_eq!(site.get_with("/", &["If-None-Match: \"a\""]).status(), 404);
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn rfc9111_4_3_2_other_conditions_are_the_origins() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60", "ETag: \"a\""]), status("412 No", &[])]);
    site.get("/");
    let date = format!("If-Unmodified-Since: {}", from_now(-10));
    assert_eq!(site.get_with("/", &["If-Match: \"b\""]).status(), 412);
    assert_eq!(site.get_with("/", &[&date]).status(), 412);
    assert_eq!(site.asked("/")[1].head.one("if-match"), Some("\"b\""));
    assert_eq!(site.get("/").text(), "answer 1", "and change nothing");
}

#[test]
fn rfc9111_4_3_conditions_on_a_miss_pass() {
    let site = Site::new();
    site.given(
        "/",
        &[
            status("304 Not Modified", &["ETag: \"a\""]),
            ok(&["Cache-Control: max-age=60", "ETag: \"a\""]),
        ],
    );
    let answer = site.get_with("/", &["If-None-Match: \"a\""]);
    assert_eq!((answer.status(), answer.head.one("etag")), (304, Some("\"a\"")));
    assert_eq!(site.asked("/")[0].head.one("if-none-match"), Some("\"a\""));
    assert_eq!(site.get("/").text(), "answer 2", "a 304 alone is not stored");
    assert_eq!(site.get("/").text(), "answer 2");
}
