//! Given a request and its answer, then stored or not, and what of it; by clause.

use super::*;
use crate::freshness::Arrival;
use crate::key::{Scheme, Target};
use crate::metadata::{LifetimeSource, Part};
use crate::policy::{Policy, SetCookie};
use crate::stored_head::StoredHead;
use crate::testing::{answer, request_to};
use crate::time::Timestamp;

/// 2025-11-21 00:00:00, when every answer comes.
const NOW: Timestamp = Timestamp::from_secs(1_763_683_200);
const DATE: &str = "Date: Fri, 21 Nov 2025 00:00:00 GMT\r\n";
const DAY_BEFORE: &str = "Last-Modified: Thu, 20 Nov 2025 00:00:00 GMT\r\n";

fn decide_with(
    policy: &Policy,
    line: &str,
    asked: &str,
    status: &str,
    fields: &str,
) -> Result<Plan, NotStored> {
    let request = request_to(line, asked);
    let response = answer(status, fields);
    let exchange = Exchange {
        target: Target::of(Scheme::Http, &request.as_request()),
        request: request.as_request(),
        response: response.as_response(),
        arrival: Arrival { request_time: NOW, response_time: NOW },
    };
    storable(&exchange, policy)
}

fn decide(asked: &str, status: &str, fields: &str) -> Result<Plan, NotStored> {
    decide_with(&Policy::default(), "GET /", asked, status, fields)
}

fn with(fields: &str) -> Result<Plan, NotStored> {
    decide("", "200 OK", fields)
}

fn lifetime(fields: &str) -> u32 {
    with(fields).unwrap().metadata.lifetime
}

fn head(fields: &str) -> String {
    String::from_utf8(with(fields).unwrap().head).unwrap()
}

/// The policy of a gateway with `ttl = "60s"`.
fn sixty() -> Policy {
    Policy { default_lifetime: Some(60), ..Policy::default() }
}

#[test]
fn rfc9111_3_final_statuses_with_explicit_freshness() {
    for status in [
        "200", "203", "204", "299", "301", "302", "303", "307", "308", "400", "401", "404", "410",
        "499", "500", "502", "503", "504", "599",
    ] {
        let plan = decide("", &format!("{status} X"), "Cache-Control: max-age=60\r\n").unwrap();
        assert_eq!(plan.metadata.status.to_string(), status);
        assert_eq!(plan.metadata.lifetime, 60);
    }
    for status in ["100", "103", "304", "407", "412", "416", "417", "421", "425", "426", "431"] {
        let refused = decide("", &format!("{status} X"), "Cache-Control: max-age=60\r\n");
        assert_eq!(refused, Err(NotStored::Status), "{status}");
    }
}

#[test]
fn rfc9111_4_2_2_statuses_that_imply_storability() {
    for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        let plan = decide("", &format!("{status} X"), &[DATE, DAY_BEFORE].concat()).unwrap();
        assert_eq!(plan.metadata.lifetime, 8640, "{status}");
        assert_eq!(plan.metadata.lifetime_source, LifetimeSource::Heuristic);
    }
    for status in [201, 202, 302, 307, 403, 500, 502, 503, 504, 599] {
        let refused = decide("", &format!("{status} X"), &[DATE, DAY_BEFORE].concat());
        assert_eq!(refused, Err(NotStored::NoFreshness), "{status}");
    }
    let public = [DATE, DAY_BEFORE, "Cache-Control: public\r\n"].concat();
    assert_eq!(decide("", "599 X", &public).unwrap().metadata.lifetime, 8640);
}

#[test]
fn rfc9111_3_methods() {
    let of = |line: &str| {
        decide_with(&Policy::default(), line, "", "200 OK", "Cache-Control: max-age=60\r\n")
    };
    assert!(of("GET /").is_ok());
    for line in ["HEAD /", "POST /", "PUT /", "DELETE /", "OPTIONS /", "M-SEARCH /"] {
        assert_eq!(of(line), Err(NotStored::Method), "{line}");
    }
    let content = decide("Content-Length: 3\r\n", "200 OK", "Cache-Control: max-age=60\r\n");
    assert_eq!(content, Err(NotStored::RequestContent));
}

