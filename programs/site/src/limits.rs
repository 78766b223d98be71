//! Every limit of this program beside those of its connections, which are `tombolo_serve`'s. What
//! is not bounded here is bounded by these.
//!
//! Open files: a connection serves one response at a time and a response holds at most one file
//! between reads, so at most `CONNECTIONS` sockets and as many files are open at once, and five
//! more (the root and the precompressed siblings) for each look-up under way. Look-ups and reads
//! run on tokio's blocking pool: 512 threads unless the runtime says otherwise; others queue there.
//! Memory for streaming: two chunks of [`CHUNK_BYTES`] for each response under way, beside hyper's
//! buffers of at most `HEAD_BYTES` each.

/// A request's path and query, in bytes; answered with 414 above.
pub(crate) const TARGET_BYTES: usize = 8 * 1024;

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
