//! The way of a hit allocates nothing once its buffers have grown.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use tombolo_cache::answer::write_whole;
use tombolo_cache::cache_status::CacheStatus;
use tombolo_cache::conditional::{Precondition, precondition};
use tombolo_cache::directives::RequestDirectives;
use tombolo_cache::freshness::{Arrival, Mark, Verdict, judge};
use tombolo_cache::key::{KeyRules, Scheme, Target};
use tombolo_cache::lookup::consult;
use tombolo_cache::message::{Request, Response};
use tombolo_cache::metadata::Metadata;
use tombolo_cache::policy::Policy;
use tombolo_cache::range::{Selection, select};
use tombolo_cache::storability::{Exchange, storable};
use tombolo_cache::time::Timestamp;
use tombolo_http1::{HeadLimits, Method, RequestHead, ResponseHead};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts what this thread asks of it.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the counter is a plain cell of the
// thread without a destructor, which neither allocates nor unwinds.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above, that is from the same allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What a browser sends for a script it has seen before.
const ASKED: &[u8] = b"GET /assets/app.js?v=12 HTTP/1.1\r\nHost: www.Example.org:80\r\n\
    Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\
    Cache-Control: max-age=600\r\nCookie: a=b\r\nIf-None-Match: \"5f3c-abcdef\"\r\n\
    If-Modified-Since: Thu, 20 Nov 2025 00:00:00 GMT\r\n\r\n";

const ANSWERED: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Fri, 21 Nov 2025 00:00:00 GMT\r\n\
    Cache-Control: max-age=600\r\nVary: Accept-Encoding, Accept-Language\r\nETag: \"5f3c-400\"\r\n\
    Content-Type: text/javascript\r\nContent-Length: 1024\r\n\r\n";

#[test]
fn a_hit_allocates_nothing() {
    let limits = HeadLimits::default();
    let (mut asked, mut answered) = (RequestHead::new(), ResponseHead::new());
    asked.parse(ASKED, &limits).unwrap();
    answered.parse(ANSWERED, &limits, Method::Get).unwrap();
    let now = Timestamp::from_secs(1_763_683_200);
    let request = Request { head: &asked, buf: ASKED };
    let exchange = Exchange {
        target: Target::of(Scheme::Http, &request),
        request,
        response: Response { head: &answered, buf: ANSWERED },
        arrival: Arrival { request_time: now, response_time: now },
    };
    let policy = Policy::default();
    let plan = storable(&exchange, &policy).unwrap();
    let kept = plan.metadata.encode();
    let rules = KeyRules::default();
    let (mut key, mut variant, mut out) = (Vec::new(), Vec::new(), Vec::new());

    let mut serve = || {
        out.clear();
        consult(&request).unwrap();
        black_box(rules.of_request(Target::of(Scheme::Http, &request), &request, &mut key));
        black_box(plan.vary.variant(&request, &tombolo_cache::vary::AsSent, &mut variant));
        let meta = Metadata::decode(&kept).unwrap();
        let wanted = RequestDirectives::of(&request);
        let judgement = judge(&wanted, &meta, Mark::None, &policy, now);
        assert_eq!(judgement.verdict, Verdict::Fresh);
        assert_eq!(precondition(&request, &meta, &plan.head), Precondition::Send);
        assert_eq!(select(&request, &meta, &plan.head, 1024), Selection::Whole);
        write_whole(&meta, &plan.head, 1024, judgement.age, &mut out);
        let status = CacheStatus { hit: true, ttl: Some(judgement.ttl), ..CacheStatus::default() };
        status.write_field(&mut out);
    };
    serve();
    let before = ALLOCATIONS.with(Cell::get);
    serve();
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
    assert!(before > 0, "the counter counts");
}
