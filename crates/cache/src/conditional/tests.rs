//! Given what is stored and a condition, then this answer; by clause.

use super::*;
use crate::freshness::Arrival;
use crate::key::{Scheme, Target};
use crate::message::Request;
use crate::metadata::Metadata;
use crate::policy::Policy;
use crate::storability::{Exchange, NotStored, Plan, storable};
use crate::stored_head::StoredHead;
use crate::testing::{OwnedResponse, answer, request, response};
use crate::time::Timestamp;

/// 2025-11-21 00:00:00, when everything comes.
const NOW: Timestamp = Timestamp::from_secs(1_763_683_200);
const ARRIVAL: Arrival = Arrival { request_time: NOW, response_time: NOW };
const MODIFIED: &str = "Last-Modified: Thu, 20 Nov 2025 00:00:00 GMT\r\n";

/// What is stored of a 200 with these fields and `max-age=2`.
fn stored(fields: &str) -> Plan {
    let asked = request("");
    let got = response(&format!("Cache-Control: max-age=2\r\n{fields}"));
    let exchange = Exchange {
        target: Target::of(Scheme::Http, &asked.as_request()),
        request: asked.as_request(),
        response: got.as_response(),
        arrival: ARRIVAL,
    };
    storable(&exchange, &Policy::default()).unwrap()
}

fn answered(held: &Plan, fields: &str) -> Precondition {
    precondition(&request(fields).as_request(), &held.metadata, &held.head)
}

fn freshened(held: &Plan, response: &OwnedResponse) -> Freshened {
    let response = response.as_response();
    freshen(&response, &held.metadata, &held.head, &Policy::default(), ARRIVAL)
}

fn kept(freshened: Freshened) -> Plan {
    match freshened {
        Freshened::Keep { plan, .. } => *plan,
        Freshened::Remove(reason) => panic!("removed: {reason}"),
    }
}

fn value<'a>(plan: &'a Plan, name: &str) -> Vec<&'a str> {
    StoredHead::new(&plan.head)
        .fields()
        .filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
        .map(|field| std::str::from_utf8(field.value).unwrap())
        .collect()
}

#[test]
fn rfc9111_4_3_2_if_none_match_by_weak_comparison() {
    for (tag, asked, is_same) in [
        ("\"a\"", "\"a\"", true),
        ("\"a\"", "W/\"a\"", true),
        ("W/\"a\"", "\"a\"", true),
        ("\"a\"", "\"x\", \"a\" ,\"y\"", true),
        ("\"a\"", "\"x\"\r\nIf-None-Match: \"a\"", true),
        ("\"a\"", "*", true),
        ("\"a,b\"", "\"x\", \"a,b\"", true),
        ("\"a\\\"", "\"a\\\", \"b\"", true),
        ("\"\u{fc}\"", "\"\u{fc}\"", true),
        ("a", "a", true),
        ("\"a\"", "\"A\"", false),
        ("\"a\"", "\"aa\"", false),
        ("\"a\"", "a", false),
        ("\"a\"", "", false),
    ] {
        let held = stored(&format!("ETag: {tag}\r\n"));
        let found = answered(&held, &format!("If-None-Match: {asked}\r\n"));
        assert_eq!(found == Precondition::NotModified, is_same, "{tag} and {asked}");
    }
    assert_eq!(answered(&stored(""), "If-None-Match: \"a\"\r\n"), Precondition::Send);
}

#[test]
fn rfc9111_4_3_2_if_modified_since() {
    let held = stored(MODIFIED);
    let of = |date: &str| answered(&held, &format!("If-Modified-Since: {date}\r\n"));
    for unchanged in [
        "Thu, 20 Nov 2025 00:00:00 GMT",
        "Thu, 20 Nov 2025 00:00:01 GMT",
        "Thursday, 20-Nov-25 00:00:00 GMT",
    ] {
        assert_eq!(of(unchanged), Precondition::NotModified, "{unchanged}");
    }
    for changed in ["Wed, 19 Nov 2025 23:59:59 GMT", "yesterday", "", "0"] {
        assert_eq!(of(changed), Precondition::Send, "{changed}");
    }
    // Without Last-Modified, Date stands in.
    let dated = stored("Date: Fri, 21 Nov 2025 00:00:00 GMT\r\n");
    let since = "If-Modified-Since: Fri, 21 Nov 2025 00:00:00 GMT\r\n";
    assert_eq!(answered(&dated, since), Precondition::NotModified);
    let before = "If-Modified-Since: Thu, 20 Nov 2025 00:00:00 GMT\r\n";
    assert_eq!(answered(&dated, before), Precondition::Send);
}

#[test]
fn rfc9110_13_2_2_if_none_match_goes_before_if_modified_since() {
    let held = stored(&format!("ETag: \"a\"\r\n{MODIFIED}"));
    let since = "If-Modified-Since: Fri, 21 Nov 2025 00:00:00 GMT\r\n";
    assert_eq!(answered(&held, &format!("If-None-Match: \"b\"\r\n{since}")), Precondition::Send);
    let old = "If-None-Match: \"a\"\r\nIf-Modified-Since: Fri, 21 Nov 2003 00:00:00 GMT\r\n";
    assert_eq!(answered(&held, old), Precondition::NotModified);
}

