//! A request that moves bytes, as long as it lasts.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::allowance::{Account, Short, Taking};
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
    /// Against what the bytes count.
    account: Option<Arc<Account>>,
    taking: Option<Taking>,
    /// Bytes of the account whose turn has not come.
    taken: Option<u64>,
}

impl Ticket {
    pub(super) fn new(entry: Arc<Entry>, share: Arc<FairShare>) -> Self {
        let (turn, account, taking, taken) = (None, None, None, None);
        Self { entry, share, turn, moved: 0, account, taking, taken }
    }

    /// From now on bytes count against this.
    pub(crate) fn charge(&mut self, account: Option<Arc<Account>>) {
        self.account = account;
    }

    /// Against what bytes count.
    pub(crate) fn account(&self) -> Option<Arc<Account>> {
        self.account.clone()
    }

    /// So many bytes more were moved.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.moved = self.moved.saturating_add(bytes);
        self.entry.add(bytes);
    }

    /// Waits until so many bytes may be moved: until the plan has them, and bandwidth if that is
    /// limited.
    pub(crate) async fn turn(&mut self, bytes: u64) -> Result<(), Short> {
        poll_fn(|context| self.poll_turn(bytes, context)).await
    }

    /// The same, for bodies. Once it is ready the bytes count as moved.
    pub(crate) fn poll_turn(
        &mut self,
        bytes: u64,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Short>> {
        if self.taken.is_none() {
            ready!(self.poll_account(bytes, context))?;
            self.taken = Some(bytes);
        }
        if self.share.is_limited() {
            ready!(self.poll_share(bytes, context));
        }
        self.taken = None;
        Poll::Ready(Ok(()))
    }

    fn poll_account(&mut self, bytes: u64, context: &mut Context<'_>) -> Poll<Result<(), Short>> {
        let Some(account) = &self.account else { return Poll::Ready(Ok(())) };
        if self.taking.is_none() && account.draw(bytes) {
            return Poll::Ready(Ok(()));
        }
        let taking = self.taking.get_or_insert_with(|| account.taking(bytes));
        let taken = ready!(Pin::new(taking).poll(context));
        self.taking = None;
        Poll::Ready(taken)
    }

    fn poll_share(&mut self, bytes: u64, context: &mut Context<'_>) -> Poll<()> {
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
        if let (Some(bytes), Some(account)) = (self.taken, &self.account) {
            account.put_back(bytes);
        }
        self.entry.leave();
        let begin = &self.entry.begin;
        let is_whole = begin.total.is_some_and(|total| self.entry.bytes() >= total);
        // By ranges of several requests. What comes next is another download.
        if begin.direction == Direction::Download && is_whole && self.entry.requests() == 0 {
            self.entry.set_end(End::Complete);
        }
    }
}
