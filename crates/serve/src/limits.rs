//! What a connection may cost, unless a service says otherwise.

use std::time::Duration;

/// Connections served at once. Further ones wait in the listener's backlog.
pub const CONNECTIONS: usize = 4096;

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

/// A reader that takes no byte of our answer.
pub const WRITE_STALL_TIME: Duration = Duration::from_secs(30);

/// How long to pause after the system refused a connection (a full file table, say).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
