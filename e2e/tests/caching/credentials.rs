//! By `ttl` and heuristic alone only requests without credentials fill the cache, and are answered
//! from what was so stored (RFC 9111 sections 3.5, 4.2.2 and 7.3).

use crate::dates::from_now;
use crate::site::{Site, ok};

const WITH_TTL: &str = "ttl = \"60s\"";

/// Fields that applications know their users by.
const CREDENTIALS: [&str; 7] = [
    "Cookie: sid=1",
    "Authorization: Basic YTpi",
    "X-Api-Key: a",
    "PRIVATE-TOKEN: a",
    "x-access-token: a",
    "X-CSRF-Token: a",
    "X-Devpi-Auth: a",
];

#[test]
fn an_answer_to_credentials_is_not_given_to_others() {
    let site = Site::with(WITH_TTL, "cache = true");
    for (number, field) in CREDENTIALS.iter().enumerate() {
        let path = format!("/{number}");
        site.given(&path, &[ok(&[])]);
        assert!(!site.keeps_what_is_given(&path, &[field], &[]), "{field}");
    }
}

#[test]
fn an_answer_to_nobody_is_not_given_to_who_has_credentials() {
    let site = Site::with(WITH_TTL, "cache = true");
    let modified = format!("Last-Modified: {}", from_now(-1_000_000));
    for (number, field) in CREDENTIALS.iter().enumerate() {
        for (path, given) in
            [(format!("/{number}"), vec![]), (format!("/m{number}"), vec![&*modified])]
        {
            site.given(&path, &[ok(&given)]);
            assert!(site.keeps_what_is_given(&path, &[], &[]), "{field}: strangers share it");
            let own = site.get_with(&path, &[field]);
            assert_eq!(own.text(), "answer 2", "{field}");
            assert_eq!(own.head.one("cache-status"), Some("tombolo; fwd=request"), "{field}");
            let asked = site.asked(&path);
            assert!(!asked[1].head.has("if-modified-since"), "somebody else's validators");
            assert_eq!(site.get(&path).text(), "answer 1", "{field}: strangers still share it");
        }
    }
    let only = site.get_with("/0", &["Cookie: sid=1", "Cache-Control: only-if-cached"]);
    assert_eq!(only.status(), 504);
}

#[test]
fn what_says_how_long_it_is_fresh_is_for_all() {
    let site = Site::with(WITH_TTL, "cache = true");
    site.given("/", &[ok(&["Cache-Control: max-age=60"])]);
    assert!(site.keeps_what_is_given("/", &["Cookie: a=b"], &["Cookie: c=d"]));
    site.given("/key", &[ok(&["Cache-Control: max-age=60"])]);
    assert!(site.keeps_what_is_given("/key", &["X-Api-Key: a"], &[]));
}

#[test]
fn cookies_can_be_said_not_to_count() {
    let site = Site::with("ttl = \"60s\"\ncookies_without_freshness = true", "cache = true");
    site.given("/", &[ok(&[])]);
    assert!(site.keeps_what_is_given("/", &["Cookie: a=b"], &["Cookie: c=d"]));
    site.given("/key", &[ok(&[])]);
    assert!(!site.keeps_what_is_given("/key", &["X-Api-Key: a"], &[]), "fields still do");
}
