//! A shared HTTP cache: what RFC 9111 says, as functions of messages and time.
//!
//! Refuses to know: sockets, clocks, files (those are the store's), routing. Time comes in as
//! an argument.

pub mod cache_status;
pub mod clause;
pub mod conditional;
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
pub mod stored_head;
pub mod time;
pub mod vary;

#[cfg(test)]
mod testing;