#[test]
fn rfc9111_4_3_2_conditions_count_for_a_stored_200_only() {
    let mut held = stored("ETag: \"a\"\r\n");
    held.metadata.status = 404;
    assert_eq!(answered(&held, "If-None-Match: \"a\"\r\n"), Precondition::Send);
}

#[test]
fn rfc9110_15_4_5_fields_of_a_304() {
    let fields = "ETag: \"a\"\r\nVary: x\r\nContent-Type: a/b\r\nExpires: 0\r\nX: 1\r\n\
                  Content-Location: /y\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\n";
    let held = stored(&format!("{fields}{MODIFIED}"));
    let mut out = Vec::new();
    write_not_modified(&held.metadata, &held.head, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        "HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=2\r\nETag: \"a\"\r\nVary: x\r\n\
         Expires: 0\r\nContent-Location: /y\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\n"
    );
    let untagged = stored(MODIFIED);
    let mut out = Vec::new();
    write_not_modified(&untagged.metadata, &untagged.head, &mut out);
    assert!(String::from_utf8(out).unwrap().contains(MODIFIED));
}

fn validate(asked: &Request<'_>, held: &[&Plan]) -> Validation {
    validation(asked, &list(held))
}

fn list<'a>(held: &[&'a Plan]) -> Vec<(&'a Metadata, &'a [u8])> {
    held.iter().map(|plan| (&plan.metadata, &plan.head[..])).collect()
}

#[test]
fn rfc9111_4_3_1_what_is_stored_is_validated() {
    let of = |asked: &str, fields: &str| validate(&request(asked).as_request(), &[&stored(fields)]);
    assert_eq!(of("", "ETag: \"a\"\r\n").if_none_match, b"\"a\"");
    assert_eq!(of("", "ETag: W/\"a\"\r\n").if_none_match, b"W/\"a\"");
    assert_eq!(of("", MODIFIED).if_modified_since, b"Thu, 20 Nov 2025 00:00:00 GMT");
    assert!(of("If-None-Match: \"b\"\r\n", MODIFIED).if_none_match.is_empty());
    assert!(of("", "").is_empty());
    let merged = of("If-None-Match: \"b\", \"a\", c, *\r\n", "ETag: \"a\"\r\n");
    assert_eq!(merged.if_none_match, b"\"a\", \"b\"");
}

#[test]
fn rfc9111_4_3_1_tags_of_other_variants_are_sent_along() {
    let (one, two) = (stored("ETag: \"a\"\r\n"), stored("ETag: \"b\"\r\n"));
    let sent = validate(&request("").as_request(), &[&one, &two, &one]);
    assert_eq!(sent.if_none_match, b"\"a\", \"b\"");
    let confirmed =
        |fields: &str| sent.confirmed(&answer("304 X", fields).as_response(), &list(&[&one, &two]));
    assert_eq!(confirmed("ETag: \"b\"\r\n"), Confirmed::Stored(1));
    assert_eq!(confirmed("ETag: \"c\"\r\n"), Confirmed::Unknown);
    assert_eq!(confirmed(""), Confirmed::Unknown);
}

#[test]
fn rfc9111_4_3_4_a_304_may_be_about_what_the_client_has() {
    let held = stored("ETag: \"a\"\r\n");
    let asked = request("If-None-Match: \"b\"\r\n");
    let sent = validate(&asked.as_request(), &[&held]);
    let confirmed =
        |fields: &str| sent.confirmed(&answer("304 X", fields).as_response(), &list(&[&held]));
    assert_eq!(confirmed("ETag: \"a\"\r\n"), Confirmed::Stored(0));
    assert_eq!(confirmed("ETag: \"b\"\r\n"), Confirmed::Clients);
    assert_eq!(confirmed(""), Confirmed::Unknown);
    let plain = validate(&request("").as_request(), &[&held]);
    let silent = answer("304 X", "");
    assert_eq!(plain.confirmed(&silent.as_response(), &list(&[&held])), Confirmed::Stored(0));
}

#[test]
fn rfc9111_4_3_4_selection_for_update() {
    let held = stored(&format!("ETag: \"a\"\r\n{MODIFIED}"));
    let is = |fields: &str, newest, only| {
        let got = answer("304 X", fields);
        is_selected(&got.as_response(), &held.metadata, &held.head, newest, only)
    };
    assert!(is("ETag: \"a\"\r\n", false, false));
    assert!(!is("ETag: \"b\"\r\n", true, true));
    assert!(is("ETag: W/\"a\"\r\n", true, false) && !is("ETag: W/\"a\"\r\n", false, false));
    assert!(is(MODIFIED, true, false) && !is(MODIFIED, false, false));
    assert!(!is("Last-Modified: Fri, 21 Nov 2025 00:00:00 GMT\r\n", true, true));
    assert!(is("", false, true) && !is("", false, false));
}

