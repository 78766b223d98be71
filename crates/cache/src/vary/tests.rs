//! Cases of RFC 9111 section 4.1.

use super::*;
use crate::testing::{request, response};
use crate::time::Timestamp;

fn vary(value: &str) -> Vary {
    match Vary::of(&response(&format!("Vary: {value}\r\n")).as_response()) {
        Selecting::By(vary) => vary,
        Selecting::Unknown => panic!("{value} selects by nothing"),
    }
}

/// Whether requests with these fields meet the same variant.
fn same(names: &str, one: &str, other: &str) -> bool {
    let vary = vary(names);
    let text = |fields: &str| {
        let mut out = Vec::new();
        vary.variant(&request(fields).as_request(), &AsSent, &mut out).hash
    };
    text(one) == text(other)
}

#[test]
fn rfc9111_4_1_a_star_never_matches() {
    for star in ["*", "*, *", ", *", "*, Foo", "Foo, *", "*\r\nVary: *", "\r\nVary: *", "a b"] {
        let found = Vary::of(&response(&format!("Vary: {star}\r\n")).as_response());
        assert_eq!(found, Selecting::Unknown, "{star}");
    }
}

#[test]
fn names_are_kept_in_one_form() {
    assert_eq!(vary("Foo, BAR ,, foo").as_bytes(), b"bar,foo");
    assert_eq!(vary("Foo\r\nVary: Bar"), vary("bar,foo"));
    assert_eq!(Vary::from_bytes(b"bar,foo"), Some(vary("foo, bar")));
    assert_eq!(Vary::from_bytes(b"bar,,foo"), None);
    assert!(Vary::from_bytes(b"").unwrap().is_empty());
}

#[test]
fn rfc9111_4_1_matching() {
    assert!(same("Foo", "Foo: 1\r\nOther: 2\r\n", "Foo: 1\r\nOther: 3\r\n"));
    assert!(!same("Foo", "Foo: 1\r\n", "Foo: 2\r\n"));
    assert!(!same("Foo", "Foo: 1\r\n", ""));
    assert!(!same("Foo", "Foo:\r\n", ""));
    assert!(same("Foo", "", ""));
    assert!(same("Foo, Bar, Baz", "Foo: 1\r\nBaz: 2\r\n", "baz: 2\r\nfoo: 1\r\n"));
    assert!(!same("Foo, Bar", "Foo: 1\r\nBar: 2\r\n", "Foo: 1\r\nBar: 3\r\n"));
    assert!(!same("Foo, Bar", "Foo: 1\r\n", "Bar: 1\r\n"));
}

#[test]
fn rfc9111_4_1_normal_form_of_blanks_and_lines() {
    assert!(same("Foo", "Foo: 1,2\r\n", "Foo:  1 , 2 \r\n"));
    assert!(same("Foo", "Foo: 1, 2\r\n", "Foo: 1\r\nFoo: 2\r\n"));
    assert!(!same("Foo", "Foo: \"1, 2\"\r\n", "Foo: \"1,2\"\r\n"));
    assert!(!same("Foo", "Foo: 1, 2\r\n", "Foo: 2, 1\r\n"));
    assert!(!same("Foo", "Foo: a\r\n", "Foo: A\r\n"));
    assert!(!same("User-Agent", "User-Agent: (a, b)\r\n", "User-Agent: (a,b)\r\n"));
    assert!(!same("Cookie", "Cookie: a, b\r\n", "Cookie: a,b\r\n"));
}

#[test]
fn rfc9110_12_5_4_languages_have_no_case_but_an_order() {
    let field = |value: &str| format!("Accept-Language: {value}\r\n");
    assert!(same("Accept-Language", &field("en-US, de"), &field("EN-us,de")));
    assert!(!same("Accept-Language", &field("en, de"), &field("de, en")));
}

#[test]
fn rfc9110_12_5_3_accept_encoding() {
    let field = |value: &str| format!("Accept-Encoding: {value}\r\n");
    let equal = |one: &str, other: &str| same("accept-encoding", &field(one), &field(other));
    assert!(!equal("gzip, deflate, br", "br;q=1.0,GZIP , x-deflate;q=0, deflate"));
    assert!(equal("gzip, deflate, br", "br;q=1.0,GZIP , deflate; q=1"));
    assert!(equal("x-gzip;q=0.80", "gzip;q=0.8"));
    assert!(!equal("gzip", "gzip;q=0"));
    assert!(!equal("gzip, br", "gzip"));
    assert!(!equal("gzip;q=2", "gzip"));
    assert!(equal("gzip ; level=1,br", "GZIP ; level=1, br"));
    assert!(!equal("", "identity"));
}

#[test]
fn rfc9111_4_1_the_newest_of_several_is_preferred() {
    let dated = |date, came| Metadata {
        date: Timestamp::from_secs(date),
        response_time: Timestamp::from_secs(came),
        ..Metadata::default()
    };
    assert!(is_preferred(&dated(2, 1), &dated(1, 5)));
    assert!(is_preferred(&dated(2, 2), &dated(2, 1)));
    assert!(!is_preferred(&dated(2, 2), &dated(2, 2)));
}

/// The answer was made without the field, so it must not be given to those who send it.
#[test]
fn a_field_that_does_not_go_upstream_is_absent() {
    let names = "Accept-Language, HX-Request";
    let says = "Accept-Language: es\r\nHX-Request: true\r\n";
    let nominated = format!("{says}Connection: accept-language, HX-Request\r\n");
    assert!(same(names, "", &nominated) && !same(names, says, &nominated));
    assert!(same("TE, Proxy, Keep-Alive", "", "TE: a\r\nProxy: b\r\nKeep-Alive: c\r\n"));
    // What may not be nominated goes upstream, and counts.
    assert!(!same("Cookie", "", "Cookie: a=b\r\nConnection: Cookie\r\n"));
}
