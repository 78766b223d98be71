//! A shared HTTP cache: what RFC 9111 says, as functions of messages and time.
//!
//! Refuses to know: sockets, clocks, files (those are the store's), routing. Time comes in as
//! an argument.

pub mod directives;
pub mod key;
pub mod message;
pub mod time;

#[cfg(test)]
mod testing;
