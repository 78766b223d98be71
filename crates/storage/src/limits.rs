//! Every limit of a database's connections, in one place.

use std::time::Duration;

/// Connections of one process that only read a SQLite file. Each is a thread.
pub const SQLITE_READERS: u32 = 4;

/// Connections of one process to PostgreSQL, beside the one that listens. Three replicas of four
/// services stay below PostgreSQL's default of 100.
pub const POSTGRES_CONNECTIONS: u32 = 8;

/// How long a connection is waited for when all are busy.
pub const ACQUIRE_TIME: Duration = Duration::from_secs(5);

/// How long SQLite waits for another process's transaction before it says "busy".
pub const BUSY_TIME: Duration = Duration::from_secs(5);

/// How long PostgreSQL works at one statement, or waits within a transaction.
pub const STATEMENT_TIME: Duration = Duration::from_secs(10);

/// How long a database that cannot be reached is tried again at the start: it may be starting too.
pub const OPEN_TIME: Duration = Duration::from_secs(15);

/// The pause before the first further try; it doubles up to [`RETRY_PAUSE_MAX`].
pub const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause between two tries.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// SQLite's write-ahead log is cut to this size, in bytes, when a checkpoint empties it.
pub const WAL_BYTES: u32 = 64 * 1024 * 1024;

/// Bytes of a database's address.
pub const URL_BYTES: usize = 4096;
