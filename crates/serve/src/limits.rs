//! What a connection may cost, unless a service says otherwise.

use std::time::Duration;

/// Connections served at once. Further ones wait in the listener's backlog.
pub const CONNECTIONS: usize = 4096;

/// Of these, what one client may have, as a part: one of so many.
pub const CONNECTIONS_SHARE: usize = 4;

/// A request's head, in bytes; hyper answers 431 above. Also bounds the write buffer.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Field lines of a request's head; hyper answers 431 above.
pub const HEAD_FIELDS: usize = 100;

/// From the first byte of a request's head to its last.
pub const HEAD_TIME: Duration = Duration::from_secs(10);

/// A connection without a request. Longer than a gateway keeps its idle upstream connections
/// (60 s), so that the gateway, not we, decides when one ends.
pub const IDLE_TIME: Duration = Duration::from_secs(75);

/// The same for a connection that was taken while draining: its request should be on its way.
pub const DRAIN_IDLE_TIME: Duration = Duration::from_secs(1);

/// A reader that does not take [`WRITE_LEAST_BYTES`] of our answer, nor all that waits for it.
pub const WRITE_STALL_TIME: Duration = Duration::from_secs(30);

/// What a reader has to take within [`WRITE_STALL_TIME`] while something waits for it, in bytes: 512
/// each second.
pub const WRITE_LEAST_BYTES: usize = 15 * 1024;

/// Between two warnings that clients have too many connections.
pub const REFUSALS_PAUSE: Duration = Duration::from_secs(10);

/// Connections that are told at one time that memory is short. Further ones are closed.
pub(crate) const TOLD_SHORT: usize = 64;

/// Seconds after which a client that was told so may ask again.
pub(crate) const RETRY_AFTER: u64 = 2;

/// How long to pause after the system refused a connection (a full file table, say).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
