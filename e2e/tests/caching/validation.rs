//! RFC 9111 section 4.3: what is stored is validated, freshened and updated.

use crate::dates::from_now;
use crate::site::{Answer, Site, ok, status};
use tombolo_e2e::Response;

const STALE: [&str; 2] = ["Cache-Control: max-age=60", "Age: 90"];

fn stale<'f>(more: &[&'f str]) -> Answer {
    let fields: Vec<&'f str> = STALE.iter().copied().chain(more.iter().copied()).collect();
    ok(&fields)
}

fn unchanged(fields: &[&str]) -> Answer {
    status("304 Not Modified", fields)
}

fn is_first(answer: &Response) {
    assert_eq!((answer.status(), answer.text()), (200, "answer 1".into()));
}

#[test]
fn rfc9111_4_3_1_by_entity_tag() {
    let site = Site::new();
    for (path, tag) in [("/strong", "\"a\""), ("/weak", "W/\"a\""), ("/bare", "a")] {
        let field = format!("ETag: {tag}");
        site.given(path, &[stale(&[&field]), unchanged(&["Cache-Control: max-age=60", &field])]);
        site.get(path);
        is_first(&site.get(path));
        assert_eq!(site.asked(path)[1].head.one("if-none-match"), Some(tag));
        assert!(!site.asked(path)[1].head.has("if-modified-since"));
        is_first(&site.get(path));
        assert_eq!(site.asked(path).len(), 2, "{tag}: fresh again");
    }
}

#[test]
fn rfc9111_4_3_1_by_date_of_modification() {
    let site = Site::new();
    let modified = from_now(-5000);
    let field = format!("Last-Modified: {modified}");
    site.given("/", &[stale(&[&field]), unchanged(&["Cache-Control: max-age=60"])]);
    site.get("/");
    is_first(&site.get("/"));
    assert_eq!(site.asked("/")[1].head.one("if-modified-since"), Some(modified.as_str()));
    is_first(&site.get("/"));
    assert_eq!(site.asked("/").len(), 2);
}

#[test]
fn rfc9111_4_3_3_another_answer_takes_its_place() {
    let site = Site::new();
    site.given("/", &[stale(&["ETag: \"a\""]), ok(&["Cache-Control: max-age=60", "ETag: \"b\""])]);
    site.get("/");
    assert_eq!(site.get("/").text(), "answer 2");
    assert_eq!(site.get("/").text(), "answer 2");
    assert_eq!(site.asked("/").len(), 2);
}

#[test]
fn rfc9111_3_2_a_304_brings_fields_up_to_date() {
    let site = Site::new();
    let first = stale(&["ETag: \"a\"", "X-Old: 1", "X-New: 1", "X-Many: 1", "X-Many: 2"]);
    let fields = [
        "Cache-Control: max-age=600",
        "ETag: \"a\"",
        "X-New: 2",
        "X-Many: 3",
        "X-More: 4",
        "Content-Encoding: x",
    ];
    site.given("/", &[first, unchanged(&fields)]);
    site.get("/");
    for _ in 0..2 {
        let answer = site.get("/");
        is_first(&answer);
        let head = &answer.head;
        assert_eq!(head.one("x-old"), Some("1"));
        assert_eq!(head.one("x-new"), Some("2"));
        assert_eq!(head.all("x-many"), ["3"], "all lines of a name are replaced");
        assert_eq!(head.one("x-more"), Some("4"));
        assert_eq!(head.one("cache-control"), Some("max-age=600"));
        assert_eq!(head.one("content-length"), Some("8"));
        assert!(!head.has("content-encoding"), "it describes the stored bytes: {head:?}");
        assert!(head.one("age").unwrap().parse::<u32>().unwrap() < 10, "as old as the 304");
    }
    assert_eq!(site.asked("/").len(), 2);
}

#[test]
fn rfc9111_4_3_4_a_304_may_end_storage() {
    let site = Site::new();
    for (row, directive) in ["no-store", "private"].into_iter().enumerate() {
        let path = format!("/{row}");
        let end = unchanged(&[&format!("Cache-Control: {directive}"), "ETag: \"a\""]);
        site.given(&path, &[stale(&["ETag: \"a\""]), end, ok(&[])]);
        site.get(&path);
        is_first(&site.get(&path));
        assert_eq!(site.get(&path).text(), "answer 3", "{directive}: asked anew");
        assert!(
            !site.asked(&path)[2].head.has("if-none-match"),
            "{directive}: and nothing is kept"
        );
    }
}

#[test]
fn rfc9111_4_3_4_a_304_may_change_vary() {
    let site = Site::new();
    let changed = unchanged(&["Cache-Control: max-age=60", "ETag: \"a\"", "Vary: Foo"]);
    site.given(
        "/",
        &[stale(&["ETag: \"a\""]), changed, ok(&["Cache-Control: max-age=60", "Vary: Foo"])],
    );
    site.get_with("/", &["Foo: 1"]);
    is_first(&site.get_with("/", &["Foo: 1"]));
    assert_eq!(site.get_with("/", &["Foo: 2"]).text(), "answer 3", "it is not for others");
}

