//! RFC 9111 section 4.1: variants.

use crate::site::{Site, ok};

const FRESH: &str = "Cache-Control: max-age=60";

/// Whether an answer that has `vary`, given to a request with `one`, is used for one with `two`.
fn shared(vary: &[&str], one: &[&str], two: &[&str]) -> bool {
    let site = Site::new();
    let fields: Vec<_> = vary.iter().copied().chain([FRESH]).collect();
    site.given("/", &[ok(&fields)]);
    site.keeps_what_is_given("/", one, two)
}

#[test]
fn rfc9111_4_1_the_fields_it_names_must_be_the_same() {
    assert!(shared(&["Vary: Foo"], &["Foo: 1"], &["Foo: 1"]));
    assert!(shared(&["Vary: Foo"], &["Foo: 1"], &["FOO: 1", "Bar: 2"]));
    assert!(shared(&["Vary: Foo"], &[], &[]));
    assert!(!shared(&["Vary: Foo"], &["Foo: 1"], &["Foo: 2"]));
    assert!(!shared(&["Vary: Foo"], &["Foo: 1"], &[]), "absent matches only absent");
    assert!(!shared(&["Vary: Foo"], &[], &["Foo: 1"]));
    assert!(shared(&["Vary: Foo, Bar"], &["Foo: 1", "Bar: 2"], &["Bar: 2", "Foo: 1"]));
    assert!(!shared(&["Vary: Foo, Bar"], &["Foo: 1", "Bar: 2"], &["Foo: 1", "Bar: 3"]));
    assert!(!shared(&["Vary: Foo", "Vary: Bar"], &["Foo: 1", "Bar: 2"], &["Foo: 1", "Bar: 3"]));
    assert!(!shared(&["Vary: foo"], &["FOO: 1"], &["foo: 2"]), "names have no case");
    assert!(shared(&["Vary: "], &["Foo: 1"], &["Foo: 2"]), "an empty Vary names nothing");
}

#[test]
fn rfc9111_4_1_values_that_mean_the_same() {
    assert!(shared(&["Vary: Foo"], &["Foo: 1,2"], &["Foo: 1, 2"]));
    assert!(shared(&["Vary: Foo"], &["Foo: 1, 2"], &["Foo: 1", "Foo: 2"]));
    assert!(!shared(&["Vary: Foo"], &["Foo: 1, 2"], &["Foo: 2, 1"]), "not known to be a set");
    let encoding = &["Vary: Accept-Encoding"];
    assert!(shared(encoding, &["Accept-Encoding: gzip, br"], &["Accept-Encoding: br,GZIP"]));
    assert!(!shared(encoding, &["Accept-Encoding: gzip"], &["Accept-Encoding: gzip;q=0"]));
    let language = &["Vary: Accept-Language"];
    assert!(shared(language, &["Accept-Language: en, DE"], &["Accept-Language: EN,de"]));
    assert!(!shared(language, &["Accept-Language: en"], &["Accept-Language: es"]));
}

#[test]
fn rfc9111_4_1_a_star_never_matches() {
    for vary in ["Vary: *", "Vary: Foo, *", "Vary: *, Foo", "Vary: , *"] {
        assert!(!shared(&[vary], &[], &[]), "{vary}");
    }
    assert!(!shared(&["Vary: Foo", "Vary: *"], &[], &[]));
}

#[test]
fn rfc9111_4_1_variants_stand_side_by_side() {
    let site = Site::new();
    site.given("/", &[ok(&[FRESH, "Vary: Foo"])]);
    let ask = |value: &str| site.get_with("/", &[&format!("Foo: {value}")]).text();
    let first = ["a", "b", "c"].map(|value| {
        let answer = ask(value);
        site.settled("/", &[&format!("Foo: {value}")]);
        answer
    });
    assert_eq!(first, ["answer 1", "answer 2", "answer 3"]);
    let again: Vec<_> = ["c", "a", "b"].map(&ask).into();
    assert_eq!(again, ["answer 3", "answer 1", "answer 2"]);
    assert_eq!(site.asked("/").len(), 3);
}

#[test]
fn rfc9111_4_1_the_newest_of_several_is_preferred() {
    let site = Site::new();
    let by_foo = ok(&[FRESH, "Vary: Foo", "Age: 30"]);
    site.given("/", &[by_foo, ok(&[FRESH, "Vary: Bar"])]);
    assert_eq!(site.get_with("/", &["Foo: 1", "Bar: 1"]).text(), "answer 1");
    site.settled("/", &["Foo: 1", "Bar: 1"]);
    assert_eq!(site.get_with("/", &["Foo: 2", "Bar: 1"]).text(), "answer 2");
    site.settled("/", &["Foo: 2", "Bar: 1"]);
    assert_eq!(site.get_with("/", &["Foo: 1", "Bar: 1"]).text(), "answer 2", "both would match");
    assert_eq!(site.get_with("/", &["Foo: 1", "Bar: 2"]).text(), "answer 1", "only one does");
}

#[test]
fn a_response_without_vary_replaces_variants() {
    let site = Site::new();
    let varies = ok(&[FRESH, "Vary: Foo"]);
    site.given("/", &[varies, ok(&[FRESH])]);
    site.settled("/", &["Foo: 1"]);
    site.get_with("/", &["Foo: 2"]);
    assert_eq!(site.get_with("/", &["Foo: 3"]).text(), "answer 2", "it is for everybody");
}

/// An answer that was made without a field is not for those who send it: a stranger could otherwise
/// choose by `Connection` what all others get.
#[test]
fn a_field_that_does_not_go_upstream_does_not_choose_the_variant() {
    let says = ["Accept-Language: es", "HX-Request: true"];
    let vary = ["Vary: Accept-Language, HX-Request"];
    let nominated = ["Connection: accept-language, HX-Request", says[0], says[1]];
    assert!(!shared(&vary, &nominated, &says));
    assert!(shared(&vary, &nominated, &[]), "it is the answer to who says nothing");
    // Nor do fields that the gateway replaces.
    assert!(shared(&["Vary: X-Forwarded-Prefix"], &["X-Forwarded-Prefix: /a"], &[]));
    assert!(shared(&["Vary: X-Forwarded-For"], &["X-Forwarded-For: 192.0.2.1"], &[]));
}

#[test]
fn what_a_client_nominates_is_decided_by_all_the_same() {
    let nominated = |field: &str| {
        let name = field.split(':').next().expect("a name");
        let site = Site::with("ttl = \"60s\"", "cache = true");
        site.given("/", &[ok(&[])]);
        let kept = site.keeps_what_is_given("/", &[&format!("Connection: {name}"), field], &[]);
        (kept, site.asked("/")[0].head.has(name))
    };
    for (field, kept) in [
        ("Cookie: a=b", false),
        ("Authorization: Basic YTpi", false),
        ("Cache-Control: no-store", false),
        ("Range: bytes=0-1", true),
    ] {
        assert_eq!(nominated(field), (kept, true), "{field}");
    }
}
