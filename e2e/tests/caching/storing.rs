//! RFC 9111 section 3: what is stored.

use crate::dates::from_now;
use crate::site::{Answer, Site, body, ok, status};
use tombolo_e2e::eventually;

const FRESH: &str = "Cache-Control: max-age=60";

/// Every row is a path of its own.
fn table(rows: &[(&[&str], bool)]) {
    let site = Site::new();
    for (row, (fields, kept)) in rows.iter().enumerate() {
        let path = format!("/{row}");
        assert_eq!(site.keeps(&path, ok(fields)), *kept, "{fields:?}");
    }
}

#[test]
fn rfc9111_3_any_final_status_with_explicit_freshness() {
    let site = Site::new();
    for code in
        [200, 203, 204, 301, 302, 303, 307, 308, 400, 403, 404, 410, 418, 429, 500, 503, 599]
    {
        let path = format!("/{code}");
        let answer = status(&format!("{code} Any"), &[FRESH]);
        assert!(site.keeps(&path, answer), "{code}");
    }
    for code in [412, 416, 417, 421, 425, 426, 431] {
        let path = format!("/{code}");
        let answer = status(&format!("{code} Any"), &[FRESH]);
        assert!(!site.keeps(&path, answer), "{code} answers a field or a connection");
    }
}

#[test]
fn rfc9111_3_statuses_that_allow_a_guess() {
    let site = Site::new();
    let modified = format!("Last-Modified: {}", from_now(-1_000_000));
    for (code, kept) in [
        (200, true),
        (203, true),
        (204, true),
        (300, true),
        (301, true),
        (308, true),
        (404, true),
        (405, true),
        (410, true),
        (414, true),
        (501, true),
        (201, false),
        (302, false),
        (307, false),
        (400, false),
        (403, false),
        (500, false),
        (503, false),
        (599, false),
    ] {
        let answer = status(&format!("{code} Any"), &[&modified]);
        assert_eq!(site.keeps(&format!("/{code}"), answer), kept, "{code}");
    }
    let public = status("403 Forbidden", &[&modified, "Cache-Control: public"]);
    assert!(site.keeps("/public", public), "`public` allows a guess for every status");
}

#[test]
fn rfc9111_5_2_2_directives_of_responses() {
    table(&[
        (&[FRESH], true),
        (&["Cache-Control: max-age=60, public"], true),
        (&["Cache-Control: no-store"], false),
        (&["Cache-Control: max-age=60, no-store"], false),
        (&["Cache-Control: No-StOrE, max-age=60"], false),
        (&["Cache-Control: max-age=60", "Cache-Control: no-store"], false),
        (&["Cache-Control: private, max-age=60"], false),
        (&["Cache-Control: PRIVATE", "Cache-Control: max-age=60"], false),
        (&["Cache-Control: max-age=60, no-cache"], false),
        (&["Cache-Control: max-age=60, unknown, other=\"a, no-store\""], true),
        (&["Cache-Control: max-age=60, x=\"\\\"\", no-store"], false),
        (&["Cache-Control: must-revalidate, max-age=60"], true),
        (&["Cache-Control: proxy-revalidate, max-age=60"], true),
        (&["Cache-Control: no-transform, max-age=60"], true),
        (&["Cache-Control: immutable, max-age=60"], true),
        (&["Cache-Control:"], false),
        (&[], false),
    ]);
}

#[test]
fn rfc9111_5_2_2_3_must_understand() {
    let site = Site::new();
    let both = "Cache-Control: max-age=60, no-store, must-understand";
    assert!(site.keeps("/known", ok(&[both])), "a status that we know");
    assert!(!site.keeps("/unknown", status("599 New", &[both])), "one that we do not");
    let alone = "Cache-Control: max-age=60, must-understand";
    assert!(!site.keeps("/unknown-2", status("599 New", &[alone])));
}