#[test]
fn rfc9110_9_3_3_post_with_freshness_and_its_own_location() {
    let post = |fields: &str| {
        decide_with(&sixty(), "POST /a?b", "Content-Length: 1\r\n", "200 OK", fields)
    };
    assert!(post("Cache-Control: max-age=60\r\nContent-Location: /a?b\r\n").is_ok());
    let absolute = "Cache-Control: max-age=60\r\nContent-Location: http://example.org/a?b\r\n";
    assert!(post(absolute).is_ok());
    let other = "Cache-Control: max-age=60\r\nContent-Location: /a\r\n";
    assert_eq!(post(other), Err(NotStored::Method));
    assert_eq!(post("Content-Location: /a?b\r\n"), Err(NotStored::Method));
}

#[test]
fn rfc9111_5_2_2_5_no_store() {
    assert_eq!(with("Cache-Control: max-age=9, no-store\r\n"), Err(NotStored::ResponseNoStore));
    let asked = decide("Cache-Control: no-store\r\n", "200 OK", "Cache-Control: max-age=9\r\n");
    assert_eq!(asked, Err(NotStored::RequestNoStore));
}

#[test]
fn rfc9111_5_2_2_3_must_understand() {
    let fields = "Cache-Control: no-store, must-understand, max-age=9\r\n";
    assert!(decide("", "200 OK", fields).is_ok());
    assert_eq!(decide("", "299 X", fields), Err(NotStored::NotUnderstood));
    let alone = "Cache-Control: must-understand, max-age=9\r\n";
    assert_eq!(decide("", "599 X", alone), Err(NotStored::NotUnderstood));
}

#[test]
fn rfc9111_5_2_2_7_private() {
    assert_eq!(with("Cache-Control: private, max-age=9\r\n"), Err(NotStored::Private));
    assert_eq!(with("Cache-Control: max-age=9, private=\"\"\r\n"), Err(NotStored::Private));
}

#[test]
fn rfc9111_3_5_authorization() {
    let of = |value: &str| {
        let fields = format!("Cache-Control: {value}\r\n");
        decide("Authorization: Basic eA==\r\n", "200 OK", &fields).map(|_| ())
    };
    assert_eq!(of("max-age=9"), Err(NotStored::Authorization));
    assert_eq!(of("max-age=9, proxy-revalidate"), Err(NotStored::Authorization));
    for open in ["max-age=9, public", "s-maxage=9", "max-age=9, must-revalidate"] {
        assert_eq!(of(open), Ok(()), "{open}");
    }
}

#[test]
fn rfc9111_4_2_1_order_of_what_says_how_long() {
    let expires = "Expires: Fri, 21 Nov 2025 00:05:00 GMT\r\n";
    assert_eq!(lifetime(&[DATE, expires].concat()), 300);
    assert_eq!(lifetime(&[DATE, expires, "Cache-Control: max-age=20\r\n"].concat()), 20);
    let shared = "Cache-Control: max-age=20, s-maxage=7\r\n";
    assert_eq!(lifetime(&[DATE, expires, shared].concat()), 7);
    assert_eq!(lifetime("Cache-Control: s-maxage=70, max-age=2\r\n"), 70);
    let validator = "ETag: \"a\"\r\n";
    assert_eq!(lifetime(&[validator, "Cache-Control: max-age=0\r\n", expires].concat()), 0);
}

#[test]
fn rfc9111_5_3_expires() {
    let of = |value: &str| lifetime(&format!("{DATE}ETag: \"a\"\r\nExpires: {value}\r\n"));
    for past in ["0", "-1", "", "Thu, 20 Nov 2025 00:00:00 GMT", "soon", "1763683260"] {
        assert_eq!(of(past), 0, "{past}");
    }
    assert_eq!(of("Friday, 21-Nov-25 00:01:00 GMT"), 60);
    assert_eq!(of("Fri Nov 21 00:01:00 2025"), 60);
    assert_eq!(of("Fri, 21 Nov 2025 00:01:00 GMT\r\nExpires: 0"), 0);
    // More seconds than 32 bits hold are many, not none.
    assert_eq!(of("Sun, 21 Nov 2286 04:46:39 GMT"), 1 << 31);
    // Without Date, the time it came counts.
    assert_eq!(lifetime("Expires: Fri, 21 Nov 2025 00:01:00 GMT\r\n"), 60);
    // A Date ahead of our clock shortens nothing but what Expires is ahead of it.
    let ahead = "Date: Fri, 21 Nov 2025 00:00:30 GMT\r\n";
    let expires = "Expires: Fri, 21 Nov 2025 00:01:00 GMT\r\n";
    assert_eq!(lifetime(&[ahead, expires].concat()), 30);
}

