//! Cases of RFC 9111 section 5.2, RFC 5861 and RFC 9213, by clause.

use super::*;
use crate::testing::{request, response};

fn of(fields: &str) -> ResponseDirectives {
    ResponseDirectives::of(&response(fields).as_response())
}

fn cc(value: &str) -> ResponseDirectives {
    of(&format!("Cache-Control: {value}\r\n"))
}

fn asked(fields: &str) -> RequestDirectives {
    RequestDirectives::of(&request(fields).as_request())
}

#[test]
fn rfc9111_5_2_names_are_case_insensitive_and_unknown_ones_ignored() {
    assert_eq!(cc("MaX-aGe=5, foo, bar=\"max-age=9, no-store\"").max_age, Some(5));
    assert!(!cc("bar=\"no-store\", max-age=1").no_store);
    assert!(cc("nO-StOrE").no_store);
}

#[test]
fn rfc9111_5_2_arguments_as_token_or_quoted_string() {
    assert_eq!(cc("max-age=\"5\"").max_age, Some(5));
    assert_eq!(cc("max-age=005").max_age, Some(5));
}

#[test]
fn rfc9111_4_2_1_what_is_no_number_is_stale() {
    for junk in ["'5'", "a5", "5a", "-5", "5.0", "5.5", "", "\"", "5 5", "+5", "0x5"] {
        assert_eq!(cc(&format!("max-age={junk}")).max_age, Some(0), "{junk}");
    }
    assert_eq!(cc("max-age").max_age, Some(0));
    assert_eq!(cc("max-age =5").max_age, Some(0));
    assert_eq!(cc("max-age= 5").max_age, Some(0));
}

#[test]
fn rfc9111_4_2_1_the_smallest_of_several_values_counts() {
    assert_eq!(cc("max-age=5, max-age=1").max_age, Some(1));
    assert_eq!(cc("max-age=1, max-age=5").max_age, Some(1));
    assert_eq!(of("Cache-Control: max-age=5\r\nCache-Control: max-age=1\r\n").max_age, Some(1));
    assert_eq!(cc("max-age=5, max-age=x").max_age, Some(0));
}

#[test]
fn rfc9111_1_2_2_overflow_saturates() {
    for large in ["2147483648", "2147483649", "99999999999", "99999999999999999999999999"] {
        assert_eq!(cc(&format!("max-age={large}")).max_age, Some(DELTA_SECONDS_MAX), "{large}");
    }
}

#[test]
fn a_quoted_string_without_end_allows_nothing_and_hides_nothing() {
    let found = cc("ext=\"x, max-age=100, public, no-store");
    assert!(found.no_store && !found.public);
    assert_eq!(found.max_age, Some(0));
    assert_eq!(cc("public, ext=\"x").max_age, Some(0));
}

#[test]
fn rfc9111_5_2_2_4_and_7_field_names_limit_the_scope() {
    let found = cc("no-cache=\"A, b\", private=c");
    assert_eq!((found.no_cache, found.private), (Scope::Fields, Scope::Fields));
    assert!(found.withholds(b"a") && found.withholds(b"B") && found.withholds(b"c"));
    assert_eq!(cc("no-cache=\"a\", no-cache").no_cache, Scope::Everything);
    for whole in ["private", "private=", "private=\"\"", "private=\"a b\"", "private =x"] {
        assert_eq!(cc(whole).private, Scope::Everything, "{whole}");
    }
    assert_eq!(cc("private=\"content-encoding\"").private, Scope::Everything);
}

#[test]
fn malformed_directives_forbid_and_do_not_allow() {
    assert!(cc("no-store=x").no_store && cc("no-store = 1").no_store);
    assert!(cc("must-revalidate=0").must_revalidate);
    assert!(!cc("public = x").public);
}

#[test]
fn rfc9213_2_2_the_targeted_field_replaces_cache_control() {
    let found = of("Cache-Control: no-store, private\r\nCDN-Cache-Control: max-age=60, x=y\r\n");
    assert_eq!((found.source, found.max_age), (Source::Targeted, Some(60)));
    assert!(!found.no_store && found.private == Scope::Nothing);
    let found = of("Cache-Control: max-age=60\r\nCDN-Cache-Control: no-store\r\n");
    assert!(found.no_store && found.max_age.is_none());
    assert_eq!(of("CDN-Cache-Control: private=\"a\"\r\n").private, Scope::Fields);
    assert_eq!(of("CDN-Cache-Control: max-age=99999999999\r\n").max_age, Some(DELTA_SECONDS_MAX));
}

#[test]
fn rfc9213_2_1_a_malformed_or_empty_targeted_field_has_no_effect() {
    for bad in
        ["", "max-age=1, &&&", "max-age=\"1\"", "max-age =1", "Max-Age=1", "no-store=1", "max-age"]
    {
        let found = of(&format!("Cache-Control: max-age=7\r\nCDN-Cache-Control: {bad}\r\n"));
        assert_eq!((found.source, found.max_age), (Source::CacheControl, Some(7)), "{bad}");
    }
}

#[test]
fn rfc9111_5_2_1_request_directives() {
    let found = asked("Cache-Control: max-age=0, min-fresh=5\r\nCache-Control: only-if-cached\r\n");
    assert_eq!((found.max_age, found.min_fresh, found.only_if_cached), (Some(0), Some(5), true));
    assert_eq!(asked("Cache-Control: max-stale\r\n").max_stale, Some(u32::MAX));
    assert_eq!(asked("Cache-Control: max-stale, max-stale=3\r\n").max_stale, Some(3));
    assert_eq!(asked("Cache-Control: max-stale=x\r\n").max_stale, Some(0));
    assert_eq!(asked("Cache-Control: min-fresh=x\r\n").min_fresh, Some(u32::MAX));
    assert!(asked("Cache-Control: NO-CACHE, no-store\r\n").no_store);
    assert_eq!(asked("Cache-Control: max-stale, x=\"\r\n").max_stale, Some(0));
}

#[test]
fn rfc9111_5_4_pragma_counts_without_cache_control() {
    assert!(asked("Pragma: x, No-Cache\r\n").no_cache);
    assert!(!asked("Pragma: no-cache\r\nCache-Control: max-age=5\r\n").no_cache);
    assert!(!asked("Pragma: x\r\n").no_cache);
}