#[test]
fn rfc9111_3_1_fields_that_are_not_stored() {
    let site = Site::new();
    let fields = [
        "Cache-Control: max-age=60, no-cache=\"x-once\", private=\"X-Mine, set-cookie\"",
        "X-Once: 1",
        "X-Mine: 2",
        "Set-Cookie: a=b",
        "X-All: 3",
        "Connection: x-hop",
        "X-Hop: 4",
        "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic",
        "X-List: a",
        "X-List: b",
    ];
    site.given("/", &[ok(&fields)]);
    let first = site.get("/");
    assert_eq!(first.head.one("x-once"), Some("1"), "who asked gets all of it");
    assert_eq!(first.head.one("x-mine"), Some("2"));
    let second = site.get("/");
    assert_eq!(second.text(), "answer 1");
    for name in ["x-once", "x-mine", "set-cookie", "x-hop", "keep-alive", "proxy-authenticate"] {
        assert!(!second.head.has(name), "{name}: {:?}", second.head);
    }
    assert_eq!(second.head.one("x-all"), Some("3"));
    assert_eq!(second.head.all("x-list"), ["a", "b"], "lines stay as they came");
    assert_eq!(second.head.one("cache-control"), first.head.one("cache-control"));
    assert_eq!(second.head.one("date"), first.head.one("date"));
}

#[test]
fn rfc9111_3_1_a_content_range_without_a_meaning_is_a_field_like_others() {
    let site = Site::new();
    let tag = "ETag: \"a\"";
    let first = ok(&["Content-Range: abc", "Cache-Control: max-age=60", "Age: 90", tag]);
    let same = status("304 Not Modified", &["Content-Range: def", FRESH, tag]);
    site.given("/", &[first, same]);
    site.get("/");
    for _ in 0..2 {
        let answer = site.get("/");
        assert_eq!((answer.status(), answer.head.one("content-range")), (200, Some("abc")));
    }
    let part = site.get_with("/", &["Range: bytes=0-2"]);
    assert_eq!((part.text(), part.head.one("content-range")), ("ans".into(), Some("bytes 0-2/8")));
    assert_eq!(site.asked("/").len(), 2);
    assert!(!site.keeps("/part", ok(&["Content-Range: bytes 0-7/900", FRESH])), "a part, perhaps");
}

#[test]
fn what_is_longer_than_the_configured_length_only_passes() {
    let site = Site::with("max_object = \"4KiB\"", "cache = true");
    assert!(site.keeps("/short", body(&[FRESH], &"x".repeat(4096))));
    assert!(!site.keeps("/long", body(&[FRESH], &"x".repeat(4097))));
    let chunks = format!(
        "HTTP/1.1 200 OK\r\n{FRESH}\r\nTransfer-Encoding: chunked\r\n\r\n\
         1001\r\n{}\r\n0\r\n\r\n",
        "x".repeat(4097)
    );
    // Its length is known too late: who comes at once may still follow the first.
    site.given("/chunked", &[Answer::Raw(chunks.into())]);
    eventually("the origin to be asked again", || {
        assert_eq!(site.get("/chunked").body.len(), 4097);
        (site.asked("/chunked").len() > 1).then_some(())
    });
}

#[test]
fn rfc9111_7_3_cookies() {
    let site = Site::new();
    let cookie = "Set-Cookie: a=b";
    assert!(!site.keeps("/explicit", ok(&[cookie, FRESH])), "the first visitor's, perhaps");
    for (path, control) in [("/public", "public, max-age=60"), ("/shared", "s-maxage=60")] {
        let control = format!("Cache-Control: {control}");
        assert!(site.keeps(path, ok(&[cookie, &control])), "an origin that says so means it");
        assert_eq!(site.get(path).head.one("set-cookie"), Some("a=b"));
    }
    let modified = format!("Last-Modified: {}", from_now(-1_000_000));
    assert!(!site.keeps("/guess", ok(&["Set-Cookie: a=b", &modified])));
    site.given("/asked", &[ok(&[&modified])]);
    assert!(!site.keeps_what_is_given("/asked", &["Cookie: c=d"], &[]), "one person's, perhaps");
    site.given("/fresh", &[ok(&[FRESH])]);
    assert!(site.keeps_what_is_given("/fresh", &["Cookie: c=d"], &["Cookie: e=f"]));
}

