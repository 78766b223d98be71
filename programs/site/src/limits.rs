//! Every limit of this program, in one place. What is not bounded here is bounded by these.
//!
//! Open files: a connection serves one response at a time and a response holds at most one file
//! between reads, so at most [`CONNECTIONS`] sockets and as many files are open at once, and five
//! more (the root and the precompressed siblings) for each look-up under way. Look-ups and reads
//! run on tokio's blocking pool: 512 threads unless the runtime says otherwise; others queue there.
//! Memory for streaming: two chunks of [`CHUNK_BYTES`] for each response under way, beside hyper's
//! buffers of at most [`HEAD_BYTES`] each.

use std::time::Duration;

/// Connections served at once. Further ones wait in the listener's backlog.
pub(crate) const CONNECTIONS: usize = 4096;

/// A request's head, in bytes; hyper answers 431 above. Also bounds the write buffer.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// Field lines of a request's head; hyper answers 431 above.
pub(crate) const HEAD_FIELDS: usize = 100;

/// A request's path and query, in bytes; answered with 414 above.
pub(crate) const TARGET_BYTES: usize = 8 * 1024;

/// From the first byte of a request's head to its last.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(10);

/// A connection without a request. Longer than a gateway keeps its idle upstream connections
/// (60 s), so that the gateway, not we, decides when one ends.
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(75);

/// The same for a connection that was taken while draining: its request should be on its way.
pub(crate) const DRAIN_IDLE_TIME: Duration = Duration::from_secs(1);

/// A reader that takes no byte of our answer.
pub(crate) const WRITE_STALL_TIME: Duration = Duration::from_secs(30);

/// How long to pause after the system refused a connection (a full file table, say).
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Ranges in one request. A request for more is answered with the whole (RFC 9110, 14.2).
pub(crate) const RANGES: usize = 16;

/// One read of a file, in bytes. Files up to this size are read whole, in one go.
pub(crate) const CHUNK_BYTES: u64 = 64 * 1024;

/// Files up to this size get an entity tag from their content; larger ones from size and time.
pub(crate) const HASHED_BYTES: u64 = 16 * 1024 * 1024;

/// Content hashes remembered.
pub(crate) const HASHES_KEPT: usize = 4096;

/// How often a file that changes while it is read is read again before giving up.
pub(crate) const READ_ATTEMPTS: usize = 3;

/// A replica's name, in bytes.
pub(crate) const REPLICA_NAME_BYTES: usize = 64;
