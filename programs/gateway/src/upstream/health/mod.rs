//! How each server does: what is known of it, why and since when, and its gate, the one word of all
//! this that the request path reads.
//!
//! A server is *up*, *down* (its checks fail), *draining* (somebody said so) or *ejected* (it failed
//! requests). Whoever learns of something tells it to [`Health`]; nothing else writes a gate.
//!
//! | file | one idea |
//! |---|---|
//! | `server_health.rs` | what is known of one server, and who may say what |
//! | `clock.rs` | time since the process began |

mod clock;
mod server_health;

pub(crate) use server_health::{Health, Told};