#[test]
fn rfc9111_3_2_fields_are_updated_by_a_304() {
    let fields = "ETag: \"a\"\r\nTest: A\r\nList: 1\r\nList: 2\r\nStays: 1\r\n\
                  Content-Type: text/plain\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\n\
                  Cache-Control: public, max-age=5\r\n";
    let held = stored(fields);
    let newer = answer(
        "304 Not Modified",
        "ETag: \"a\"\r\ntest: B\r\nList: 3\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\
         Content-Encoding: br\r\nContent-Range: bytes 0-1/2\r\nCache-Control: public, max-age=3600\r\n\
         Connection: hop\r\nHop: 1\r\nAge: 10\r\nSet-Cookie: a=c\r\nNew: 1\r\n",
    );
    let plan = kept(freshened(&held, &newer));
    for (name, expected) in [
        ("test", &["B"][..]),
        ("list", &["3"]),
        ("stays", &["1"]),
        ("content-type", &["text/html"]),
        ("content-encoding", &["gzip"]),
        ("content-length", &[]),
        ("content-range", &[]),
        ("cache-control", &["public, max-age=3600"]),
        ("hop", &[]),
        ("age", &[]),
        ("set-cookie", &["a=c"]),
        ("new", &["1"]),
        ("etag", &["\"a\""]),
    ] {
        assert_eq!(value(&plan, name), expected, "{name}");
    }
    assert_eq!((plan.metadata.lifetime, plan.metadata.status), (3600, 200));
    assert!(plan.head.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(plan.metadata.etag_of(&plan.head), Some(&b"\"a\""[..]));
}

#[test]
fn rfc9111_4_3_4_the_age_of_the_304_counts() {
    let held = stored("ETag: \"a\"\r\nAge: 1\r\n");
    let plan = kept(freshened(&held, &answer("304 X", "Age: 30\r\n")));
    assert_eq!(plan.metadata.initial_age_ms, 30_000);
    let plan = kept(freshened(&held, &answer("304 X", "")));
    assert_eq!(plan.metadata.lifetime, 2);
    let hour_old = stored("ETag: \"a\"\r\nDate: Thu, 20 Nov 2025 23:00:00 GMT\r\n");
    assert_eq!(hour_old.metadata.initial_age_ms, 3_600_000);
    let undated = kept(freshened(&hour_old, &answer("304 X", "")));
    assert_eq!(undated.metadata.initial_age_ms, 0);
    let dated = answer("304 X", "Date: Fri, 21 Nov 2025 00:00:00 GMT\r\n");
    assert_eq!(kept(freshened(&held, &dated)).metadata.initial_age_ms, 0);
}

#[test]
fn rfc9111_4_3_4_a_304_may_end_storage() {
    let held = stored("ETag: \"a\"\r\n");
    for (fields, reason) in [
        ("Cache-Control: no-store\r\n", NotStored::ResponseNoStore),
        ("Cache-Control: private\r\n", NotStored::Private),
        ("Vary: *\r\n", NotStored::VaryAny),
    ] {
        assert_eq!(freshened(&held, &answer("304 X", fields)), Freshened::Remove(reason));
    }
}

#[test]
fn a_304_may_change_the_variant() {
    let held = stored("ETag: \"a\"\r\nVary: x\r\n");
    let changed = |fields: &str| match freshened(&held, &answer("304 X", fields)) {
        Freshened::Keep { vary_changed, .. } => vary_changed,
        Freshened::Remove(reason) => panic!("removed: {reason}"),
    };
    assert!(!changed("") && !changed("Vary: x\r\n") && changed("Vary: y\r\n"));
}

#[test]
fn rfc9111_4_3_5_head_updates_or_invalidates() {
    let held = stored(&format!("ETag: \"a\"\r\nA: 1\r\n{MODIFIED}"));
    let effect = |status: &str, fields: &str| {
        let got = answer(status, fields);
        let response = got.as_response();
        head_effect(&response, &held.metadata, &held.head, 10, &Policy::default(), ARRIVAL)
    };
    let HeadEffect::Freshen(freshened) =
        effect("200 OK", "Content-Length: 10\r\nA: 2\r\nCache-Control: max-age=1000\r\n")
    else {
        panic!("not updated");
    };
    let plan = kept(*freshened);
    assert_eq!((value(&plan, "a"), plan.metadata.lifetime), (vec!["2"], 1000));
    assert!(matches!(effect("200 OK", "ETag: \"a\"\r\n"), HeadEffect::Freshen(_)));
    for other in [
        "Content-Length: 11\r\n",
        "ETag: \"b\"\r\n",
        "Last-Modified: Fri, 21 Nov 2025 00:00:00 GMT\r\n",
    ] {
        assert_eq!(effect("200 OK", other), HeadEffect::Invalidate, "{other}");
    }
    assert_eq!(effect("410 Gone", "A: 2\r\n"), HeadEffect::None);
}
