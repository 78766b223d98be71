//! RFC 9111 section 4.2: how long a response is fresh, and how old it is.

use crate::dates::from_now;
use crate::site::{Site, ok};

fn table(rows: &[(&[&str], bool)]) {
    let site = Site::new();
    for (row, (fields, kept)) in rows.iter().enumerate() {
        assert_eq!(site.keeps(&format!("/{row}"), ok(fields)), *kept, "{fields:?}");
    }
}

fn age(head: &tombolo_e2e::Head) -> u64 {
    head.one("age").expect("an Age").parse().expect("a number")
}

#[test]
fn rfc9111_4_2_1_what_says_how_long() {
    let (past, future) = (from_now(-3600), from_now(3600));
    let (past, future) = (format!("Expires: {past}"), format!("Expires: {future}"));
    table(&[
        (&["Cache-Control: max-age=60"], true),
        (&["Cache-Control: max-age=0"], false),
        (&["Cache-Control: s-maxage=60, max-age=0"], true),
        (&["Cache-Control: max-age=60, s-maxage=0"], false),
        (&[&future], true),
        (&[&past], false),
        (&["Cache-Control: max-age=60", &past], true),
        (&["Cache-Control: max-age=0", &future], false),
        (&["Cache-Control: s-maxage=60", &past], true),
        (&["Cache-Control: public", &future], true),
        (&["Cache-Control: max-age=60", "Expires: 0"], true),
    ]);
}

#[test]
fn rfc9111_5_2_numbers_that_are_none_and_numbers_that_are_too_big() {
    table(&[
        (&["Cache-Control: max-age=99999999999999999999"], true),
        (&["Cache-Control: max-age=2147483648"], true),
        (&["Cache-Control: max-age=0060"], true),
        (&["Cache-Control: max-age=\"60\""], true),
        (&["Cache-Control: MAX-AGE=60"], true),
        (&["Cache-Control: max-age"], false),
        (&["Cache-Control: max-age="], false),
        (&["Cache-Control: max-age=a60"], false),
        (&["Cache-Control: max-age=-60"], false),
        (&["Cache-Control: max-age=60, max-age=0"], false),
        (&["Cache-Control: max-age=0, max-age=60"], false),
        (&["Cache-Control: s-maxage=junk, max-age=60"], false),
        (&["Cache-Control: max-age=60;x, foo"], false),
        (&["Cache-Control: xmax-age=60"], false),
    ]);
}

#[test]
fn rfc9111_5_3_expires_that_is_no_date() {
    table(&[
        (&["Expires: 0"], false),
        (&["Expires: -1"], false),
        (&["Expires: tomorrow"], false),
        (&["Expires:"], false),
        (&["Expires: Thu, 18 Aug 2050 02:01:18 GMT"], true),
        (&["Expires: Tue, 19 Jan 2038 14:14:08 GMT"], true),
        (&["Expires: Sun, 21 Nov 2286 04:46:39 GMT"], true),
        (&["Expires: THU, 18 AUG 2050 02:01:18 gmt"], true),
        (&["Expires: Thursday, 18-Aug-50 02:01:18 GMT"], true),
        (&["Expires: Thu Aug 18 02:01:18 2050"], true),
        (&["Expires: Thu, 18 Aug 2050 02:01:18 PST"], false),
        (&["Expires: Thu, 18 Aug 2050 2:01:18 GMT"], false),
        (&["Expires: Thu, 18 Aug 2050 02:01:18 GMT", "Expires: 0"], false),
        (
            &["Expires: Thu, 18 Aug 2050 02:01:18 GMT", "Expires: Thu, 18 Aug 1990 02:01:18 GMT"],
            false,
        ),
    ]);
}