#[test]
fn rfc9213_2_2_targeted_directives_go_before_all_others() {
    let fields = "Cache-Control: no-store\r\nExpires: 0\r\nCDN-Cache-Control: max-age=99\r\n";
    let plan = with(fields).unwrap();
    assert_eq!((plan.metadata.lifetime, plan.metadata.targeted), (99, true));
    let silent = [DATE, "Expires: Fri, 21 Nov 2025 00:05:00 GMT\r\nCDN-Cache-Control: foo\r\n"];
    assert_eq!(with(&silent.concat()), Err(NotStored::Useless));
}

#[test]
fn configured_lifetime_and_heuristic() {
    let of = |policy: &Policy, fields: &str| decide_with(policy, "GET /", "", "200 OK", fields);
    assert_eq!(of(&sixty(), DATE).unwrap().metadata.lifetime, 60);
    assert_eq!(of(&sixty(), &[DATE, DAY_BEFORE].concat()).unwrap().metadata.lifetime, 60);
    assert_eq!(of(&sixty(), "Cache-Control: max-age=5\r\n").unwrap().metadata.lifetime, 5);
    assert_eq!(of(&Policy::default(), DATE), Err(NotStored::Useless));
    let still = Policy { heuristic: false, ..Policy::default() };
    assert_eq!(of(&still, &[DATE, DAY_BEFORE].concat()).unwrap().metadata.lifetime, 0);
    let old = [DATE, "Last-Modified: Fri, 21 Nov 2003 00:00:00 GMT\r\n"].concat();
    assert_eq!(of(&Policy::default(), &old).unwrap().metadata.lifetime, Policy::HEURISTIC_MAX);
    assert_eq!(of(&sixty(), "Pragma: no-cache\r\n"), Err(NotStored::Useless));
    let explicit = "Pragma: no-cache\r\nCache-Control: max-age=5\r\n";
    assert_eq!(of(&sixty(), explicit).unwrap().metadata.lifetime, 5);
}

#[test]
fn rfc9111_7_3_cookies_need_explicit_freshness() {
    let cookie = "Set-Cookie: a=b\r\n";
    let fresh = "Cache-Control: max-age=5\r\n";
    let of = |asked: &str, fields: &str| decide_with(&sixty(), "GET /", asked, "200 OK", fields);
    assert_eq!(of("", cookie), Err(NotStored::SetCookie));
    assert!(of("Cookie: a=b\r\n", fresh).is_ok());
    assert_eq!(of("Cookie: a=b\r\n", DATE), Err(NotStored::Credentials));
    assert_eq!(of("X-Api-Key: a\r\n", DATE), Err(NotStored::Credentials));
    let shared = Policy { cookies_without_freshness: true, ..sixty() };
    assert!(decide_with(&shared, "GET /", "Cookie: a=b\r\n", "200 OK", DATE).is_ok());
}

#[test]
fn rfc9111_7_3_which_responses_that_set_a_cookie_are_stored() {
    use SetCookie::{Never, SharedOnly, Store};
    for (directives, kept_by) in [
        ("Cache-Control: max-age=5\r\n", &[Store][..]),
        ("Cache-Control: max-age=5, public\r\n", &[Store, SharedOnly]),
        ("Cache-Control: s-maxage=5\r\n", &[Store, SharedOnly]),
        ("CDN-Cache-Control: max-age=5\r\n", &[Store, SharedOnly]),
        ("Expires: Fri, 21 Nov 2036 00:00:00 GMT\r\n", &[Store]),
        ("Cache-Control: public\r\n", &[]),
        ("ETag: \"a\"\r\n", &[]),
        // The cookie itself is not stored: nobody else gets it.
        ("Cache-Control: max-age=5, private=\"set-cookie\"\r\n", &[Store, SharedOnly, Never]),
        ("Cache-Control: max-age=5, no-cache=\"Set-Cookie\"\r\n", &[Store, SharedOnly, Never]),
    ] {
        for set_cookie in SetCookie::ALL {
            let policy = Policy { set_cookie, ..sixty() };
            let fields = ["Set-Cookie: a=b\r\n", directives].concat();
            let decided = decide_with(&policy, "GET /", "", "200 OK", &fields);
            assert_eq!(
                decided.is_ok(),
                kept_by.contains(&set_cookie),
                "{directives}{set_cookie:?}"
            );
        }
    }
}

