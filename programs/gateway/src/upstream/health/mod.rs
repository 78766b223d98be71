//! How each server does: what is known of it, why and since when, and its gate, the one word of all
//! this that the request path reads.
//!
//! A server is *up*, *down* (its checks fail), *draining* (somebody said so) or *ejected* (it failed
//! requests). Whoever learns of something tells it to [`Health`]; nothing else writes a gate.
//!
//! | file | one idea |
//! |---|---|
//! | `server_health.rs` | what is known of one server, and who may say what |
//! | `failures.rs` | what requests showed: failures in a row, probes answered |
//! | `watch.rs` | who is ejected, and who is back |
//! | `suspicion.rs` | a bad server told from a bad page |
//! | `server_health/change.rs` | where it changes, and the gate follows |
//! | `server_health/told.rs` | what operators are told of it |
//! | `server_health/memory.rs` | what of it outlives the process |
//! | `changes.rs` | told whenever any of it changes |
//! | `clock.rs` | time as all of this has it |

mod changes;
mod clock;
mod failures;
mod server_health;
mod suspicion;
mod watch;

pub(crate) use changes::{changed, tell_of_change};
pub(crate) use clock::{millis_since_start, since_start};
pub(crate) use failures::{Failures, Fault, Page};
pub(crate) use server_health::{Health, LastCheck, ServerMemory, Told};
pub(crate) use watch::{Watch, rung};
