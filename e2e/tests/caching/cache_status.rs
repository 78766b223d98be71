//! RFC 9211: what Cache-Status tells.

use crate::site::{Site, ok, ranged, status};
use tombolo_e2e::Response;

/// The parameters, in order; the first member is the cache's name.
fn parameters(answer: &Response) -> Vec<String> {
    let field = answer.head.one("cache-status").expect("a Cache-Status");
    field.split(';').map(|part| part.trim().to_owned()).collect()
}

/// Without `ttl`, which depends on the clock.
fn told(answer: &Response) -> String {
    let told = parameters(answer);
    told.into_iter().filter(|part| !part.starts_with("ttl=")).collect::<Vec<_>>().join("; ")
}

fn ttl(answer: &Response) -> Option<i64> {
    parameters(answer).iter().find_map(|part| part.strip_prefix("ttl=")?.parse().ok())
}

const FRESH: &str = "Cache-Control: max-age=60";

#[test]
fn rfc9211_2_hits_and_misses() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH])]);
    assert_eq!(told(&site.get("/")), "tombolo; fwd=uri-miss; stored");
    let hit = site.get("/");
    assert_eq!(told(&hit), "tombolo; hit");
    assert!((50..=60).contains(&ttl(&hit).unwrap()));
    site.given("/no-store", &[ok(&["Cache-Control: no-store"])]);
    assert_eq!(told(&site.get("/no-store")), "tombolo; fwd=uri-miss");
}

#[test]
fn rfc9211_2_2_every_reason() {
    let site = Site::with("", "[route.cache]\nbypass_paths = [\"/bypass\"]");
    for path in ["/", "/bypass", "/unknown"] {
        site.given(path, &[ok(&[FRESH, "Vary: Foo"])]);
    }
    site.settled("/", &[]);
    assert_eq!(told(&site.get_with("/", &["Foo: 1"])), "tombolo; fwd=vary-miss; stored");
    site.settled("/", &["Foo: 1"]);
    assert_eq!(
        told(&site.get_with("/", &["Cache-Control: no-cache"])),
        "tombolo; fwd=request; stored"
    );
    assert_eq!(told(&site.get("/bypass")), "tombolo; fwd=bypass");
    assert_eq!(told(&site.ask("POST", "/", &["Content-Length: 0"])), "tombolo; fwd=method");
    assert_eq!(told(&site.ask("OPTIONS", "/", &[])), "tombolo; fwd=method");
    let asked = site.get_with("/unknown", &["Cache-Control: no-store"]);
    assert_eq!(told(&asked), "tombolo; fwd=uri-miss");
}

#[test]
fn rfc9211_2_2_stale_and_partial() {
    let site = Site::new();
    let old = ok(&[FRESH, "Age: 90", "ETag: \"a\""]);
    let same = status("304 Not Modified", &[FRESH, "ETag: \"a\""]);
    site.given("/304", &[old.clone(), same]);
    site.get("/304");
    let validated = site.get("/304");
    assert_eq!(told(&validated), "tombolo; fwd=stale; fwd-status=304");
    site.given("/200", &[old, ok(&[FRESH])]);
    site.get("/200");
    assert_eq!(told(&site.get("/200")), "tombolo; fwd=stale; stored");
    site.given("/part", &[ranged(&[FRESH, "ETag: \"a\""], b"0123456789")]);
    site.get_with("/part", &["Range: bytes=0-4"]);
    let more = site.get_with("/part", &["Range: bytes=5-6"]);
    assert_eq!(told(&more), "tombolo; fwd=partial; stored");
}

#[test]
fn rfc9211_2_stale_answers_say_so() {
    let site = Site::new();
    let old = |more: &str| ok(&[&format!("{FRESH}{more}"), "Age: 90", "ETag: \"a\""]);
    site.given("/if-error", &[old(", stale-if-error=600"), status("503 Busy", &[])]);
    site.get("/if-error");
    let answer = site.get("/if-error");
    assert_eq!(told(&answer), "tombolo; fwd=stale; fwd-status=503; detail=stale-if-error");
    assert!(ttl(&answer).unwrap() < -25, "{answer:?}");
    site.given("/revalidate", &[old(", stale-while-revalidate=600")]);
    site.get("/revalidate");
    let answer = site.get("/revalidate");
    assert_eq!(told(&answer), "tombolo; hit; detail=stale-while-revalidate");
    assert!(ttl(&answer).unwrap() < -25);
}

#[test]
fn rfc9211_2_only_if_cached() {
    let site = Site::new();
    let answer = site.get_with("/", &["Cache-Control: only-if-cached"]);
    assert_eq!((answer.status(), told(&answer)), (504, "tombolo; detail=only-if-cached".into()));
}

#[test]
fn rfc9211_2_members_of_other_caches_come_first() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH, "Cache-Status: origin; hit"])]);
    for expected in ["tombolo; fwd=uri-miss; stored", "tombolo; hit"] {
        let answer = site.get("/");
        let all = answer.head.all("cache-status").join(", ");
        let (theirs, ours) = all.split_once(", ").expect("two members");
        assert_eq!(theirs, "origin; hit");
        assert!(ours.starts_with(expected), "{all}");
    }
}