#[test]
fn rfc9111_4_3_4_a_304_may_be_about_what_the_client_has() {
    let site = Site::new();
    let for_client = unchanged(&["Cache-Control: max-age=60", "ETag: \"b\""]);
    site.given("/", &[stale(&["ETag: \"a\""]), for_client]);
    site.get("/");
    let answer = site.get_with("/", &["If-None-Match: \"b\""]);
    assert_eq!((answer.status(), answer.head.one("etag")), (304, Some("\"b\"")));
    assert_eq!(site.asked("/")[1].head.one("if-none-match"), Some("\"a\", \"b\""));
}

#[test]
fn rfc9111_4_3_4_a_304_about_nothing_we_have_is_asked_again() {
    let site = Site::new();
    let other = unchanged(&["Cache-Control: max-age=60", "ETag: \"b\""]);
    site.given("/", &[stale(&["ETag: \"a\""]), other, ok(&["Cache-Control: max-age=60"])]);
    site.get("/");
    assert_eq!(site.get("/").text(), "answer 3");
    assert!(!site.asked("/")[2].head.has("if-none-match"));
    assert_eq!(site.get("/").text(), "answer 3");
}

#[test]
fn a_stale_response_and_a_client_with_the_same_tag() {
    let site = Site::new();
    let tag = "ETag: \"a\"";
    site.given("/", &[stale(&[tag]), unchanged(&["Cache-Control: max-age=60", tag])]);
    site.get("/");
    assert_eq!(site.get_with("/", &["If-None-Match: \"a\""]).status(), 304);
    is_first(&site.get("/"));
    assert_eq!(site.asked("/").len(), 2, "that 304 brought it up to date");
}

#[test]
fn rfc9111_5_2_2_4_no_cache_is_validated_each_time() {
    let site = Site::new();
    let fields = ["Cache-Control: no-cache, max-age=60", "ETag: \"a\""];
    site.given("/", &[ok(&fields), unchanged(&fields)]);
    for _ in 0..3 {
        is_first(&site.get("/"));
    }
    assert_eq!(site.asked("/").len(), 3);
    assert_eq!(site.asked("/")[2].head.one("if-none-match"), Some("\"a\""));
}

#[test]
fn rfc9111_4_3_5_head_updates_or_makes_stale() {
    let site = Site::new();
    let fresh = ["Cache-Control: max-age=60", "ETag: \"a\""];
    let old = [&STALE[..], &["ETag: \"a\"", "X-A: 1"]].concat();
    site.given("/same", &[ok(&old), ok(&[&fresh[..], &["X-A: 2"]].concat())]);
    site.get("/same");
    assert_eq!(site.ask("HEAD", "/same", &[]).head.one("x-a"), Some("2"));
    let answer = site.get("/same");
    is_first(&answer);
    assert_eq!(answer.head.one("x-a"), Some("2"));
    assert_eq!(site.asked("/same").len(), 2, "the HEAD made it fresh");

    for (path, other) in
        [("/tag", "ETag: \"b\""), ("/date", "Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT")]
    {
        let stored = ok(&[
            "Cache-Control: max-age=60",
            "ETag: \"a\"",
            "Last-Modified: Wed, 01 Jan 2014 00:00:00 GMT",
        ]);
        site.given(path, &[stored, ok(&["Cache-Control: max-age=60", other])]);
        site.get(path);
        site.ask("HEAD", path, &["Cache-Control: no-cache"]);
        assert_eq!(site.asked(path)[1].head.method(), "HEAD");
        let stale = site.get_with(path, &["Cache-Control: max-stale=0"]);
        let status = stale.head.one("cache-status").unwrap().to_owned();
        assert!(!status.contains("ttl=59") && !status.contains("ttl=60"), "{path}: {status}");
    }
}

#[test]
fn rfc9110_9_3_2_head_from_a_stored_get() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60", "X-A: 1"])]);
    site.get("/");
    let answer = site.ask("HEAD", "/", &[]);
    assert_eq!((answer.status(), answer.body.len()), (200, 0));
    assert_eq!(answer.head.one("content-length"), Some("8"));
    assert_eq!(answer.head.one("x-a"), Some("1"));
    assert_eq!(site.asked("/").len(), 1);
    assert_eq!(site.ask("HEAD", "/", &["If-None-Match: *"]).status(), 304);
}

#[test]
fn head_alone_is_not_stored() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60"])]);
    for _ in 0..2 {
        site.ask("HEAD", "/", &[]);
    }
    assert_eq!(site.asked("/").len(), 2);
    assert_eq!(site.get("/").text(), "answer 3");
}
