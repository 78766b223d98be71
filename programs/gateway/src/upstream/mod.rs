//! Upstreams as the data plane sees them: servers with their addresses, connections to them, and
//! the pools in which idle connections wait.

mod connect;
mod flight;
mod health;
mod overflow;
mod pool;
mod server;

pub(crate) use connect::{ConnectError, connect};
pub(crate) use flight::Flight;
pub(crate) use health::{Health, Told};
pub(crate) use overflow::Overflow;
pub(crate) use pool::Pool;
pub(crate) use server::{Server, Upstream, client_hash};
