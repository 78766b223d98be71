//! Transfers: who fetches and sends what, how far it is, and whose turn it is.
//!
//! Every replica counts in memory what its requests move, and writes it into rows once a second;
//! the rows of all replicas together are the truth that lists and streams tell. Ranges of one item
//! that one client asks for, over any connections and replicas, are one transfer. Owned here: the
//! counts, the states, who is there, how many transfers may be under way, and how they share what
//! there is. Not owned: the bytes, and which of them are acknowledged ([`crate::uploads`]).
//!
//! | file | one idea |
//! |---|---|
//! | `book.rs`, `ticket.rs` | counting, in memory |
//! | `tick.rs`, `write.rs` | from memory to rows, once a second |
//! | `row.rs`, `list.rs`, `users.rs` | what rows tell |
//! | `live.rs`, `events.rs` | the same as it changes, by server-sent events |
//! | `line.rs`, `admission.rs` | how many at once, and the queue for it |
//! | `allowance.rs` | how many bytes in a month |
//! | `turns.rs`, `fair_share.rs` | whose bytes are next when bandwidth is limited |
//! | `stats.rs`, `figures.rs` | all of it in numbers |
//! | `charts.rs`, `drawing.rs`, `words.rs` | the numbers as pictures |
//! | `tidy.rs` | what nobody goes on with, and what is old |

mod admission;
mod allowance;
#[allow(dead_code, reason = "uploads are begun by it")]
mod book;
mod charts;
mod drawing;
mod events;
mod fair_share;
mod figures;
mod line;
mod list;
mod live;
mod row;
mod stats;
mod tick;
#[allow(dead_code, reason = "uploads use the rest of it")]
mod ticket;
mod tidy;
mod turns;
mod users;
mod words;
mod write;

use std::sync::Arc;

use tokio::task::JoinSet;
use utoipa_axum::routes;

pub(crate) use self::admission::{Admission, Pass};
pub(crate) use self::allowance::{Account, Allowances, Short};
pub(crate) use self::book::{Begin, Book, Direction, Object};
pub(crate) use self::events::Streams;
pub(crate) use self::figures::get as figures;
pub(crate) use self::live::Live;
pub(crate) use self::ticket::Ticket;
pub(crate) use self::tidy::forget;
use crate::http::Routes;
use crate::state::Library;

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list::list))
        .routes(routes!(users::list))
        .routes(routes!(events::get))
        .routes(routes!(stats::get))
        .routes(routes!(charts::get))
}

/// What goes on in the background.
pub(crate) fn background(library: &Arc<Library>, tasks: &mut JoinSet<()>) {
    tasks.spawn(tick::run(Arc::clone(library)));
    tasks.spawn(Live::run(Arc::clone(library)));
    tasks.spawn(tidy::tidy(Arc::clone(library)));
}

#[cfg(test)]
mod tests;
