//! Properties of the policy over messages nobody chose.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::fmt;

use proptest::prelude::*;
use tombolo_cache::conditional::{self, Freshened, freshen, head_effect, precondition, validation};
use tombolo_cache::directives::RequestDirectives;
use tombolo_cache::freshness::{Arrival, Mark, Verdict, judge};
use tombolo_cache::invalidation::{Invalidated, invalidated};
use tombolo_cache::key::{Key, KeyRules, Scheme, Target};
use tombolo_cache::message::{Request, Response};
use tombolo_cache::metadata::Metadata;
use tombolo_cache::policy::Policy;
use tombolo_cache::range::select;
use tombolo_cache::storability::{Exchange, Plan, storable};
use tombolo_cache::stored_head::StoredHead;
use tombolo_cache::time::Timestamp;
use tombolo_http1::{FieldId, HeadLimits, Method, RequestHead, ResponseHead};

const NOW: Timestamp = Timestamp::from_secs(1_763_683_200);

const ASKED: &[&str] = &[
    "Cache-Control: max-age=5, max-stale",
    "Cache-Control: min-fresh=3, stale-if-error=9",
    "Cache-Control: only-if-cached",
    "Pragma: no-cache",
    "Authorization: x",
    "Cookie: a=b",
    "Range: bytes=1-3,-2",
    "Range: bytes=2-",
    "If-Range: \"a\"",
    "If-None-Match: \"a\", W/\"b\"",
    "If-None-Match: \"a",
    "If-Modified-Since: Thu, 20 Nov 2025 00:00:00 GMT",
    "Accept-Encoding: gzip;q=0.5, br, *;q=0",
    "Accept-Encoding: ;;q==,\"",
    "Accept-Language: de, en",
];

const ANSWERED: &[&str] = &[
    "Cache-Control: max-age=10",
    "Cache-Control: max-age=10, stale-while-revalidate=5",
    "Cache-Control: s-maxage=4, stale-if-error=5",
    "Cache-Control: public, must-revalidate",
    "Cache-Control: no-cache",
    "Cache-Control: no-cache=\"x, set-cookie\", max-age=3",
    "Cache-Control: private=\"x\"",
    "Cache-Control: no-store",
    "Cache-Control: must-understand, no-store, max-age=2",
    "Cache-Control: max-age=\"7, x=\"",
    "CDN-Cache-Control: max-age=6",
    "CDN-Cache-Control: max-age=6, &",
    "Expires: Fri, 21 Nov 2025 00:00:20 GMT",
    "Expires: 0",
    "Date: Fri, 21 Nov 2025 00:00:00 GMT",
    "Date: Thu, 20 Nov 2025 23:59:50 GMT",
    "Date: x",
    "Age: 4",
    "Age: -4, 4",
    "Last-Modified: Thu, 20 Nov 2025 00:00:00 GMT",
    "Last-Modified: Sat, 20 Nov 2055 00:00:00 GMT",
    "ETag: \"a\"",
    "ETag: W/\"b\"",
    "ETag: a",
    "Vary: Accept-Encoding, accept-language",
    "Vary: *",
    "X: 1",
    "Set-Cookie: a=b",
    "Connection: x, keep-alive",
    "Content-Range: bytes 2-5/9",
    "Content-Range: bytes 2-1/9",
    "Content-Length: 4",
    "Location: ../b?c",
    "Content-Location: http://example.org//a/./b",
    "Content-Location: //:80?",
    "Pragma: no-cache",
];

/// Two heads and their bytes.
struct Heads {
    request: (RequestHead, Vec<u8>),
    response: (ResponseHead, Vec<u8>),
}

impl fmt::Debug for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        write!(f, "{}{}", text(&self.request.1), text(&self.response.1))
    }
}

impl Heads {
    fn exchange(&self) -> Exchange<'_> {
        let request = Request { head: &self.request.0, buf: &self.request.1 };
        Exchange {
            target: Target::of(Scheme::Http, &request),
            request,
            response: Response { head: &self.response.0, buf: &self.response.1 },
            arrival: Arrival { request_time: NOW, response_time: NOW },
        }
    }
}

fn lines(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    let line = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(str::to_owned),
        1 => "(Cache-Control|Vary|Expires|ETag|Range|Age|CDN-Cache-Control): [ -~]{0,20}",
    ];
    prop::collection::vec(line, 0..most)
        .prop_map(|lines| lines.iter().map(|line| format!("{line}\r\n")).collect())
}

