//! Every limit of this program, in one place; docs/protocols/calculator.md tells them to others.
//!
//! Memory: a connection that waits holds no buffer. One that is being answered holds at most
//! [`READ_AHEAD_BYTES`] of requests and [`FLUSH_BYTES`] and one answer of answers, beside its
//! variables ([`VALUES_BYTES`], [`VARIABLES`] names). Each evaluator may have
//! [`EVALUATOR_MEMORY_BYTES`] and no more: the kernel sees to it.

use std::time::Duration;

/// Connections served at once; a further one is told `BYE busy`.
pub(crate) const CONNECTIONS: usize = 8192;

/// A request line without its line end, in bytes; answered with `too-long` above.
pub(crate) const LINE_BYTES: usize = 4096;

/// Requests that are read before the answers to earlier ones are sent, in bytes.
pub(crate) const READ_AHEAD_BYTES: usize = 16 * 1024;

/// Answers that are collected before they are sent, in bytes.
pub(crate) const FLUSH_BYTES: usize = 16 * 1024;

/// A result, in bytes; answered with `too-large` above.
pub(crate) const RESULT_BYTES: usize = 16 * 1024;

/// The longest line a server sends, in bytes: the answer to `VARS`.
pub(crate) const ANSWER_LINE_BYTES: usize = 32 * 1024;

/// The words of a refusal, in bytes: they may quote what was asked.
pub(crate) const WORDS_BYTES: usize = 400;

/// Variables of one connection.
pub(crate) const VARIABLES: usize = 64;

/// A variable's name, in bytes.
pub(crate) const NAME_BYTES: usize = 32;

/// What is shown of all variables of one connection, in bytes.
pub(crate) const SHOWN_BYTES: usize = 16 * 1024;

/// The values of one connection that are not plain fractions, in bytes.
pub(crate) const VALUES_BYTES: usize = 64 * 1024;

/// Brackets within brackets.
pub(crate) const NESTING: usize = 64;

/// A connection without a request. Long, because people think between two sums.
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(15 * 60);

/// From the first byte of a request line to its line feed.
pub(crate) const LINE_TIME: Duration = Duration::from_secs(10);

/// A reader that does not take the answers that are ready, at most [`FLUSH_BYTES`] and one more.
pub(crate) const WRITE_STALL_TIME: Duration = Duration::from_secs(30);

/// After our last word, for the client to read it and close.
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(2);

/// How long to pause after the system refused a connection (a full file table, say).
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections of one client; a further one is told `BYE busy`. A peer that names its clients, or may,
/// has any number.
pub(crate) const CONNECTIONS_EACH: usize = CONNECTIONS / 8;

/// One evaluation: time of the processor, so that a busy machine refuses nothing.
pub(crate) const EVALUATION_TIME: Duration = Duration::from_secs(1);

/// One evaluation by the clock, however little of the processor it gets: 10 s with the first try.
pub(crate) const EVALUATION_WALL_TIME: Duration = Duration::from_secs(9);

/// The first try at it. Most evaluations need a hundredth of it; what needs more is begun anew in
/// the slow lane, which never has all evaluators, so that quick ones do not wait for slow ones.
pub(crate) const FIRST_TRY_TIME: Duration = Duration::from_millis(50);

/// The first try by the clock.
pub(crate) const FIRST_TRY_WALL_TIME: Duration = Duration::from_secs(1);

/// Beyond these, for an evaluator to say by itself that it took too long, before it is killed.
pub(crate) const EVALUATION_GRACE: Duration = Duration::from_millis(250);

/// For a turn at an evaluator; answered with `busy` above.
pub(crate) const TURN_TIME: Duration = Duration::from_secs(10);

/// Evaluations that wait for a turn; beyond, the last of the client with most of them is answered with
/// `busy` at once.
pub(crate) const TURNS_WAITING: usize = 4096;

/// What a client has used of evaluators counts half after this, and half of that after as long again.
pub(crate) const USAGE_HALF_LIFE: Duration = Duration::from_secs(30);

/// Clients whose use is remembered; beyond, newcomers count as having used nothing.
pub(crate) const USAGE_CLIENTS: usize = 65_536;

/// Memory of one evaluator beyond the program itself, in bytes.
pub(crate) const EVALUATOR_MEMORY_BYTES: u64 = 128 * 1024 * 1024;

/// The stack of an evaluation, in bytes; part of the memory.
pub(crate) const EVALUATOR_STACK_BYTES: usize = 16 * 1024 * 1024;

/// Files an evaluator may have open: its three streams, and a few that its start needs.
pub(crate) const EVALUATOR_FILES: u64 = 16;

/// A message to or from an evaluator, in bytes.
pub(crate) const FRAME_BYTES: usize = 256 * 1024;

/// A replica's name, in bytes.
pub(crate) const REPLICA_NAME_BYTES: usize = 64;
