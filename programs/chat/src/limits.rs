//! Every limit of this program, in one place. What is not bounded here is bounded by these.
//!
//! Memory: each room that is followed keeps at most [`RING_BYTES`] of encoded events, and
//! [`ROOMS_FOLLOWED`] rooms can be followed at once; a reader holds at most one page of history
//! ([`PAGE_MESSAGES`]) or one batch of its room, which all readers share.

use std::time::Duration;

/// Connections served at once; a reader is one.
pub(crate) const CONNECTIONS: usize = 20_000;

/// A request's body, in bytes.
pub(crate) const BODY_BYTES: usize = 64 * 1024;

/// Characters of a room's name.
pub(crate) const ROOM_CHARACTERS: usize = 64;

/// Characters of an author's name.
pub(crate) const AUTHOR_CHARACTERS: usize = 64;

/// Characters of a message's text.
pub(crate) const TEXT_CHARACTERS: usize = 4000;

/// Bytes of an `Idempotency-Key`.
pub(crate) const KEY_BYTES: usize = 128;

/// Rooms that the log holds. A post to a further one is refused.
pub(crate) const ROOMS: i64 = 10_000;

/// Messages kept in each room unless `--history` says otherwise.
pub(crate) const HISTORY: u64 = 10_000;

/// Messages that one commit removes from a room's beginning at most.
pub(crate) const TRIM: u64 = 1000;

/// Messages of one page of `GET messages` unless the request says otherwise.
pub(crate) const PAGE_DEFAULT: u64 = 100;

/// Messages of one page at most; also what a reader that catches up reads at a time.
pub(crate) const PAGE_MESSAGES: u64 = 256;

/// Rooms of one page of `GET rooms` at most.
pub(crate) const PAGE_ROOMS: u64 = 1000;

/// Readers that read history from the database at the same time.
pub(crate) const REPLAYS: usize = 8;

/// Posts that wait for a commit. Further ones are told to come back.
pub(crate) const QUEUE: usize = 4096;

/// How long the database may take to show that it can be read and written: a far one needs three
/// round trips for a connection. Less than the time after which a gateway gives up.
pub(crate) const HEALTH_TIME: Duration = Duration::from_millis(1500);

/// Posts of one commit.
pub(crate) const COMMIT_POSTS: usize = 256;

/// How long a post is tried while the database is busy or away, its wait in the queue included.
pub(crate) const COMMIT_TIME: Duration = Duration::from_secs(10);

/// How long one try of a commit may take: a second one on another connection still fits into
/// [`COMMIT_TIME`].
pub(crate) const COMMIT_TRY: Duration = Duration::from_secs(4);

/// How long a read may take.
pub(crate) const READ_TIME: Duration = Duration::from_secs(5);

/// How long finding out whether the log is the one it was may take.
pub(crate) const SETTLE_TIME: Duration = Duration::from_secs(10);

/// Rooms with readers at one replica.
pub(crate) const ROOMS_FOLLOWED: usize = 4096;

/// Batches of events that a room keeps for its readers: who is further behind is cut.
pub(crate) const RING_BATCHES: usize = 1024;

/// Bytes of those batches, as encoded for both protocols.
pub(crate) const RING_BYTES: usize = 4 * 1024 * 1024;

/// Messages that a room begins with when its first reader comes, and after a reset.
pub(crate) const RING_START: u64 = PAGE_MESSAGES;

/// A room without readers is forgotten after this.
pub(crate) const ROOM_IDLE: Duration = Duration::from_secs(30);

/// How often a SQLite file is looked at for what a lost datagram would have told.
pub(crate) const POLL_SQLITE: Duration = Duration::from_millis(100);

/// How often PostgreSQL is asked for what a lost notification would have told.
pub(crate) const POLL_POSTGRES: Duration = Duration::from_secs(1);

/// The heart of every room: presence, leases and heartbeats are looked after this often.
pub(crate) const BEAT: Duration = Duration::from_secs(1);

/// Between two `ping` events of a room.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// Between two reports of a replica about who is with it.
pub(crate) const PRESENCE_REPORT: Duration = Duration::from_secs(15);

/// How long another replica's report counts.
pub(crate) const PRESENCE_LEASE: Duration = Duration::from_secs(45);

/// Names that a presence event or report lists; the count goes on.
pub(crate) const PRESENCE_NAMES: usize = 64;

/// Replicas whose presence is kept for a room.
pub(crate) const PRESENCE_REPLICAS: usize = 64;

/// How long somebody is typing once they said so.
pub(crate) const TYPING_TIME: Duration = Duration::from_secs(5);

/// The same author's typing is told again only after this.
pub(crate) const TYPING_PAUSE: Duration = Duration::from_secs(2);

/// Authors of a room whose typing is told within [`TYPING_PAUSE`].
pub(crate) const TYPING_AUTHORS: usize = 64;

/// Bytes of a notice between replicas. PostgreSQL carries less than 8000.
pub(crate) const NOTICE_BYTES: usize = 7900;

/// Notices that wait to be sent or read. Further ones are lost, and polling makes up for them.
pub(crate) const NOTICES: usize = 1024;

/// Replicas of one machine that a datagram goes to.
pub(crate) const SIBLINGS: usize = 64;

/// Clients whose rate is remembered. Beyond, newcomers share one.
pub(crate) const CLIENTS: usize = 65_536;

/// Posts each second of one client unless `--rate` says otherwise.
pub(crate) const RATE: u32 = 10;

/// Posts that a client may send at once, in seconds of its rate.
pub(crate) const BURST_SECONDS: u32 = 4;

/// A WebSocket that says nothing, not even a pong, for this long is closed.
pub(crate) const SOCKET_SILENCE: Duration = Duration::from_secs(75);

/// Between two pings of a WebSocket.
pub(crate) const SOCKET_PING: Duration = Duration::from_secs(25);

/// When a client should come back after its stream ended, in milliseconds: drawn at random
/// between these, so that not all come at once.
pub(crate) const RETRY_MILLIS: std::ops::RangeInclusive<u64> = 200..=3000;

/// The same while nothing is wrong.
pub(crate) const RETRY_CALM_MILLIS: u64 = 2000;

/// A replica's name, in bytes.
pub(crate) const REPLICA_BYTES: usize = 64;
