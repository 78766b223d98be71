//! Instruction counts of a hit in memory, the same on every run (callgrind). Each case has a limit
//! about 10 % above what was counted when it was set; going over it fails the run. Counted with
//! AVX2, which valgrind offers on any x86-64 machine of the last ten years.
#![allow(missing_docs, unused_qualifications, reason = "the harness generates the items")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark may fail")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use tombolo_cache::answer::write_whole;
use tombolo_cache::conditional::{Precondition, precondition};
use tombolo_cache::directives::RequestDirectives;
use tombolo_cache::freshness::{Arrival, Judgement, Mark, Verdict, judge};
use tombolo_cache::key::{Key, KeyRules, Scheme, Target};
use tombolo_cache::lookup::consult;
use tombolo_cache::message::{Request, Response};
use tombolo_cache::metadata::Metadata;
use tombolo_cache::policy::Policy;
use tombolo_cache::range::{Selection, select};
use tombolo_cache::storability::{Exchange, Plan, storable};
use tombolo_cache::store::{Asker, Entry, Found, Lookup, Role, Settings, Start, Store};
use tombolo_cache::time::Timestamp;
use tombolo_cache::vary::{AsSent, Vary};
use tombolo_http1::{HeadLimits, Method, RequestHead, ResponseHead};

/// What a browser sends for a script: ten fields.
const BROWSER: &[u8] = b"GET /assets/app.js?v=12 HTTP/1.1\r\nHost: www.example.org\r\n\
    Connection: keep-alive\r\nsec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/140.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\
    \r\nReferer: https://www.example.org/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\
    If-None-Match: \"5f3c-abcdef\"\r\n\r\n";

/// What a load generator sends.
const SHORT: &[u8] = b"GET /1k HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\n\
    Cache-Control: max-age=600\r\nETag: \"5f3c-400\"\r\nContent-Type: text/javascript\r\n\
    Content-Length: 1024\r\n\r\n";

const VARYING: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\n\
    Cache-Control: max-age=600\r\nVary: Accept-Encoding\r\nETag: \"5f3c-400\"\r\n\
    Content-Type: text/javascript\r\nContent-Length: 1024\r\n\r\n";

/// When everything happens.
const NOW: Timestamp = Timestamp::from_secs(1_763_683_200);

/// At most this many instructions.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    config.tool(callgrind);
    config
}

/// A store that has answered the request before, and the buffers of a connection that sent it.
struct Warm {
    asked: &'static [u8],
    head: RequestHead,
    policy: Policy,
    rules: KeyRules,
    key: Vec<u8>,
    variant: Vec<u8>,
    out: Vec<u8>,
    store: Store,
    _directory: tempfile::TempDir,
}

fn warm((asked, answered): (&'static [u8], &'static [u8])) -> Warm {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Settings::new(directory.path().join("cache")));
    let mut head = RequestHead::new();
    head.parse(asked, &HeadLimits::default()).unwrap();
    let mut warm = Warm {
        asked,
        head,
        policy: Policy::default(),
        rules: KeyRules::default(),
        key: Vec::with_capacity(256),
        variant: Vec::with_capacity(256),
        out: Vec::with_capacity(4096),
        store,
        _directory: directory,
    };
    fill(&mut warm, answered);
    // What is not in memory yet is read from its file by the first who asks.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !hit(&mut warm) {
        assert!(Instant::now() < deadline, "it is not found in memory");
        std::thread::yield_now();
    }
    // More than once: the thread takes a handle on what is asked for again and again.
    for _ in 0..8 {
        assert!(hit(&mut warm), "it is fresh");
    }
    warm
}

fn plan(head: &RequestHead, asked: &'static [u8], answered: &'static [u8]) -> Plan {
    let mut response = ResponseHead::new();
    response.parse(answered, &HeadLimits::default(), Method::Get).unwrap();
    let request = Request { head, buf: asked };
    let exchange = Exchange {
        target: Target::of(Scheme::Http, &request),
        request,
        response: Response { head: &response, buf: answered },
        arrival: Arrival { request_time: NOW, response_time: NOW },
    };
    storable(&exchange, &Policy::default()).unwrap()
}

