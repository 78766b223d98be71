//! The built-in page.

use crate::harness::Replica;

#[test]
fn the_page_names_its_replica_in_the_visitors_language() {
    let replica = Replica::of_landing();
    for (accept, language) in [("en", "en"), ("es-ES,es;q=0.9", "es"), ("fr", "en")] {
        let answer = replica.get_with("/", &[("Accept-Language", accept)]);
        assert_eq!((answer.status, answer.field("content-language")), (200, Some(language)));
        assert_eq!(answer.field("vary"), Some("Accept-Language"));
        assert!(answer.text().contains(&format!("<html lang=\"{language}\">")));
        assert!(answer.text().contains(">test-1</strong>"));
    }
    let chosen = replica.get_with("/?lang=en", &[("Accept-Language", "es")]);
    assert_eq!(chosen.field("content-language"), Some("en"));
}

#[test]
fn the_page_allows_nothing_inline_or_foreign() {
    let replica = Replica::of_landing();
    let answer = replica.get("/");
    let policy = answer.field("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
}

#[test]
fn built_in_files_are_conditional_and_ranged_like_any() {
    let replica = Replica::of_landing();
    for target in ["/", "/style.css", "/script.js", "/favicon.svg", "/index.html"] {
        let answer = replica.get(target);
        assert_eq!(answer.status, 200, "{target}");
        let etag = answer.field("etag").unwrap();
        let again = replica.get_with(target, &[("If-None-Match", etag)]);
        assert_eq!((again.status, again.field("etag")), (304, Some(etag)), "{target}");
        let part = replica.get_with(target, &[("Range", "bytes=5-9")]);
        assert_eq!((part.status, part.body.as_slice()), (206, &answer.body[5..10]), "{target}");
        let head = replica.request("HEAD", target, &[]);
        assert_eq!(head.fields_without_date(), answer.fields_without_date(), "{target}");
    }
}

#[test]
fn what_is_linked_with_its_hash_may_be_kept() {
    let replica = Replica::of_landing();
    let page = replica.get("/").text();
    let (_, after) = page.split_once("href=\"/style.css?").unwrap();
    let (query, _) = after.split_once('"').unwrap();
    let kept = replica.get(&format!("/style.css?{query}"));
    assert!(kept.field("cache-control").unwrap().contains("immutable"));
    assert_eq!(replica.get("/style.css").field("cache-control"), Some("no-cache"));
    assert_eq!(replica.get("/").field("cache-control"), Some("no-cache"));
}

#[test]
fn services_of_later_versions_are_honestly_absent() {
    let replica = Replica::of_landing();
    for target in ["/chat/", "/library/", "/figures/"] {
        assert_eq!(replica.get(target).status, 404, "{target}");
        assert!(replica.get("/").text().contains(&format!("href=\"{target}\"")));
    }
}
