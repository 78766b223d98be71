//! Upstreams as the data plane sees them: servers with their addresses, connections to them, and
//! the pools in which idle connections wait; and the queue in which requests do.

mod address;
mod connect;
mod flight;
mod health;
mod limit;
mod number;
mod pace;
mod pool;
mod queue;
mod server;
mod shelf;
mod target;
mod wait;

pub(crate) use address::Address;
pub(crate) use connect::{ConnectError, connect};
pub(crate) use flight::Flight;
pub(crate) use health::{
    Fault, Health, LastCheck, Page, ServerMemory, Told, Watch, changed, millis_since_start, rung,
    since_start, tell_of_change,
};
pub(crate) use limit::Limit;
pub(crate) use number::Numbers;
pub(crate) use pool::Pool;
pub(crate) use queue::{Overload, QueueTotals, Wants};
pub(crate) use server::{Makings, Server, Upstream, client_hash};
pub(crate) use target::Target;
pub(crate) use wait::{Unserved, wait};