fn heads() -> impl Strategy<Value = Heads> {
    let method = prop::sample::select(&["GET", "GET", "GET", "HEAD", "POST", "PUT"][..]);
    let status = prop_oneof![
        4 => Just(200_u16),
        1 => Just(206),
        1 => Just(304),
        1 => 200_u16..600,
    ];
    (method, lines(ASKED, 4), status, lines(ANSWERED, 7)).prop_filter_map(
        "not HTTP",
        |(method, asked, status, answered)| {
            let limits = HeadLimits::default();
            let (mut request, mut response) = (RequestHead::new(), ResponseHead::new());
            let asked = format!("{method} /a/b?q HTTP/1.1\r\nHost: example.org\r\n{asked}\r\n");
            let answered = format!("HTTP/1.1 {status} X\r\n{answered}\r\n");
            request.parse(asked.as_bytes(), &limits).ok()??;
            response.parse(answered.as_bytes(), &limits, request.method()).ok()??;
            Some(Heads {
                request: (request, asked.into_bytes()),
                response: (response, answered.into_bytes()),
            })
        },
    )
}

/// What must hold of anything that is stored.
fn check(plan: &Plan) {
    let Plan { metadata, head, vary } = plan;
    assert_eq!(Metadata::decode(&metadata.encode()), Ok(*metadata));
    assert!(tombolo_cache::vary::Vary::from_bytes(vary.as_bytes()).as_ref() == Some(vary));

    let wire = [&head[..], b"\r\n"].concat();
    let mut parsed = ResponseHead::new();
    let taken = parsed.parse(&wire, &HeadLimits::default(), Method::Head).unwrap();
    assert_eq!((taken, parsed.status()), (Some(wire.len()), metadata.status));
    assert_eq!(parsed.fields().len(), StoredHead::new(head).fields().count());
    for absent in [FieldId::Age, FieldId::ContentLength, FieldId::Connection] {
        assert_eq!(parsed.field(absent), None, "{absent:?}");
    }
    if metadata.part.is_some() {
        assert_eq!(parsed.field(FieldId::ContentRange), None);
    }
    let dates = StoredHead::new(head).fields().filter(|field| field.id == FieldId::Date);
    assert_eq!(dates.count(), 1);
    let tags: Vec<_> =
        StoredHead::new(head).fields().filter(|field| field.id == FieldId::Etag).collect();
    let only = if let [tag] = &tags[..] { Some(tag.value) } else { None };
    assert_eq!(metadata.etag_of(head), only.filter(|tag| !tag.is_empty()));

    let asked = RequestDirectives::default();
    let at = |secs: u32| {
        let now = Timestamp::from_secs(NOW.secs() + i64::from(secs));
        judge(&asked, metadata, Mark::None, &Policy::default(), now).verdict
    };
    assert_ne!(at(metadata.lifetime), Verdict::Fresh);
    if metadata.no_cache || metadata.must_revalidate {
        assert!(matches!(at(metadata.lifetime), Verdict::Revalidate { if_error: false, .. }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_stored_holds_together(heads in heads(), ttl in prop::option::of(0_u32..99)) {
        let policy = Policy { default_lifetime: ttl, ..Policy::default() };
        if let Ok(plan) = storable(&heads.exchange(), &policy) {
            check(&plan);
        }
    }

    #[test]
    fn what_is_freshened_holds_together(old in heads(), new in heads()) {
        let policy = Policy { default_lifetime: Some(9), ..Policy::default() };
        let Ok(plan) = storable(&old.exchange(), &policy) else { return Ok(()) };
        let exchange = new.exchange();
        let (meta, head) = (&plan.metadata, &plan.head[..]);
        match freshen(&exchange.response, meta, head, &policy, exchange.arrival) {
            Freshened::Keep { plan, .. } => {
                prop_assert_eq!(plan.metadata.status, meta.status);
                prop_assert_eq!(plan.metadata.part, meta.part);
                check(&plan);
            }
            Freshened::Remove(_) => {}
        }
        head_effect(&exchange.response, meta, head, 4, &policy, exchange.arrival);
        let held = [(meta, head)];
        let sent = validation(&exchange.request, &held);
        sent.confirmed(&exchange.response, &held);
        prop_assert!(sent.is_empty() || meta.has_validator());
        conditional::is_selected(&exchange.response, meta, head, true, true);
        precondition(&exchange.request, meta, head);
        select(&exchange.request, meta, head, 4);
    }

    #[test]
    fn keys_are_written_back_as_they_are(path in "[ -~]{0,30}", host in "[a-zA-Z0-9.:-]{0,12}") {
        let rules = KeyRules::default();
        let mut first = Vec::new();
        let target = Target { scheme: Scheme::Http, authority: host.as_bytes(), told: &[] };
        let Some(key) = rules.write(target, path.as_bytes(), &mut first) else { return Ok(()) };
        prop_assert_eq!(Key::of_text(key.text), key);
        let mut second = Vec::new();
        if let Some(again) = rules.of_url(key.text, &mut second)
            && !path.contains('#')
        {
            prop_assert_eq!(again.text, key.text);
        }
    }

    #[test]
    fn what_is_invalidated_is_of_the_target(heads in heads()) {
        let Invalidated { keys, prefixes } =
            invalidated(&heads.exchange(), &KeyRules::default());
        prop_assert!(keys.len() <= 4 && prefixes.len() <= 2);
        for text in keys.iter().chain(&prefixes) {
            prop_assert!(text.starts_with(b"http://example.org/"));
        }
    }
}
