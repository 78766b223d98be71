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
//! | `clock.rs` | time since the process began |

mod clock;
mod failures;
mod server_health;
mod watch;

pub(crate) use clock::now as since_start;
pub(crate) use failures::{Failures, Fault};
pub(crate) use server_health::{Health, LastCheck, Told};
pub(crate) use watch::{Watch, rung};