#[test]
fn rfc9111_4_2_3_age_is_reckoned_from_both_fields() {
    let (hour_ago, ahead) = (from_now(-3600), from_now(3600));
    let (old, ahead) = (format!("Date: {hour_ago}"), format!("Date: {ahead}"));
    let expires = format!("Expires: {}", from_now(60));
    table(&[
        (&["Cache-Control: max-age=60", "Age: 30"], true),
        (&["Cache-Control: max-age=60", "Age: 60"], false),
        (&["Cache-Control: max-age=60", "Age: 90"], false),
        (&["Cache-Control: max-age=60", "Age: 99999999999999999999"], false),
        (&["Cache-Control: max-age=60", "Age: junk"], true),
        (&["Cache-Control: max-age=60", "Age: -90"], true),
        (&["Cache-Control: max-age=60", "Age: 90, 0"], false),
        (&["Cache-Control: max-age=60", "Age: 0", "Age: 90"], true),
        (&["Cache-Control: max-age=60", &old], false),
        (&["Cache-Control: max-age=7200", &old], true),
        (&["Cache-Control: max-age=60", &ahead], true),
        (&[&expires, "Age: 90"], false),
        (&["Cache-Control: max-age=60", "Date: none"], true),
        (&[&expires, "Date: none"], true),
        (&["Cache-Control: max-age=60", "Date: yesterday"], true),
    ]);
}

#[test]
fn rfc9111_5_1_the_age_that_is_told() {
    let site = Site::new();
    site.given("/age", &[ok(&["Cache-Control: max-age=600", "Age: 100"])]);
    let date = from_now(-200);
    site.given("/date", &[ok(&["Cache-Control: max-age=600", &format!("Date: {date}")])]);
    site.given("/none", &[ok(&["Cache-Control: max-age=600", "Date: none"])]);
    for path in ["/age", "/date", "/none"] {
        site.get(path);
    }
    let (by_age, by_date, none) = (site.get("/age"), site.get("/date"), site.get("/none"));
    assert!((100..110).contains(&age(&by_age.head)), "{:?}", by_age.head);
    assert!((200..210).contains(&age(&by_date.head)), "{:?}", by_date.head);
    assert_eq!(by_date.head.one("date"), Some(date.as_str()), "Date is the origin's");
    assert!(age(&none.head) < 10);
    assert!(none.head.one("date").is_some(), "RFC 9110 section 6.6.1: a missing Date is added");
}

#[test]
fn rfc9111_4_2_2_a_tenth_of_the_age() {
    let (old, new) = (from_now(-1_000_000), from_now(-5));
    table(&[
        (&[&format!("Last-Modified: {old}")], true),
        (&[&format!("Last-Modified: {old}"), "Age: 90000"], false),
        (&[&format!("Last-Modified: {new}"), "Age: 10"], false),
        (&[&format!("Last-Modified: {old}"), "Cache-Control: public"], true),
        (&[&format!("Last-Modified: {old}"), "Pragma: no-cache"], false),
        (&["Last-Modified: junk"], false),
        (&["ETag: \"a\""], false),
    ]);
}

#[test]
fn the_configured_lifetime_is_for_what_says_nothing() {
    let site = Site::with("ttl = \"60s\"", "cache = true");
    assert!(site.keeps("/nothing", ok(&[])));
    assert!(!site.keeps("/says", ok(&["Cache-Control: max-age=0"])), "what is said goes first");
    assert!(!site.keeps("/old", ok(&["Age: 90"])));
    assert!(!site.keeps("/private", ok(&["Cache-Control: private"])));
    assert!(
        !site.keeps("/error", crate::site::status("500 Broken", &[])),
        "no status to guess for"
    );
    assert!(!site.keeps("/cookie", ok(&["Set-Cookie: a=b"])));
}

#[test]
fn a_routes_own_lifetime_and_no_heuristic() {
    let site = Site::with("ttl = \"1s\"\nheuristic = true", "cache = { ttl = \"1h\" }");
    assert!(site.keeps("/route", ok(&["Age: 90"])));
    let site = Site::with("", "cache = { heuristic = false }");
    let old = format!("Last-Modified: {}", from_now(-1_000_000));
    assert!(!site.keeps("/guess", ok(&[&old])), "but it is validated");
    assert_eq!(
        site.asked("/guess")[1].head.one("if-modified-since"),
        old.strip_prefix("Last-Modified: ")
    );
}
