//! Choosing a backend: policies, weights and health. Pure: events and time in, choice out.
//!
//! Owns the choice of one server of one upstream for one request, and the counts that choice needs
//! (turns taken, requests in flight). Opens no socket, reads no clock, keeps no thread, draws no
//! random number and takes no lock: whoever asks brings the random number and the hash of the
//! request, and the time. Knows nothing of HTTP or of configuration files, and how a server does only
//! from what it is told.
//!
//! One [`Balancer`] per upstream is shared by all data-plane threads. Everything that is laid out
//! once (schedule, shares, tokens) is immutable after [`Balancer::new`]; what changes is one turn
//! counter, the servers' gates, their rooms where they have a limit and, per thread, its own row of
//! in-flight counts.
//!
//! | file | one idea |
//! |---|---|
//! | `balancer.rs` | the choice: who may be chosen, in which order |
//! | `balancer/policies.rs` | what each policy looks at |
//! | `balancer/load.rs` | how busy each server is |
//! | `balancer/rooms.rs` | the choice where servers take only so many requests |
//! | `balancer/rehearsal.rs` | the choice, only looked at |
//! | `policy.rs`, `server.rs` | what is chosen by, what is chosen from |
//! | `gate.rs` | whether a server may be chosen: one word for each, read by every pick |
//! | `room.rs` | how many may be at a server at one time |
//! | `gradient.rs` | a limit that finds itself |
//! | `tried.rs` | the servers one request has already been to |
//! | `schedule.rs` | smooth weighted turns, laid out in advance |
//! | `shares.rs` | drawing in proportion to weight |
//! | `flight.rs` | requests in flight, counted without sharing |
//! | `latency.rs` | how long servers took lately |
//! | `rendezvous.rs` | weighted rendezvous hashing |
//! | `hash.rs` | the stable hash under keys and tokens |
//! | `health/` | how a server does, and the gate that follows |
//! | `error_retries.rs` | retries after an error status that nobody asked for |
//! | `retry_budget.rs` | how many requests may be repeated |
//! | `sticky.rs` | the opaque token that stands for a server in a cookie |

mod balancer;
mod error_retries;
mod flight;
mod gate;
mod gradient;
mod hash;
mod health;
mod latency;
mod policy;
mod rendezvous;
mod retry_budget;
mod room;
mod schedule;
mod server;
mod shares;
mod sticky;
mod tried;

pub use balancer::{Ask, Balancer, MAX_SERVERS};
pub use error_retries::{ErrorRetries, Retry};
pub use gate::{Gate, Standing};
pub use gradient::{Bounds, Gradient, Window};
pub use hash::hash_key;
pub use health::{
    CheckCounts, Circuit, Condition, EjectionCause, EjectionRules, EjectionStage, FailureWindow,
    MaxEjected, PastEjection, Remembered, ServerState, Tally, Totals, Verdict,
};
pub use policy::{Policy, UnknownPolicy};
pub use retry_budget::RetryBudget;
pub use room::Room;
pub use schedule::MAX_TURNS;
pub use server::{ServerSpec, Weight};
pub use tried::Tried;