#[test]
fn the_configured_lifetime_is_for_statuses_that_no_field_provokes() {
    let of = |policy: &Policy, status: &str, fields: &str| {
        decide_with(policy, "GET /", "", status, fields).map(|plan| plan.metadata.lifetime)
    };
    for (status, lifetime) in [
        ("200 OK", Some(60)),
        ("301 Moved", Some(60)),
        ("404 Not Found", Some(10)),
        ("410 Gone", Some(10)),
        ("405 Method Not Allowed", None),
        ("414 Too Long", None),
        ("501 Not Implemented", None),
        ("302 Found", None),
    ] {
        assert_eq!(of(&sixty(), status, DATE).ok(), lifetime, "{status}");
    }
    let five = Policy { default_lifetime: Some(5), ..Policy::default() };
    assert_eq!(of(&five, "404 Not Found", DATE), Ok(5));
    let short = Policy { not_found_lifetime: 0, ..sixty() };
    assert_eq!(of(&short, "404 Not Found", DATE), Err(NotStored::Useless));
    assert_eq!(of(&sixty(), "405 No", "Cache-Control: public\r\n"), Ok(60));
    assert_eq!(of(&sixty(), "405 No", "Cache-Control: max-age=9\r\n"), Ok(9));
}

#[test]
fn what_has_no_end_is_stored_by_its_own_word_alone() {
    for media in [
        "text/event-stream",
        "Text/Event-Stream;charset=utf-8",
        "multipart/x-mixed-replace; boundary=a",
        "application/grpc",
        "application/grpc-web+proto",
        "application/x-ndjson",
    ] {
        let with = |more: &str| {
            let fields = format!("Content-Type: {media}\r\n{more}");
            decide_with(&sixty(), "GET /", "", "200 OK", &fields)
        };
        assert_eq!(with(""), Err(NotStored::Endless), "{media}");
        assert!(with("Cache-Control: max-age=5\r\n").is_ok(), "{media}");
    }
}

#[test]
fn rfc9111_4_what_could_never_be_used_is_not_stored() {
    assert_eq!(with("Cache-Control: max-age=0\r\n"), Err(NotStored::Useless));
    assert_eq!(with("Cache-Control: no-cache, max-age=60\r\n"), Err(NotStored::Useless));
    assert!(with("Cache-Control: no-cache\r\nETag: \"a\"\r\n").unwrap().metadata.no_cache);
    assert!(with("Cache-Control: max-age=0, stale-while-revalidate=5\r\n").is_ok());
}

#[test]
fn rfc9111_5_2_2_10_s_maxage_implies_proxy_revalidate() {
    let of = |policy: &Policy, value: &str| {
        let fields = format!("Cache-Control: {value}\r\n");
        let plan = decide_with(policy, "GET /", "", "200 OK", &fields).unwrap();
        plan.metadata.must_revalidate
    };
    let strict = Policy::default();
    assert!(!of(&strict, "max-age=5"));
    for revalidated in ["max-age=5, must-revalidate", "max-age=5, proxy-revalidate", "s-maxage=5"] {
        assert!(of(&strict, revalidated), "{revalidated}");
    }
    let lenient = Policy { stale_beside_s_maxage: true, ..Policy::default() };
    assert!(of(&lenient, "s-maxage=5"));
    assert!(!of(&lenient, "s-maxage=5, stale-while-revalidate=9"));
    assert!(of(&lenient, "s-maxage=5, stale-while-revalidate=9, must-revalidate"));
}

#[test]
fn rfc5861_windows_are_kept() {
    let fields = "Cache-Control: max-age=5, stale-while-revalidate=6, stale-if-error=7\r\n";
    let meta = with(fields).unwrap().metadata;
    assert_eq!((meta.stale_while_revalidate, meta.stale_if_error), (6, 7));
    let policy = Policy { default_stale_if_error: 9, ..Policy::default() };
    let plan = decide_with(&policy, "GET /", "", "200 OK", "Cache-Control: max-age=5\r\n");
    assert_eq!(plan.unwrap().metadata.stale_if_error, 9);
}

