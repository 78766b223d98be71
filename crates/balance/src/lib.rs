//! Choosing a backend: policies and weights. Pure: events in, choice out.
//!
//! Owns the choice of one server of one upstream for one request, and the counts that choice needs
//! (turns taken, requests in flight). Opens no socket, reads no clock, keeps no thread, draws no
//! random number and takes no lock: whoever asks brings the random number and the hash of the
//! request. Knows nothing of HTTP, of configuration files, or of whether a server is well.
//!
//! One [`Balancer`] per upstream is shared by all data-plane threads. Everything that is laid out
//! once (schedule, shares, tokens) is immutable after [`Balancer::new`]; what changes is one turn
//! counter and, per thread, its own row of in-flight counts.
//!
//! | file | one idea |
//! |---|---|
//! | `balancer.rs` | the choice: which policy asks what, in which order |
//! | `policy.rs`, `server.rs` | what is chosen by, what is chosen from |
//! | `tried.rs` | the servers one request has already been to |
//! | `schedule.rs` | smooth weighted turns, laid out in advance |
//! | `shares.rs` | drawing in proportion to weight |
//! | `flight.rs` | requests in flight, counted without sharing |
//! | `rendezvous.rs` | weighted rendezvous hashing |
//! | `hash.rs` | the stable hash under keys and tokens |
//! | `sticky.rs` | the opaque token that stands for a server in a cookie |

mod balancer;
mod flight;
mod hash;
mod policy;
mod rendezvous;
mod schedule;
mod server;
mod shares;
mod sticky;
mod tried;

pub use balancer::{Ask, Balancer, MAX_SERVERS};
pub use hash::hash_key;
pub use policy::{Policy, UnknownPolicy};
pub use schedule::MAX_TURNS;
pub use server::{ServerSpec, Weight};
pub use tried::Tried;
