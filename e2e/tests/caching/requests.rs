//! RFC 9111 section 5.2.1: what a client may ask of the cache.

use crate::site::{Site, ok, status};

/// A site with a response of 100 s of age and 200 s to live at `/`.
fn with_one_stored() -> Site {
    let site = Site::new();
    let answer = |tag: &str| ok(&["Cache-Control: max-age=300", "Age: 100", tag]);
    site.given("/", &[answer("ETag: \"1\""), answer("ETag: \"2\"")]);
    assert_eq!(site.get("/").text(), "answer 1");
    site
}

/// Whether the origin is asked for a request with these fields.
fn asks(fields: &[&str]) -> bool {
    let site = with_one_stored();
    let answer = site.get_with("/", fields);
    let asked = site.asked("/").len() == 2;
    assert_eq!(answer.text(), if asked { "answer 2" } else { "answer 1" }, "{fields:?}");
    asked
}

#[test]
fn rfc9111_5_2_1_1_max_age() {
    assert!(asks(&["Cache-Control: max-age=0"]));
    assert!(asks(&["Cache-Control: max-age=50"]));
    assert!(!asks(&["Cache-Control: max-age=150"]));
}

#[test]
fn rfc9111_5_2_1_3_min_fresh() {
    assert!(!asks(&["Cache-Control: min-fresh=100"]));
    assert!(asks(&["Cache-Control: min-fresh=250"]));
}

#[test]
fn rfc9111_5_2_1_4_no_cache_and_pragma() {
    assert!(asks(&["Cache-Control: no-cache"]));
    assert!(asks(&["Pragma: no-cache"]));
    assert!(!asks(&["Cache-Control: max-age=150", "Pragma: no-cache"]), "Cache-Control goes first");
    assert!(!asks(&["Pragma: other"]));
}

#[test]
fn rfc9111_5_2_1_2_max_stale() {
    let site = Site::new();
    let old = ok(&["Cache-Control: max-age=60", "Age: 90", "ETag: \"a\""]);
    site.given("/", &[old]);
    site.get("/");
    for fields in ["Cache-Control: max-stale=100", "Cache-Control: max-stale"] {
        let answer = site.get_with("/", &[fields]);
        assert_eq!(answer.text(), "answer 1", "{fields}");
        assert!(answer.head.one("cache-status").unwrap().contains("max-stale"));
    }
    assert_eq!(site.asked("/").len(), 1);
    assert_eq!(site.get_with("/", &["Cache-Control: max-stale=10"]).text(), "answer 2");
    site.given(
        "/strict",
        &[ok(&["Cache-Control: max-age=60, must-revalidate", "Age: 90", "ETag: \"a\""])],
    );
    site.get("/strict");
    assert_eq!(site.get_with("/strict", &["Cache-Control: max-stale"]).text(), "answer 2");
}

#[test]
fn rfc9111_5_2_1_5_no_store() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60"])]);
    assert_eq!(site.get_with("/", &["Cache-Control: no-store"]).text(), "answer 1");
    assert_eq!(site.get("/").text(), "answer 2", "the first was not stored");
    assert_eq!(site.get_with("/", &["Cache-Control: no-store"]).text(), "answer 2", "may be used");
}

#[test]
fn rfc9111_5_2_1_7_only_if_cached() {
    let site = with_one_stored();
    let only = &["Cache-Control: only-if-cached"];
    assert_eq!(site.get_with("/", only).text(), "answer 1");
    let unknown = site.get_with("/other", only);
    assert_eq!(unknown.status(), 504);
    assert!(site.asked("/other").is_empty());
    let both = site.get_with("/", &["Cache-Control: only-if-cached, max-age=10"]);
    assert_eq!(both.status(), 504, "what is stored is older than that");
    assert_eq!(site.asked("/").len(), 1);
}

#[test]
fn what_is_asked_anew_takes_the_place_of_what_was_stored() {
    let site = with_one_stored();
    assert_eq!(site.get_with("/", &["Cache-Control: no-cache"]).text(), "answer 2");
    assert_eq!(site.get("/").text(), "answer 2");
}

#[test]
fn no_cache_is_asked_with_validators() {
    let site = Site::new();
    let one = ok(&["Cache-Control: max-age=60", "ETag: \"1\""]);
    site.given("/", &[one, status("304 Not Modified", &["ETag: \"1\""])]);
    site.get("/");
    let answer = site.get_with("/", &["Cache-Control: no-cache"]);
    assert_eq!((answer.status(), answer.text()), (200, "answer 1".into()));
    assert_eq!(site.asked("/")[1].head.one("if-none-match"), Some("\"1\""));
    assert_eq!(site.asked("/")[1].head.one("cache-control"), Some("no-cache"), "passed on");
}