fn fill(warm: &mut Warm, answered: &'static [u8]) {
    let plan = plan(&warm.head, warm.asked, answered);
    let request = Request { head: &warm.head, buf: warm.asked };
    let key = warm.rules.of_request(Target::of(Scheme::Http, &request), &request, &mut warm.key);
    let variant = plan.vary.variant(&request, &AsSent, &mut warm.variant);
    let Role::Fill(mut filling) =
        warm.store.begin_or_join(key, None, warm.store.ticket(), Asker::Anyone)
    else {
        panic!("nobody else fills");
    };
    let varies_by = (!plan.vary.is_empty()).then(|| (plan.vary.as_bytes(), variant));
    let meta = plan.metadata.encode();
    let start = Start { meta: &meta, head: &plan.head, tags: &[], varies_by, length: Some(1024) };
    filling.start(start).unwrap();
    filling.append(Bytes::from_static(&[b'x'; 1024]));
    let stored = filling.commit().stored();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(stored), "it is stored");
}

/// The way of a request from its parsed head to the head of the answer. Whether it was a hit.
fn hit(warm: &mut Warm) -> bool {
    let Warm { asked, head, policy, rules, key, variant, out, store, .. } = warm;
    let request = Request { head, buf: asked };
    if consult(&request).is_err() {
        return false;
    }
    let key = rules.of_request(Target::of(Scheme::Http, &request), &request, key);
    let Some(entry) = entry(store, key, &request, variant) else { return false };
    // As the gateway does: read once, and kept beside the response while it is in memory.
    let meta = entry.object().annex(|front| Metadata::decode(front.meta()).ok());
    let Some(meta) = meta.copied().flatten() else { return false };
    let wanted = RequestDirectives::of(&request);
    let judgement = judge(&wanted, &meta, Mark::None, policy, NOW);
    if judgement.verdict != Verdict::Fresh
        || precondition(&request, &meta, entry.head()) != Precondition::Send
        || select(&request, &meta, entry.head(), entry.body_length()) != Selection::Whole
    {
        return false;
    }
    out.clear();
    write_whole(&meta, entry.head(), entry.body_length(), judgement.age, out);
    true
}

fn entry(
    store: &Store,
    key: Key<'_>,
    request: &Request<'_>,
    variant: &mut Vec<u8>,
) -> Option<Entry> {
    let varying = match store.lookup(key) {
        Lookup::Now(Found::Hit(entry)) => return Some(entry),
        Lookup::Now(Found::Varies(varying)) => varying,
        _ => return None,
    };
    varying.lists().filter_map(Vary::from_bytes).find_map(|vary| {
        match store.lookup_variant(key, &varying, vary.variant(request, &AsSent, variant)) {
            Lookup::Now(Found::Hit(entry)) => Some(entry),
            _ => None,
        }
    })
}

#[library_benchmark]
#[bench::short(args = ((SHORT, PLAIN),), setup = warm, config = at_most(2_530))]
#[bench::browser(args = ((BROWSER, PLAIN),), setup = warm, config = at_most(2_720))]
#[bench::varying(args = ((BROWSER, VARYING),), setup = warm, config = at_most(7_690))]
fn answer_from_memory(mut warm: Warm) -> Warm {
    let fresh = hit(black_box(&mut warm));
    assert!(black_box(fresh), "it is a hit");
    warm
}

fn judged() -> (Metadata, RequestDirectives, Box<Policy>) {
    let mut head = RequestHead::new();
    head.parse(BROWSER, &HeadLimits::default()).unwrap();
    let meta = plan(&head, BROWSER, PLAIN).metadata;
    let wanted = RequestDirectives::of(&Request { head: &head, buf: BROWSER });
    (meta, wanted, Box::default())
}

#[library_benchmark]
#[bench::fresh(setup = judged, config = at_most(106))]
fn judge_alone(
    (meta, wanted, policy): (Metadata, RequestDirectives, Box<Policy>),
) -> (Judgement, Box<Policy>) {
    let judgement = judge(black_box(&wanted), black_box(&meta), Mark::None, &policy, NOW);
    // Given back, so that its end is not counted.
    (judgement, policy)
}

library_benchmark_group!(name = memory, benchmarks = [answer_from_memory, judge_alone]);

main!(library_benchmark_groups = memory);