#[test]
fn rfc9111_3_1_fields_that_are_not_stored() {
    let fields = "Cache-Control: public, max-age=5, no-cache=\"A\", private=\"b\"\r\nA: 1\r\nB: 2\r\nC: 3\r\n\
                  Connection: d, keep-alive\r\nD: 4\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\n\
                  Transfer-Encoding: chunked\r\nUpgrade: x\r\nAge: 7\r\nX-Request-Id: 8\r\n\
                  Set-Cookie: k=v\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\n";
    let stored = head(fields);
    let names: Vec<_> = StoredHead::new(stored.as_bytes())
        .fields()
        .map(|field| String::from_utf8_lossy(field.name).into_owned())
        .collect();
    assert_eq!(names, ["Cache-Control", "C", "Set-Cookie", "Date"]);
    assert!(stored.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn rfc9110_6_6_1_a_missing_or_broken_date_is_added() {
    let added = "Date: Fri, 21 Nov 2025 00:00:00 GMT\r\n";
    for fields in ["", "Date: x\r\n"] {
        let stored = head(&format!("Cache-Control: max-age=5\r\n{fields}"));
        assert!(stored.ends_with(added) && stored.matches("Date:").count() == 1, "{stored}");
    }
}

#[test]
fn rfc9111_4_2_3_age_on_arrival() {
    let of = |fields: &str| with(fields).unwrap().metadata.initial_age_ms;
    assert_eq!(of("Cache-Control: max-age=90\r\nAge: 30\r\n"), 30_000);
    let late = "Cache-Control: max-age=90\r\nDate: Thu, 20 Nov 2025 23:59:20 GMT\r\n";
    assert_eq!(of(late), 40_000);
}

#[test]
fn validators_are_noted_where_they_are() {
    let fields = [DATE, DAY_BEFORE, "ETag: \"x\"\r\nCache-Control: max-age=5\r\n"].concat();
    let plan = with(&fields).unwrap();
    assert_eq!(plan.metadata.etag_of(&plan.head), Some(&b"\"x\""[..]));
    let modified = plan.metadata.last_modified_text.of(&plan.head);
    assert_eq!(modified, b"Thu, 20 Nov 2025 00:00:00 GMT");
    assert!(plan.metadata.last_modified_is_strong());
    let broken = with("Last-Modified: yesterday\r\nCache-Control: max-age=5\r\n").unwrap();
    assert!(!broken.metadata.has_validator());
    let two = with("ETag: \"x\"\r\nETag: \"y\"\r\nCache-Control: max-age=5\r\n").unwrap();
    assert!(!two.metadata.has_validator());
}

#[test]
fn rfc9111_4_1_vary_is_part_of_the_plan() {
    let plan = with("Cache-Control: max-age=5\r\nVary: Foo, Accept-Encoding\r\n").unwrap();
    assert_eq!(plan.vary.as_bytes(), b"accept-encoding,foo");
    assert_eq!(with("Cache-Control: max-age=5\r\nVary: *\r\n"), Err(NotStored::VaryAny));
}

#[test]
fn rfc9111_3_3_partial_responses() {
    let of = |fields: &str| decide("Range: bytes=0-4\r\n", "206 Partial Content", fields);
    let part = "Cache-Control: max-age=5\r\nContent-Length: 5\r\nContent-Range: bytes 0-4/10\r\n";
    let plan = of(part).unwrap();
    assert_eq!(plan.metadata.part, Some(Part { first: 0, last: 4, complete: Some(10) }));
    assert_eq!(plan.metadata.status, 200);
    assert!(!String::from_utf8(plan.head).unwrap().contains("Content-Range"));
    for bad in [
        "Content-Length: 5\r\n",
        "Content-Length: 4\r\nContent-Range: bytes 0-4/10\r\n",
        "Content-Length: 5\r\nContent-Range: bytes 0-4/4\r\n",
        "Content-Length: 5\r\nContent-Range: bytes */10\r\n",
        "Content-Length: 5\r\nContent-Range: items 0-4/10\r\n",
        "Content-Length: 5\r\nContent-Range: bytes 0-4/10\r\nContent-Range: bytes 5-9/10\r\n",
        "Content-Length: 5\r\nContent-Type: multipart/byteranges; boundary=x\r\n",
    ] {
        let refused = of(&format!("Cache-Control: max-age=5\r\n{bad}"));
        assert_eq!(refused, Err(NotStored::ContentRange), "{bad}");
    }
    let stray = with("Cache-Control: max-age=5\r\nContent-Range: bytes 0-4/10\r\n");
    assert_eq!(stray, Err(NotStored::StrayContentRange));
}

/// RFC 9110 section 14.4 gives the field no meaning in a 200; RFC 9111 section 3.1 keeps all
/// fields that it does not name.
#[test]
fn rfc9111_3_1_a_content_range_without_a_meaning_is_a_field_like_others() {
    for value in ["abc", "bytes */10", "items 0-4/10"] {
        let plan = with(&format!("Cache-Control: max-age=5\r\nContent-Range: {value}\r\n"));
        let head = String::from_utf8(plan.unwrap().head).unwrap();
        assert!(head.contains(&format!("Content-Range: {value}\r\n")), "{head}");
    }
}

#[test]
fn reasons_name_their_clause() {
    assert_eq!(
        NotStored::Private.to_string(),
        "the response says private (RFC 9111 section 5.2.2.7)"
    );
}
