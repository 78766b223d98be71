//! What the cache does with each clause of RFC 9111 and its companions, over real sockets: a
//! scripted origin, the gateway with a cache, a client that reads bytes.
//!
//! Every case says what the origin answers (`site.given`), what the client asks, and what it has
//! to see. Answers are numbered by their origin, so a body tells which of them a client got.
//! Nothing waits for time to pass: an origin that sends `Age: 90` makes a response old at once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod dates;
mod site;

mod cache_status;
mod collapsing;
mod conditions;
mod credentials;
mod crowds;
mod framing;
mod freshness;
mod interim;
mod invalidation;
mod keys;
mod posts;
mod purging;
mod ranges;
mod requests;
mod stale;
mod storing;
mod streams;
mod targeted;
mod validation;
mod vary;
