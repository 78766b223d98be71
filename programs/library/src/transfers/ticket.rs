//! A request that moves bytes, as long as it lasts.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::book::{Direction, End, Entry};
use super::fair_share::{FairShare, Turn};

/// One request of a transfer. Dropped, the request is over; the transfer is then disconnected,
/// unless it was said to be complete or failed, or other requests of it are under way.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) entry: Arc<Entry>,
    share: Arc<FairShare>,
    turn: Option<Turn>,
    moved: u64,
}

impl Ticket {
    pub(super) fn new(entry: Arc<Entry>, share: Arc<FairShare>) -> Self {
        Self { entry, share, turn: None, moved: 0 }
    }

    /// So many bytes more were moved.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.moved = self.moved.saturating_add(bytes);
        self.entry.add(bytes);
    }

    /// Waits until so many bytes may be moved; at once where bandwidth is not limited.
    pub(crate) async fn turn(&mut self, bytes: u64) {
        poll_fn(|context| self.poll_turn(bytes, context)).await;
    }

    /// The same, for bodies. Once it is ready the bytes count as moved.
    pub(crate) fn poll_turn(&mut self, bytes: u64, context: &mut Context<'_>) -> Poll<()> {
        if !self.share.is_limited() {
            return Poll::Ready(());
        }
        let share = &self.share;
        let turn = self.turn.get_or_insert_with(|| share.ask(&self.entry.begin.who(), bytes));
        if turn.poll(context).is_pending() {
            return Poll::Pending;
        }
        self.turn = None;
        Poll::Ready(())
    }

    /// The transfer is complete.
    pub(crate) fn complete(self) {
        self.entry.set_end(End::Complete);
    }

    /// The transfer cannot go on.
    pub(crate) fn fail(self) {
        self.entry.set_end(End::Failed);
    }

    /// The response is sent to its end. If it was the whole, the transfer is complete.
    pub(crate) fn sent_all(&mut self) {
        if self.entry.begin.total.is_some_and(|total| self.moved >= total) {
            self.entry.set_end(End::Complete);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.entry.leave();
        let begin = &self.entry.begin;
        let is_whole = begin.total.is_some_and(|total| self.entry.bytes() >= total);
        // By ranges of several requests. What comes next is another download.
        if begin.direction == Direction::Download && is_whole && self.entry.requests() == 0 {
            self.entry.set_end(End::Complete);
        }
    }
}
