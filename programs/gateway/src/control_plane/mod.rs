//! The control plane: one small runtime that starts the data plane, watches signals and names,
//! and publishes what the data plane reads. The request path does not know that it exists.
//!
//! | file | one idea |
//! |---|---|
//! | `snapshot.rs`, `routes.rs` | what is published: immutable, in the form the request path uses |
//! | `resolver.rs` | names of servers, looked up again and again |
//! | `health.rs` | what time changes of servers' health |
//! | `supervise.rs` | start, signals, drain |
//! | `admin/` | status, metrics and purges for operators |

mod admin;
mod health;
mod resolver;
mod routes;
mod snapshot;
mod supervise;

pub use admin::AdminError;
pub(crate) use routes::Route;
pub(crate) use snapshot::Snapshot;
pub(crate) use supervise::supervise;
