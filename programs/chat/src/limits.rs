//! Every limit of this program, in one place. What is not bounded here is bounded by these.
//!
//! Memory: the rooms that are followed keep at most about [`RINGS_BYTES`] of encoded events together,
//! and one of them at most [`RING_BYTES`]. History that is read and on its way to clients takes at most
//! [`HISTORY_BYTES`], and [`HISTORY_BYTES_EACH`] for one client. A reader that is up with its room holds
//! a batch of it, which all readers share.

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

/// A room that nobody has written in for this long gives way to a new one when there are [`ROOMS`].
pub(crate) const ROOM_EXPIRY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Messages kept in each room unless `--history` says otherwise.
pub(crate) const HISTORY: u64 = 10_000;

/// Messages that one commit removes from a room's beginning at most.
pub(crate) const TRIM: u64 = 1000;

/// Messages of one page of `GET messages` unless the request says otherwise.
pub(crate) const PAGE_DEFAULT: u64 = 100;

/// Messages of one page at most.
pub(crate) const PAGE_MESSAGES: u64 = 256;

/// Rooms of one page of `GET rooms` at most.
pub(crate) const PAGE_ROOMS: u64 = 1000;

/// Bytes that listing a room may take.
pub(crate) const ROOM_BYTES: usize = 1024;

/// Reads of history from the database at the same time.
pub(crate) const REPLAYS: usize = 8;

/// Bytes of history that are read or on their way to clients, all together.
pub(crate) const HISTORY_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of history that are read or on their way to one client. No page takes more.
pub(crate) const HISTORY_BYTES_EACH: usize = 16 * 1024 * 1024;

/// How long a read of history waits for memory. Then the reader is sent away and may come back.
pub(crate) const HISTORY_WAIT: Duration = Duration::from_secs(10);

/// Bytes that reading a message may take, encoded twice: its text has at most 4 for each character.
pub(crate) const MESSAGE_BYTES: usize = 56 * 1024;

/// Bytes of encoded messages that a reader that catches up gets at a time, about.
pub(crate) const REPLAY_BYTES: usize = 64 * 1024;

/// Messages that it reads at a time: the first time, and at most.
pub(crate) const REPLAY_FIRST: u64 = 16;
/// See [`REPLAY_FIRST`].
pub(crate) const REPLAY_MOST: u64 = 128;

/// Event streams and WebSockets of one client at one replica unless `--streams` says otherwise.
pub(crate) const STREAMS: usize = 256;

/// Seconds after which a client with too many of them should try again.
pub(crate) const STREAMS_RETRY_SECONDS: u64 = 5;

/// Posts that wait for a commit. Further ones are told to come back.
pub(crate) const QUEUE: usize = 4096;

/// How long the first who ask for health wait until the database was tried; later ones are answered
/// at once. Less than the time after which a gateway gives up.
pub(crate) const HEALTH_TIME: Duration = Duration::from_millis(1500);

/// Posts of one commit.
pub(crate) const COMMIT_POSTS: usize = 256;

/// After a commit of several posts that took so long, the next one waits for company.
pub(crate) const GATHER_AFTER: Duration = Duration::from_millis(4);

/// How long it waits: the runtime's smallest time.
pub(crate) const GATHER_TIME: Duration = Duration::from_millis(1);

/// How long a post is tried while the database is busy or away, its wait in the queue included.
pub(crate) const COMMIT_TIME: Duration = Duration::from_secs(10);

/// How long one try of a commit may take: a second one on another connection still fits into
/// [`COMMIT_TIME`].
pub(crate) const COMMIT_TRY: Duration = Duration::from_secs(4);

/// How long a read may take.
pub(crate) const READ_TIME: Duration = Duration::from_secs(5);

/// A replica that could not look at the log for so long sends its readers to others: they would
/// hear of nothing but the time.
pub(crate) const BLIND_TIME: Duration = Duration::from_secs(8);

/// How long finding out whether the log is the one it was may take.
pub(crate) const SETTLE_TIME: Duration = Duration::from_secs(10);

/// Rooms with readers at one replica.
pub(crate) const ROOMS_FOLLOWED: usize = 4096;

/// Of those, rooms that nobody has written in.
pub(crate) const ROOMS_FOLLOWED_EMPTY: usize = ROOMS_FOLLOWED / 2;

/// Rooms that one client may begin at once, and the time after which it may begin one more.
pub(crate) const NEW_ROOMS: u32 = 64;
/// See [`NEW_ROOMS`].
pub(crate) const NEW_ROOM_TIME: Duration = Duration::from_secs(60);

/// Names of rooms that are known to exist.
pub(crate) const ROOMS_KNOWN: usize = 10_000;

/// Batches of events that a room keeps for its readers: who is further behind is cut.
pub(crate) const RING_BATCHES: usize = 1024;

/// Bytes of those batches, as encoded for both protocols.
pub(crate) const RING_BYTES: usize = 4 * 1024 * 1024;

/// The same of all rooms together: with many rooms each keeps less, but never less than
/// [`RING_BYTES_LEAST`].
pub(crate) const RINGS_BYTES: usize = 256 * 1024 * 1024;

/// See [`RINGS_BYTES`].
pub(crate) const RING_BYTES_LEAST: usize = 64 * 1024;

/// Bytes of the texts of one batch, about: a ring gives up whole batches.
pub(crate) const BATCH_BYTES: usize = 32 * 1024;

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

/// Messages of one client each second that need not be taken: WebSocket messages that are refused, and
/// pings. Whoever goes on beyond is disconnected.
pub(crate) const REFUSED_RATE: u32 = 20;

/// For a request's body to arrive.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(20);

/// A WebSocket that says nothing, not even a pong, for this long is closed.
pub(crate) const SOCKET_SILENCE: Duration = Duration::from_secs(75);

/// Between two pings of a WebSocket.
pub(crate) const SOCKET_PING: Duration = Duration::from_secs(25);

/// Bytes that are read from a WebSocket at a time.
pub(crate) const SOCKET_READ_BYTES: usize = 4096;

/// Bytes that wait to be written to a WebSocket: one message at a time, and answers to pings.
pub(crate) const SOCKET_WRITE_BYTES: usize = 256 * 1024;

/// When a client should come back after its stream ended, in milliseconds: drawn at random
/// between these, so that not all come at once.
pub(crate) const RETRY_MILLIS: std::ops::RangeInclusive<u64> = 200..=3000;

/// The same while nothing is wrong.
pub(crate) const RETRY_CALM_MILLIS: u64 = 2000;

/// A replica's name, in bytes.
pub(crate) const REPLICA_BYTES: usize = 64;
