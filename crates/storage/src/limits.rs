//! Every limit of a database's connections, in one place.

use std::time::Duration;

/// Connections of one process that write a SQLite file: one at a time can, so one is enough. Each
/// connection is a thread.
pub const SQLITE_WRITERS: u32 = 1;

/// Connections of one process that only read a SQLite file.
pub const SQLITE_READERS: u32 = 4;

/// Connections of one process to PostgreSQL that write. With those below and the one that listens,
/// three replicas of three services stay below PostgreSQL's default of 100.
pub const POSTGRES_WRITERS: u32 = 2;

/// Connections of one process to PostgreSQL that answer clients' reads.
pub const POSTGRES_READERS: u32 = 4;

/// Connections that follow what others write, on either engine: readers that hang do not hold
/// them up.
pub const FOLLOWERS: u32 = 1;

/// Connections of one process to PostgreSQL for checks of health, and rounds of checks at the same
/// time: one that hangs does not hold up the next. With SQLite there is one, to read.
pub const HEALTH: u32 = 2;

/// Between the beginnings of two rounds of checks.
pub const HEALTH_PERIOD: Duration = Duration::from_millis(500);

/// How long a statement of a check may take from its beginning; with PostgreSQL the time that
/// connecting took at best is added, for servers that are far away.
pub const HEALTH_STATEMENT: Duration = Duration::from_secs(1);

/// A success whose statement began longer ago counts for nothing: a period, and a statement.
pub const HEALTH_STALE: Duration = Duration::from_millis(1500);

/// When nobody asked for so long there are no rounds, until somebody does.
pub const HEALTH_UNASKED: Duration = Duration::from_secs(30);

/// Connections of one process to PostgreSQL at most: these, and one that listens.
pub const POSTGRES_CONNECTIONS: u32 = POSTGRES_WRITERS + POSTGRES_READERS + FOLLOWERS + HEALTH + 1;

/// How long connecting may take, settings included. Three round trips without TLS, five with it.
pub const CONNECT_TIME: Duration = Duration::from_secs(8);

/// A connection that was idle for longer is asked whether it is alive before it is used.
pub const IDLE_UNCHECKED: Duration = Duration::from_secs(5);

/// How long that may take.
pub const PING_TIME: Duration = Duration::from_secs(2);

/// How long the goodbye to a PostgreSQL server may take.
pub const HANG_UP_TIME: Duration = Duration::from_secs(1);

/// How long ending all connections may take at the end.
pub const CLOSE_TIME: Duration = Duration::from_secs(5);

/// How long SQLite waits by itself for another process's transaction. Longer waits are tries of
/// ours, so that deadlines hold.
pub const BUSY_TIME: Duration = Duration::from_millis(200);

/// The pause between two tries to begin a SQLite transaction; drawn at random below this.
pub const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// How long a database that cannot be reached is tried again at the start: it may be starting too.
pub const OPEN_TIME: Duration = Duration::from_secs(15);

/// The pause before the first further try; it doubles up to [`RETRY_PAUSE_MAX`].
pub const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two tries.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// SQLite's write-ahead log is cut to this size, in bytes, when a checkpoint empties it.
pub const WAL_BYTES: u32 = 64 * 1024 * 1024;

/// Bytes of a database's address.
pub const URL_BYTES: usize = 4096;
