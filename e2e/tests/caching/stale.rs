//! RFC 5861 and RFC 9111 section 4.2.4: what may be sent although it is stale.

use crate::site::{Answer, Site, ok, status};
use tombolo_e2e::{Response, eventually};

/// A response that is 30 s too old, with these directives besides.
fn old(directives: &str) -> Answer {
    ok(&[&format!("Cache-Control: max-age=60{directives}"), "Age: 90", "ETag: \"a\""])
}

fn cache_status(answer: &Response) -> String {
    answer.head.one("cache-status").expect("a Cache-Status").to_owned()
}

/// An origin that closes without an answer.
fn gone() -> Answer {
    Answer::Last(Vec::new())
}

#[test]
fn rfc5861_3_stale_while_revalidate() {
    let site = Site::new();
    let fresh = ok(&["Cache-Control: max-age=60", "ETag: \"b\""]);
    site.given("/", &[old(", stale-while-revalidate=600"), fresh]);
    site.get("/");
    let answer = site.get("/");
    assert_eq!(answer.text(), "answer 1", "at once");
    assert!(cache_status(&answer).contains("stale-while-revalidate"), "{}", cache_status(&answer));
    eventually("the new one", || (site.get("/").text() == "answer 2").then_some(()));
    assert_eq!(site.asked("/").len(), 2, "asked once, in the background");
    assert_eq!(site.asked("/")[1].head.one("if-none-match"), Some("\"a\""));
}

#[test]
fn rfc5861_3_a_304_in_the_background_makes_fresh() {
    let site = Site::new();
    let same = status("304 Not Modified", &["Cache-Control: max-age=60", "ETag: \"a\""]);
    site.given("/", &[old(", stale-while-revalidate=600"), same]);
    site.get("/");
    site.get("/");
    eventually("freshness", || {
        let status = cache_status(&site.get("/"));
        (status.contains("hit") && !status.contains("ttl=-")).then_some(())
    });
    assert_eq!(site.asked("/").len(), 2);
}

#[test]
fn rfc5861_3_outside_the_window_it_is_validated_first() {
    let site = Site::new();
    site.given("/", &[old(", stale-while-revalidate=10"), ok(&["Cache-Control: max-age=60"])]);
    site.get("/");
    assert_eq!(site.get("/").text(), "answer 2");
}

#[test]
fn rfc5861_4_stale_if_error() {
    let site = Site::new();
    for (path, failure) in [
        ("/500", status("500 Broken", &[])),
        ("/502", status("502 Bad", &[])),
        ("/503", status("503 Busy", &[])),
        ("/504", status("504 Late", &[])),
        ("/gone", gone()),
    ] {
        site.given(path, &[old(", stale-if-error=600"), failure.clone()]);
        site.get(path);
        let answer = site.get(path);
        assert_eq!((answer.status(), answer.text()), (200, "answer 1".into()), "{path}");
        assert!(cache_status(&answer).contains("stale-if-error"), "{path}");
        site.given(path, &[old(""), failure]);
    }
    site.given("/404", &[old(", stale-if-error=600"), status("404 Not Found", &[])]);
    site.get("/404");
    assert_eq!(site.get("/404").status(), 404, "an answer, not a failure");
    site.given("/narrow", &[old(", stale-if-error=10"), status("503 Busy", &[])]);
    site.get("/narrow");
    assert_eq!(site.get("/narrow").status(), 503, "30 s are more than 10");
}

#[test]
fn rfc5861_4_head_and_conditions_of_what_is_stale() {
    let site = Site::new();
    site.given("/", &[old(", stale-if-error=600"), gone()]);
    site.get("/");
    let head = site.ask("HEAD", "/", &[]);
    assert_eq!((head.status(), head.head.one("content-length")), (200, Some("8")));
    assert_eq!(site.get_with("/", &["If-None-Match: \"a\""]).status(), 304);
}

#[test]
fn rfc5861_4_the_request_may_say_it_too() {
    let site = Site::new();
    site.given("/", &[old(""), status("503 Busy", &[])]);
    site.get("/");
    assert_eq!(site.get("/").status(), 503);
    assert_eq!(site.get_with("/", &["Cache-Control: stale-if-error=600"]).text(), "answer 1");
}

#[test]
fn rfc9111_4_2_4_what_forbids_staleness() {
    let site = Site::with("stale_if_error = \"1h\"", "cache = true");
    let windows = "stale-while-revalidate=600, stale-if-error=600";
    for (path, directives) in [
        ("/must", format!(", must-revalidate, {windows}")),
        ("/proxy", format!(", proxy-revalidate, {windows}")),
        ("/no-cache", format!(", no-cache, {windows}")),
        ("/s-maxage", format!(", s-maxage=60, {windows}")),
    ] {
        site.given(path, &[old(&directives), status("503 Busy", &[])]);
        site.get(path);
        assert_eq!(site.get(path).status(), 503, "{path}");
        assert_eq!(site.get_with(path, &["Cache-Control: max-stale"]).status(), 503, "{path}");
        site.given(path, &[gone()]);
        assert!(matches!(site.get(path).status(), 502 | 504), "{path}: the failure itself");
    }
}

#[test]
fn the_operators_window_for_errors() {
    let site = Site::with("stale_if_error = \"1h\"", "cache = true");
    site.given("/", &[old(""), status("503 Busy", &[])]);
    site.get("/");
    assert_eq!(site.get("/").text(), "answer 1");
    site.given("/zero", &[old(", stale-if-error=0"), status("503 Busy", &[])]);
    site.get("/zero");
    assert_eq!(site.get("/zero").status(), 503, "what the response says goes first");
}

#[test]
fn stale_windows_beside_s_maxage_if_the_operator_says_so() {
    let site = Site::with("stale_beside_s_maxage = true", "cache = true");
    let answer = ok(&["Cache-Control: s-maxage=60, stale-if-error=600", "Age: 90", "ETag: \"a\""]);
    site.given("/", &[answer, status("503 Busy", &[])]);
    site.get("/");
    assert_eq!(site.get("/").text(), "answer 1");
}

#[test]
fn an_origin_that_is_down() {
    let mut site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=60"])]);
    site.given("/old", &[old(", stale-if-error=600")]);
    site.given("/strict", &[old(", must-revalidate")]);
    for path in ["/", "/old", "/strict"] {
        site.get(path);
    }
    site.given("/old", &[gone()]);
    site.given("/strict", &[gone()]);
    site.origin().stop();
    assert_eq!(site.get("/").text(), "answer 1", "fresh: nobody needs the origin");
    assert_eq!(site.get("/old").text(), "answer 1");
    assert!(matches!(site.get("/strict").status(), 502..=504));
}
