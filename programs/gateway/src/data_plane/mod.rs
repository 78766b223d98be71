//! The data plane: one OS thread for each usable core, each on its own.
//!
//! A thread owns its listener sockets, its connections, its pool of upstream connections, its
//! buffers, its clock and its part of the access log. The request path shares nothing it writes
//! with another thread but the turn counter of round robin.
//!
//! | file | one idea |
//! |---|---|
//! | `worker.rs` | the thread: runtime, orders, tick, drain |
//! | `entrance.rs` | a thread's accept loop, and what its connections know of it |
//! | `listener.rs` | binding a socket for each thread |
//! | `core.rs` | what all connections of a thread use |
//! | `admission.rs` | how many connections in all and for each client |
//! | `introduction.rs` | whom a proxy in front says a connection is from |
//! | `connection.rs` | keep-alive: exchanges one after another, small while idle |
//! | `timers.rs` | deadlines by a coarse clock |
//! | `pace.rs` | how slow a client may be |
//! | `workspace.rs`, `buffer.rs` | the memory of one exchange |
//! | `stream.rs`, `transfer.rs` | sockets under deadlines; bodies from one to the other |
//! | `reply.rs`, `sendfile.rs` | answers from memory and from files |
//! | `half_heads.rs` | the memory of heads that come in pieces |
//! | `shares.rs` | the memory of requests under way, for each client |
//! | `rounds.rs` | reads first, then sends upstream, then to clients: fewer wake-ups |
//! | `splice.rs` | large bodies moved inside the kernel |
//! | `seldom.rs` | complaints that a stranger can cause |
//! | `date.rs` | the `Date` field, made once a second |

mod admission;
mod buffer;
mod connection;
mod core;
mod date;
mod entrance;
mod half_heads;
mod introduction;
mod listener;
mod pace;
mod reply;
mod rounds;
mod seldom;
mod sendfile;
mod shares;
mod splice;
mod stream;
mod timers;
mod transfer;
mod waits;
mod worker;
mod workspace;

pub(crate) use admission::Admission;
pub(crate) use buffer::Buffer;
pub(crate) use connection::{Connection, Next};
pub(crate) use core::Core;
pub use listener::BindError;
pub(crate) use listener::{Bound, Door, Speaks};
pub(crate) use pace::{Pace, Wait};
pub(crate) use reply::reply;
pub(crate) use sendfile::send_file;
pub(crate) use shares::{Full, Share};
pub(crate) use splice::{Borrowed, Pipes};
pub(crate) use stream::{
    Stop, Waiting, Watch, half_close, has_failed, has_left, peek, poll_read_now, poll_write_now,
    read, read_for, reset_on_close, try_read, write_ahead, write_all,
};
pub(crate) use timers::{TICK, Timer, ticks};
pub(crate) use tombolo_daemon::loopback::spare_pacing;
pub(crate) use transfer::{Transfer, TransferError};
pub(crate) use worker::{Idle, Order, Worker, WorkerOptions};
pub(crate) use workspace::Workspace;
