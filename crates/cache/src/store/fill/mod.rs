//! A response on its way from upstream into the store, and those who are served from it meanwhile.
//!
//! ```text
//! begin_or_join ─┬─ Fill(Filling) ── start(head) ── append… ── commit      → stored
//!                │       └ not_storable / abort / dropped                  → waiters released
//!                │       └ refresh(entry, new head): the 304 of RFC 9111 section 4.3.4
//!                ├─ Wait(Waiter) ── wait → Reader: follows from the first byte on
//!                ├─ Again: it was stored just now, look again
//!                └─ Busy: no room for another fill
//! ```
//! The bytes go to memory first and from there to the file, on the store's threads. Readers take
//! them from memory when they keep up and from the file when they do not, so a slow reader holds
//! nobody. When the disk fails the fill goes on without it: what is not in the file then stays in
//! memory until every reader has it, and `room` makes the fill wait for the slowest.

mod collapse;
mod filling;
mod flush;
mod progress;
mod reader;
mod refresh;
mod unshared;
mod window;

pub(super) use collapse::Fills;
pub use collapse::{Asker, Role, Ticket};
pub use filling::{Filling, Receipt, Start, StartError};
pub use reader::{Joined, Reader, Released, Waiter};
pub use unshared::Lesson;
