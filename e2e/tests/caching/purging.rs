//! What an operator purges: at once, or softly, to be sent once more while a new one is fetched.

use crate::site::{Answer, Site, ok};
use tombolo_e2e::eventually;

fn tagged(more: &str) -> Answer {
    let control = format!("Cache-Control: max-age=60{more}");
    ok(&[&control, "ETag: \"a\"", "Cache-Tag: one, two", "Surrogate-Key: three four"])
}

fn stored(site: &Site, answer: Answer) {
    site.given("/", &[answer]);
    assert_eq!(site.get("/").text(), "answer 1");
    assert_eq!(site.get("/").text(), "answer 1");
}

#[test]
fn by_tag_of_either_field() {
    for (tag, goes) in
        [("one", true), ("two", true), ("three", true), ("four", true), ("on", false)]
    {
        let site = Site::new();
        stored(&site, tagged(""));
        site.purge(&format!("{{\"tag\":\"{tag}\"}}"));
        assert_eq!(site.get("/").text() == "answer 2", goes, "{tag}");
    }
}

#[test]
fn softly_is_sent_once_more_while_a_new_one_comes() {
    let site = Site::new();
    stored(&site, tagged(""));
    site.purge("{\"tag\":\"one\",\"soft\":true}");
    let answer = site.get("/");
    assert_eq!(answer.text(), "answer 1");
    let told = answer.head.one("cache-status").unwrap();
    assert!(told.contains("; hit") && told.contains("; detail=purged"), "{told}");
    eventually("the new one", || (site.get("/").text() == "answer 2").then_some(()));
    assert_eq!(site.asked("/").len(), 2);
    assert_eq!(site.asked("/")[1].head.one("if-none-match"), Some("\"a\""));
}

#[test]
fn softly_without_a_window_is_validated_first() {
    let site = Site::with("soft_purge_window = \"0s\"", "cache = true");
    stored(&site, tagged(""));
    site.purge("{\"all\":true,\"soft\":true}");
    assert_eq!(site.get("/").text(), "answer 2");
}

#[test]
fn rfc9111_4_2_4_softly_does_not_overrule_must_revalidate() {
    let site = Site::new();
    stored(&site, tagged(", must-revalidate"));
    site.purge("{\"url\":\"http://example.org/\",\"soft\":true}");
    assert_eq!(site.get("/").text(), "answer 2");
}

#[test]
fn a_url_is_purged_in_the_scheme_that_a_trusted_hop_told() {
    let site = Site::behind_a_trusted_hop();
    site.given("/", &[tagged("")]);
    let https = &["X-Forwarded-Proto: https"];
    assert_eq!(site.get("/").text(), "answer 1");
    assert_eq!(site.get_with("/", https).text(), "answer 2");
    site.purge("{\"url\":\"https://example.org/\"}");
    assert_eq!(site.get_with("/", https).text(), "answer 3");
    assert_eq!(site.get("/").text(), "answer 1");
}
