//! Every bound of the admin API.

use std::time::Duration;

/// Connections at one time. A further one takes the place of one that was not allowed to ask yet;
/// if all were, it waits in the system's queue.
pub(super) const CONNECTIONS: usize = 64;
/// Bytes of a request's head.
pub(super) const HEAD_BYTES: usize = 16 << 10;
/// Fields of a request's head.
pub(super) const HEAD_FIELDS: usize = 64;
/// For a request's head to arrive, and for a connection to rest between two.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(30);
/// For a client to take a byte of its answer.
pub(super) const WRITE_TIME: Duration = Duration::from_secs(10);
/// Bytes of a request's body.
pub(super) const BODY_BYTES: usize = 64 << 10;
/// For a request's body to arrive.
pub(super) const BODY_TIME: Duration = Duration::from_secs(10);
/// A connection is ended after this time; monitoring simply makes a new one.
pub(super) const CONNECTION_TIME: Duration = Duration::from_secs(600);
/// For an answer under way to be taken when that time is over.
pub(super) const LAST_ANSWER_TIME: Duration = Duration::from_secs(10);
/// Exchanges of the past that are told where no number is asked for, and at most.
pub(super) const REQUESTS: u64 = 50;
pub(super) const REQUESTS_MAX: u64 = 1000;
/// For a purge to be written down before its answer is sent; it holds already.
pub(super) const DURABLE_TIME: Duration = Duration::from_secs(5);
/// What is said of when to try again where there are too many purges.
pub(super) const PURGE_AGAIN: Duration = Duration::from_secs(5);
/// Between two tries to accept a connection when the system refuses one.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Characters of a token: fewer could be guessed.
pub(super) const TOKEN_BYTES_MIN: usize = 16;
/// Most characters of a token.
pub(super) const TOKEN_BYTES: usize = 1024;
/// Bytes of a tag to purge.
pub(super) const TAG_BYTES: usize = 1024;
