//! The queue of an upstream whose servers are all full. Owns who waits and in which order, over all
//! threads, and gives places on.
//!
//! A place that becomes free is given to the first in line that can use it, by whoever frees it; who
//! comes later joins at the end even if there seems to be room. So nobody barges in. While nobody
//! waits, a look at one number is all that this costs.
//!
//! No wake-up is lost: who joins is counted first and then looks for room; who leaves a server gives
//! its place back first and then looks at the count. Both are sequentially consistent, so one of the
//! two sees the other. What makes room without anybody leaving (a server is back, a limit is raised)
//! is looked at by the control plane ten times a second.
//!
//! Who waits keeps the upstream of the snapshot it began with, and is given servers of that one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tombolo_balance::{Ask, Tried};

use super::Upstream;

/// See the module's words. It lives on over reloads.
#[derive(Default)]
pub(crate) struct Queue {
    /// How many wait: the length of `line.waiting`.
    waiting: AtomicUsize,
    line: Mutex<Line>,
    joined: AtomicU64,
    full: AtomicU64,
    late: AtomicU64,
}

#[derive(Default)]
struct Line {
    /// The next ticket: they are given out in order.
    next: u64,
    waiting: BTreeMap<u64, Waiter>,
    /// Whose turn has come and who has not taken it up yet: the place that is theirs.
    called: BTreeMap<u64, usize>,
}

struct Waiter {
    upstream: Arc<Upstream>,
    wants: Wants,
    waker: Waker,
}

/// What a request brings to the choice of its server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wants {
    /// Where it has been.
    pub(crate) tried: Tried,
    /// Of its key, where the policy is by key.
    pub(crate) hash: Option<u64>,
    /// The server its client is to stay with.
    pub(crate) preferred: Option<usize>,
    /// Whether it changes something.
    pub(crate) writes: bool,
}

/// Why a request was sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overload {
    /// As many wait as may.
    Full,
    /// It has waited as long as it may.
    Late,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueTotals {
    /// Waiting now.
    pub(crate) waiting: usize,
    /// Requests that had to wait.
    pub(crate) joined: u64,
    /// Sent away because as many waited as may.
    pub(crate) full: u64,
    /// Sent away because they had waited as long as they may.
    pub(crate) late: u64,
}

impl Queue {
    /// Whether anybody waits: then who comes now does, too.
    #[inline]
    pub(crate) fn is_anybody_waiting(&self) -> bool {
        self.waiting.load(SeqCst) > 0
    }

    /// Gives out what room there is, to the first in line first.
    #[inline]
    pub(crate) fn serve(&self) {
        if self.is_anybody_waiting() {
            self.call();
        }
    }

    #[cold]
    fn call(&self) {
        let woken = self.call_of(&mut self.lock());
        // Not under the lock: whoever is woken wants it.
        woken.into_iter().for_each(Waker::wake);
    }

    /// Calls those whose turn it is; gives their wakers.
    fn call_of(&self, line: &mut Line) -> Vec<Waker> {
        let mut woken = Vec::new();
        for (ticket, server) in turns(&line.waiting) {
            if let Some(waiter) = line.waiting.remove(&ticket) {
                line.called.insert(ticket, server);
                woken.push(waiter.waker);
            }
        }
        self.waiting.store(line.waiting.len(), SeqCst);
        woken
    }

    /// Notes that a request was sent away.
    pub(crate) fn refused(&self, why: Overload) {
        let count = match why {
            Overload::Full => &self.full,
            Overload::Late => &self.late,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(crate) fn totals(&self) -> QueueTotals {
        QueueTotals {
            waiting: self.waiting.load(Relaxed),
            joined: self.joined.load(Relaxed),
            full: self.full.load(Relaxed),
            late: self.late.load(Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose turn it is, in order, each with the place that was taken for it.
fn turns(waiting: &BTreeMap<u64, Waiter>) -> Vec<(u64, usize)> {
    let last = waiting.last_key_value().map(|(_, last)| Arc::as_ptr(&last.upstream));
    let mut turns = Vec::new();
    // Those who found no room: nobody who has been to the same servers need look again.
    let mut without: Vec<&Waiter> = Vec::new();
    for (ticket, waiter) in waiting {
        let finds_none = |other: &&Waiter| {
            Arc::ptr_eq(&other.upstream, &waiter.upstream)
                && (other.wants.tried.is_empty() || other.wants.tried == waiter.wants.tried)
        };
        if without.iter().any(finds_none) {
            continue;
        }
        if let Some(server) = waiter.pick() {
            turns.push((*ticket, server));
            continue;
        }
        // Nearly always: all wait for the same servers, and have been to none.
        if waiter.wants.tried.is_empty() && last == Some(Arc::as_ptr(&waiter.upstream)) {
            break;
        }
        without.push(waiter);
    }
    turns
}

impl Waiter {
    fn pick(&self) -> Option<usize> {
        let Wants { tried, hash, preferred, writes } = &self.wants;
        let random = fastrand::u64(..);
        let ask = Ask { tried, random, hash: *hash, preferred: *preferred, writes: *writes };
        self.upstream.balancer.pick(&ask)
    }
}

/// A place in the line. Who drops it has left, and a place that was meant for it goes to the next.
pub(crate) struct Ticket {
    upstream: Arc<Upstream>,
    number: u64,
    /// Its turn has come and was taken up.
    is_used: bool,
}

impl Ticket {
    /// Joins the line at its end, where no more than `most` may wait. None: there is no place in it.
    pub(crate) fn take(
        upstream: &Arc<Upstream>,
        wants: Wants,
        most: usize,
        waker: &Waker,
    ) -> Option<Self> {
        let queue = &upstream.queue;
        let mut line = queue.lock();
        if line.waiting.len() >= most {
            return None;
        }
        let number = line.next;
        line.next = number.wrapping_add(1);
        let waiter = Waiter { upstream: Arc::clone(upstream), wants, waker: waker.clone() };
        line.waiting.insert(number, waiter);
        queue.joined.fetch_add(1, Relaxed);
        // Counted before it looks for room: see the module's words.
        queue.waiting.store(line.waiting.len(), SeqCst);
        let woken = queue.call_of(&mut line);
        drop(line);
        woken.into_iter().for_each(Waker::wake);
        Some(Self { upstream: Arc::clone(upstream), number, is_used: false })
    }

    /// Ready with a server when its turn has come: the place there is the caller's from then on.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        let mut line = self.upstream.queue.lock();
        if let Some(server) = line.called.remove(&self.number) {
            self.is_used = true;
            return Poll::Ready(server);
        }
        if let Some(waiter) = line.waiting.get_mut(&self.number)
            && !waiter.waker.will_wake(cx.waker())
        {
            waiter.waker = cx.waker().clone();
        }
        Poll::Pending
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.is_used {
            return;
        }
        let queue = &self.upstream.queue;
        let mut line = queue.lock();
        line.waiting.remove(&self.number);
        queue.waiting.store(line.waiting.len(), SeqCst);
        let called = line.called.remove(&self.number);
        drop(line);
        if let Some(server) = called {
            self.upstream.give_back(server);
        }
    }
}

#[cfg(test)]
mod tests;
