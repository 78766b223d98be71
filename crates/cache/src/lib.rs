//! A shared HTTP cache: what RFC 9111 says, as functions of messages and time.
//!
//! Refuses to know: sockets, clocks, routing. Time comes in as an argument, files are the store's
//! alone. `docs/cache-rfc9111.md` goes through the clauses, each with its test.
//!
//! The life of a request in the order of its questions:
//! 1. [`lookup::consult`]: may the cache answer it at all?
//! 2. [`key::KeyRules::of_request`]: under which key; [`vary::Vary::variant`]: which variant?
//! 3. [`freshness::judge`]: is what is stored good enough?
//! 4. [`conditional::precondition`], [`range::select`]: what of it does the client need?
//!    [`answer`] writes the head.
//! 5. [`conditional::validation`]: what to ask the origin by; [`conditional::freshen`] takes its
//!    304 in.
//! 6. [`storability::storable`]: may the origin's answer be stored, and in what form?
//! 7. [`invalidation::invalidated`]: what does it make invalid?
//!
//! Steps 1 to 4 allocate nothing for a fresh response to a request without Range.
//!
//! An answer is stored, and a minute later answers another request:
//! ```
//! use tombolo_cache::directives::RequestDirectives;
//! use tombolo_cache::freshness::{Arrival, Mark, Verdict, judge};
//! use tombolo_cache::key::{Scheme, Target};
//! use tombolo_cache::message::{Request, Response};
//! use tombolo_cache::policy::Policy;
//! use tombolo_cache::storability::{Exchange, storable};
//! use tombolo_cache::time::Timestamp;
//! use tombolo_http1::{HeadLimits, Method, RequestHead, ResponseHead};
//!
//! let (mut asked, mut got) = (RequestHead::new(), ResponseHead::new());
//! let limits = HeadLimits::default();
//! let buf = b"GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n";
//! asked.parse(buf, &limits)?;
//! let request = Request { head: &asked, buf };
//! let buf = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=90\r\nContent-Length: 2\r\n\r\n";
//! got.parse(buf, &limits, Method::Get)?;
//! let response = Response { head: &got, buf };
//!
//! let policy = Policy::default();
//! let now = Timestamp::from_secs(1_763_683_200);
//! let arrival = Arrival { request_time: now, response_time: now };
//! let target = Target::of(Scheme::Http, &request);
//! let exchange = Exchange { target, request, response, arrival };
//! let plan = storable(&exchange, &policy)?;
//!
//! let later = Timestamp::from_secs(now.secs() + 60);
//! let wanted = RequestDirectives::of(&request);
//! let judgement = judge(&wanted, &plan.metadata, Mark::None, &policy, later);
//! assert_eq!((judgement.verdict, judgement.age, judgement.ttl), (Verdict::Fresh, 60, 30));
//!
//! let mut head = Vec::new();
//! tombolo_cache::answer::write_whole(&plan.metadata, &plan.head, 2, judgement.age, &mut head);
//! assert!(head.ends_with(b"Content-Length: 2\r\nAge: 60\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod answer;
pub mod cache_status;
pub mod clause;
pub mod conditional;
pub mod credentials;
pub mod directives;
pub mod freshness;
pub mod invalidation;
pub mod key;
pub mod lookup;
pub mod message;
pub mod metadata;
pub mod policy;
pub mod range;
pub mod storability;
pub mod store;
pub mod stored_head;
pub mod time;
pub mod vary;

#[cfg(test)]
mod testing;
