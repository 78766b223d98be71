//! What the gateway did lately: the last exchanges of each thread with what was decided and why, and
//! how long exchanges took.
//!
//! Owns a ring of records for each data-plane thread. Writing one costs plain stores into memory
//! of that thread's own: no lock, no allocation, no locked instruction. Whoever reads checks each
//! record's number before and after, and leaves out what was overwritten meanwhile. Refuses to keep
//! any header field or body: of a request only what the access log has, cut to what a slot holds.
//!
//! | file | one idea |
//! |---|---|
//! | `ring.rs` | slots of words that one thread writes and others read |
//! | `pen.rs` | bytes and numbers as words, and back |
//! | `note.rs` | one exchange, written into a slot |
//! | `seen.rs` | the same, read |
//! | `glimpse.rs` | as much of it as tells whether it is wanted |
//! | `reason.rs` | why the cache did what it did, as a small number |
//! | `rule.rs` | who made the rule by which it did |
//! | `names.rs` | what routes and servers were called then |
//! | `spectrum.rs` | durations to within an eighth |
//! | `recorded.rs` | an exchange whose trace is recorded |
//! | `lane.rs` | one thread's rings and counts |
//! | `memory.rs` | those of all threads, for who asks |
//!
//! | limit | value | beyond it |
//! |---|---|---|
//! | exchanges of a thread | `recent_requests`, 512 bytes each | the oldest is overwritten |
//! | of these with an error | 256 (`TROUBLED`) kept in a ring of their own, 1280 bytes each | likewise |
//! | exchanges whose trace is recorded | 1024 (`RECORDED`), where there is a `[traces]` table | the exporter counts them as dropped |
//! | words of an exchange | what its slot holds | cut, and said to be |
//! | exchanges of a thread that are looked at for exemplars | the newest 4096 (`GLIMPSED`), and those with an error | no exemplar |
//! | failed attempts of an exchange | 4 (`FAILURES`) | counted, not told |
//! | configurations whose names are known | 8 (`NAMES`) | older exchanges tell no names |

mod glimpse;
mod lane;
mod memory;
mod names;
mod note;
mod pen;
mod reason;
mod recorded;
mod ring;
mod rule;
mod seen;
mod spectrum;

pub(crate) use glimpse::Glimpse;
pub(crate) use lane::Lane;
pub(crate) use memory::Memory;
pub(crate) use names::Names;
pub(crate) use note::{Failed, Note};
pub(crate) use reason::{Reason, explain};
pub(crate) use recorded::{Recorded, Traced};
pub(crate) use rule::Rule;
pub(crate) use seen::Seen;
pub(crate) use spectrum::{Counts, Spectrum};

/// Words of an ordinary slot, and of one for an exchange with an error.
const WORDS: usize = 64;
const WORDS_TROUBLED: usize = 160;
/// Words of a slot for an exchange whose trace is recorded, and how many a thread remembers.
const WORDS_RECORDED: usize = WORDS_TROUBLED + recorded::WORDS;
const RECORDED: usize = 1024;
/// Exchanges with an error that a thread remembers.
const TROUBLED: usize = 256;
/// Failed attempts that are remembered of an exchange.
pub(crate) const FAILURES: usize = 4;
/// Newest exchanges of a thread that are looked at for exemplars: `recent_requests` may be a
/// million, and whoever asks for metrics is not to wait for that.
const GLIMPSED: usize = 4096;
/// Configurations whose names a thread remembers.
const NAMES: usize = 8;
