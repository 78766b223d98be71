//! Balancing of connections that are not HTTP: `[[tcp]]`.
//!
//! ```text
//!   accepted ─ introduced ─ reached ─ carried ─ counted
//!     │            │           │          │
//!     │            │           │          └ both.rs, direction.rs: bytes both ways
//!     │            │           └ reach.rs: a server that takes the connection
//!     │            └ data_plane/introduction.rs: whom a PROXY protocol header names
//!     └ data_plane/worker.rs: the limits that HTTP has too, and the table's own
//! ```
//! One task for each connection. While it is quiet it holds two sockets and a deadline, and no
//! buffer. Nothing is read from one side that the other does not take.
//!
//! | file | one idea |
//! |---|---|
//! | `proxy.rs` | a `[[tcp]]` table as the data plane uses it |
//! | `tally.rs` | what is counted, and the limit that is kept by it |
//! | `serve.rs` | a connection from its acceptance to its end |
//! | `reach.rs` | choosing a server and connecting to it |
//! | `both.rs` | two directions under one deadline |
//! | `direction.rs` | bytes of one direction, and its end |
//! | `chunk.rs` | the small buffers that directions borrow |

mod both;
mod chunk;
mod direction;
mod proxy;
mod reach;
mod serve;
mod tally;

pub(crate) use chunk::Chunks;
pub(crate) use proxy::{TcpProxy, name};
pub(crate) use serve::serve;
pub(crate) use tally::{Place, Totals};
