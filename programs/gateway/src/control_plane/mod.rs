//! The control plane: one small runtime that starts the data plane, watches signals and names,
//! and publishes what the data plane reads. The request path does not know that it exists.
//!
//! | file | one idea |
//! |---|---|
//! | `snapshot.rs`, `routes.rs` | what is published: immutable, in the form the request path uses |
//! | `bounds.rs` | what an exchange may take, for each route |
//! | `publication.rs` | the snapshot in force, for all threads |
//! | `resolver.rs` | names of servers, looked up again and again |
//! | `checks/` | servers asked whether they are well |
//! | `health.rs` | who is ejected, and what time changes |
//! | `source.rs` | where the configuration is read from, again and again |
//! | `reload.rs`, `difference/` | a new configuration put in force as a whole, and what it changes |
//! | `reloads.rs`, `through_up.rs` | what became of the last reload; a reload under `tombolo up` |
//! | `listening.rs` | the listeners of all threads |
//! | `drain.rs` | drains by name, which can be taken back |
//! | `memory/` | what is known of servers, over a restart |
//! | `wish.rs`, `standing.rs` | what operators want, and whether new work is wanted |
//! | `series.rs` | rates over time |
//! | `traces/` | spans to a collector |
//! | `succession/` | a new process takes this one's place |
//! | `lifeline.rs` | an end with the `tombolo up` that runs this gateway |
//! | `supervise.rs`, `attend.rs`, `finish.rs` | the start, what is wanted of it while it serves, the end |
//! | `admin/` | status, metrics, reloads and purges for operators |

mod admin;
mod attend;
mod bounds;
mod checks;
mod descriptors;
mod difference;
mod drain;
mod finish;
mod health;
mod lifeline;
mod listening;
mod memory;
mod names;
mod publication;
mod reload;
mod reloads;
mod routes;
mod series;
mod snapshot;
mod source;
mod standing;
mod succession;
mod supervise;
mod through_up;
pub(crate) mod traces;
mod wish;

pub use admin::AdminError;
pub(crate) use bounds::{Bounds, span};
pub(crate) use drain::{How, Target};
pub(crate) use listening::Addresses;
#[cfg(test)]
pub(crate) use names::Answers;
pub(crate) use publication::Publication;
pub(crate) use reload::Refused;
pub(crate) use reloads::{LastReload, Reloads};
pub(crate) use routes::Route;
pub(crate) use snapshot::Snapshot;
pub use source::Source;
pub(crate) use standing::Standing;
pub(crate) use supervise::supervise;
pub(crate) use wish::{Wish, Wishes};
