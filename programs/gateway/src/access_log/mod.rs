//! The access log: one line per request, on standard output and in a file.
//!
//! Owns the way of a line from a finished request to where it is kept, and every limit on it. A
//! data-plane thread formats the line into the buffer of its own [`Lane`]: no allocation, no lock
//! and no system call per line. Full buffers, and at each tick whatever there is, go through a
//! bounded queue to one thread per destination, so that a stalled terminal does not keep lines out
//! of the file. Refuses to block a request: what finds its queue full is dropped, counted and
//! reported. Refuses to log any header but `User-Agent` and `Referer`; the query string is part of
//! the target, so an application that puts secrets there puts them in the log.
//!
//! | limit | value | beyond it |
//! |---|---|---|
//! | buffer of a lane before it is handed over | 64 KiB (`CHUNK`) | handed over |
//! | chunks waiting for one destination | 256 (`QUEUE`), so 16 MiB | lines dropped, counted |
//! | of these, for chunks that a tick hands over unfilled | half | the chunk waits for the next tick |
//! | a field | see `record.rs` | cut, marked by `…` or `...` |
//! | a line | about 80 KiB: all fields at their limit, each byte escaped | |
//! | empty buffers kept by a lane | 4 (`SPARE`) | freed |
//! | warnings of one kind | one in 10 s | summed up in the next |
//! | time to write what is left at the end | 5 s (`CLOSE`) | given up, counted, reported |

use std::time::Duration;

mod chunk;
mod combined;
mod destination;
mod error;
mod escape;
mod json;
mod lane;
mod number;
mod outputs;
mod queue;
mod record;
mod stamp;
mod tally;
mod writer;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use lane::Lane;
pub use outputs::{AccessLog, Lines};
pub use record::Record;

/// Bytes in a lane's buffer at which it is handed over.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Chunks that may wait for one destination.
pub(crate) const QUEUE: usize = 256;
/// Empty buffers that wait for a lane to use them again.
pub(crate) const SPARE: usize = 4;
/// How long [`AccessLog::close`] waits for what is left to be written.
pub(crate) const CLOSE: Duration = Duration::from_secs(5);
/// The least time between two warnings about lost lines of one destination.
pub(crate) const WARN_EVERY: Duration = Duration::from_secs(10);
