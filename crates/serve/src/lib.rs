//! How every service serves HTTP/1.1: connections in, watched, drained.
//!
//! Owns the accept loop, the deadlines of a connection and the order of a drain, so that all
//! services keep the same, and who a request comes from. The message format (RFC 9112) is hyper's; what a request means is the
//! service's.

mod admission;
mod client;
mod interim;
pub mod limits;
mod server;
mod short;
mod watched;

pub use client::{Client, Clients};
pub use server::{Limits, Peer, Server};
pub use watched::{Exchange, Patience};