#[test]
fn which_responses_that_set_a_cookie_are_stored_is_the_operators_choice() {
    let cookie = "Set-Cookie: a=b";
    let site = Site::with("set_cookie = \"store\"", "cache = true");
    assert!(site.keeps("/explicit", ok(&[cookie, FRESH])));
    assert!(!site.keeps("/silent", ok(&[cookie])));
    let site = Site::with("", "cache = { set_cookie = \"never\" }");
    assert!(!site.keeps("/public", ok(&[cookie, "Cache-Control: public, s-maxage=60"])));
}

/// One request with a field that provokes an error must not spoil the page for all others.
#[test]
fn the_configured_lifetime_is_not_for_errors_that_a_field_provokes() {
    let site = Site::with("ttl = \"60s\"", "cache = true");
    for (code, kept) in [
        (200, true),
        (203, true),
        (204, true),
        (300, true),
        (301, true),
        (308, true),
        (404, true),
        (410, true),
        (405, false),
        (414, false),
        (501, false),
        (400, false),
        (403, false),
        (302, false),
    ] {
        let answer = status(&format!("{code} Any"), &[]);
        assert_eq!(site.keeps(&format!("/{code}"), answer), kept, "{code}");
    }
    for (target, lifetime) in [("/200", 50..60), ("/404", 0..10), ("/410", 0..10)] {
        let told = site.get(target).head.one("cache-status").expect("a Cache-Status").to_owned();
        let ttl: i64 = told.split("ttl=").nth(1).expect("a ttl").parse().expect("a number");
        assert!(lifetime.contains(&ttl), "{target}: {told}");
    }
}

#[test]
fn rfc9111_3_5_authorization() {
    let site = Site::new();
    let mine = ["Authorization: Basic YTpi"];
    for (path, fields, kept) in [
        ("/max-age", "max-age=60", false),
        ("/public", "public, max-age=60", true),
        ("/s-maxage", "s-maxage=60", true),
        ("/must-revalidate", "must-revalidate, max-age=60", true),
        ("/proxy-revalidate", "proxy-revalidate, max-age=60", false),
        ("/private", "private, s-maxage=60", false),
    ] {
        site.given(path, &[ok(&[&format!("Cache-Control: {fields}")])]);
        assert_eq!(site.keeps_what_is_given(path, &mine, &[]), kept, "{fields}");
    }
    let tells = |path: &str| site.asked(path)[0].head.one("authorization") == Some("Basic YTpi");
    assert!(tells("/public"), "the origin sees it in any case");
    // Who logs in may be given what is stored for everybody.
    site.given("/open", &[ok(&[FRESH])]);
    assert!(site.keeps_what_is_given("/open", &[], &mine));
}

#[test]
fn rfc9111_4_what_could_never_be_used_is_asked_for_each_time() {
    let site = Site::new();
    site.given("/", &[ok(&["Cache-Control: max-age=0"])]);
    let seen: Vec<_> = (0..3).map(|_| site.get("/").text()).collect();
    assert_eq!(seen, ["answer 1", "answer 2", "answer 3"]);
    assert!(site.asked("/").iter().all(|r| !r.head.has("if-none-match")));
}

#[test]
fn rfc9111_3_errors_do_not_drive_out_what_is_stored() {
    let site = Site::new();
    let good = ok(&["Cache-Control: max-age=60", "Age: 90", "ETag: \"a\""]);
    let back = status("304 Not Modified", &[FRESH, "ETag: \"a\""]);
    site.given("/", &[good, status("503 Busy", &["Retry-After: 1"]), back]);
    assert_eq!(site.get("/").text(), "answer 1");
    assert_eq!(site.get("/").status(), 503);
    let third = site.get("/");
    assert_eq!((third.status(), third.text()), (200, "answer 1".into()), "validated after all");
    assert_eq!(site.asked("/")[2].head.one("if-none-match"), Some("\"a\""));
}
