//! Upstreams as the data plane sees them: servers with their addresses, connections to them, and
//! the pools in which idle connections wait.

mod connect;
mod flight;
mod health;
mod number;
mod pool;
mod server;
mod shelf;

pub(crate) use connect::{ConnectError, connect};
pub(crate) use flight::Flight;
pub(crate) use health::{
    Fault, Health, LastCheck, ServerMemory, Told, Watch, changed, rung, since_start, tell_of_change,
};
pub(crate) use number::Numbers;
pub(crate) use pool::Pool;
pub(crate) use server::{Makings, Server, Upstream, client_hash};
