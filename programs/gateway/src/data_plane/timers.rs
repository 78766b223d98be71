//! Deadlines of one data-plane thread: a coarse clock and a table with a slot for each connection.
//!
//! A request sets no timer of the runtime. It writes a tick number into its slot; ten times a
//! second the thread's clock moves on and wakes the connections whose tick has passed. Deadlines
//! are therefore kept to within one tick ([`TICK`]) and cost a store each.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use slab::Slab;

/// How often a thread's clock moves: the precision of every deadline on the request path.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// A deadline that never comes.
const NEVER: u64 = u64::MAX;

struct Slot {
    deadline: u64,
    waker: Option<Waker>,
    /// The id of the server that is being asked; 0: none.
    server: u64,
    /// Its time is over, whatever the deadline says.
    cut: bool,
    /// Since which tick an answer is awaited, the request being sent whole; [`NEVER`]: it is not.
    asked: u64,
    /// The server is out: the request may go to another.
    released: bool,
    /// What it holds is needed: the request is to end.
    shed: bool,
    /// When somebody was last waited for anew: something has moved then.
    moved: u64,
}

/// The clock and all deadlines of one thread.
pub(crate) struct Timers {
    now: Cell<u64>,
    slots: RefCell<Slab<Slot>>,
}

impl Timers {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { now: Cell::new(0), slots: RefCell::new(Slab::new()) })
    }

    /// The number of ticks since the thread began.
    pub(crate) fn now(&self) -> u64 {
        self.now.get()
    }

    /// A slot of its own for one connection, without a deadline at first.
    pub(crate) fn register(self: &Rc<Self>) -> Timer {
        let key = self.slots.borrow_mut().insert(Slot {
            deadline: NEVER,
            waker: None,
            server: 0,
            cut: false,
            asked: NEVER,
            released: false,
            shed: false,
            moved: self.now.get(),
        });
        Timer { timers: Rc::clone(self), key }
    }

    /// Moves the clock to `now` and wakes every connection whose deadline has passed.
    pub(crate) fn advance(&self, now: u64) {
        self.now.set(now);
        for (_, slot) in self.slots.borrow_mut().iter_mut() {
            if slot.deadline <= now
                && let Some(waker) = slot.waker.take()
            {
                waker.wake();
            }
        }
    }

    /// Ends the time of every connection on which this server is being asked.
    pub(crate) fn cut(&self, server: u64) {
        for (_, slot) in
            self.slots.borrow_mut().iter_mut().filter(|(_, slot)| slot.server == server)
        {
            slot.cut = true;
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }
    }

    /// For each server of which an answer is awaited, how many ticks the longest such wait has lasted.
    pub(super) fn waits(&self, waits: &mut HashMap<u64, u64>) {
        let now = self.now.get();
        for (_, slot) in self.slots.borrow().iter().filter(|(_, slot)| slot.asked != NEVER) {
            let longest = waits.entry(slot.server).or_default();
            *longest = now.saturating_sub(slot.asked).max(*longest);
        }
    }

    /// Lets every request that awaits an answer of this server go to another.
    pub(super) fn release(&self, server: u64) {
        for (_, slot) in self.slots.borrow_mut().iter_mut() {
            if slot.server == server && slot.asked != NEVER {
                slot.released = true;
                if let Some(waker) = slot.waker.take() {
                    waker.wake();
                }
            }
        }
    }

    /// Ends the request on a connection: what it holds is needed.
    pub(super) fn shed(&self, slot: usize) {
        if let Some(slot) = self.slots.borrow_mut().get_mut(slot) {
            slot.shed = true;
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }
    }

    /// How a connection stands: 0, its client has moved nothing for so many ticks; 1, neither has the server
    /// that is to answer; 2, it moves.
    pub(super) fn standstill(&self, slot: usize, ticks: u64) -> u8 {
        let slots = self.slots.borrow();
        match slots.get(slot) {
            Some(slot) if slot.moved.saturating_add(ticks) > self.now.get() => 2,
            Some(slot) if slot.asked != NEVER => 1,
            _ => 0,
        }
    }

    /// Wakes every connection, so that each looks again at what has changed (a drain).
    pub(crate) fn wake_all(&self) {
        for (_, slot) in self.slots.borrow_mut().iter_mut() {
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }
    }
}

/// Ticks that cover `duration`, rounded up, at least one: a deadline never comes early.
pub(crate) fn ticks(duration: Duration) -> u64 {
    let ticks = duration.as_millis().div_ceil(TICK.as_millis());
    u64::try_from(ticks).unwrap_or(NEVER).max(1)
}

/// One connection's deadline. Dropping it gives the slot back.
pub(crate) struct Timer {
    timers: Rc<Timers>,
    key: usize,
}

impl Timer {
    /// The number of ticks since the thread began.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.timers.now.get()
    }

    /// Which slot it has.
    pub(super) fn slot(&self) -> usize {
        self.key
    }

    /// Sets the deadline `after` ticks from now (a further tick covers the one under way).
    pub(crate) fn arm(&self, after: u64) {
        let now = self.timers.now.get();
        if let Some(slot) = self.timers.slots.borrow_mut().get_mut(self.key) {
            slot.deadline = now.saturating_add(after).saturating_add(1);
            slot.moved = now;
        }
    }

    /// The same while nothing has moved.
    pub(crate) fn arm_again(&self, after: u64) {
        let tick = self.timers.now.get().saturating_add(after).saturating_add(1);
        if let Some(slot) = self.timers.slots.borrow_mut().get_mut(self.key) {
            slot.deadline = tick;
        }
    }

    /// Whether the request is to end because what it holds is needed.
    #[inline]
    pub(crate) fn is_shed(&self) -> bool {
        self.timers.slots.borrow().get(self.key).is_some_and(|slot| slot.shed)
    }

    /// The request has ended; the connection may go on.
    pub(super) fn keep(&self) {
        if let Some(slot) = self.timers.slots.borrow_mut().get_mut(self.key) {
            slot.shed = false;
        }
    }

    /// The server of this id is being asked from now on; 0: none is.
    #[inline]
    pub(crate) fn faces(&self, server: u64) {
        if let Some(slot) = self.timers.slots.borrow_mut().get_mut(self.key) {
            (slot.server, slot.cut) = (server, false);
            (slot.asked, slot.released) = (NEVER, false);
        }
    }

    /// The request is sent whole: its answer has to begin within `after` ticks.
    pub(crate) fn await_answer(&self, after: u64) {
        let now = self.timers.now.get();
        if let Some(slot) = self.timers.slots.borrow_mut().get_mut(self.key) {
            slot.deadline = now.saturating_add(after).saturating_add(1);
            slot.asked = now;
        }
    }

    /// No answer is awaited any more: it has begun, or the request stays where it is.
    #[inline]
    pub(crate) fn settle(&self) {
        if let Some(slot) = self.timers.slots.borrow_mut().get_mut(self.key) {
            (slot.asked, slot.released) = (NEVER, false);
        }
    }

    /// Whether the request may go to another server, because the one that was asked is out.
    pub(crate) fn is_released(&self) -> bool {
        self.timers.slots.borrow().get(self.key).is_some_and(|slot| slot.released)
    }

    /// Whether the time of the server that is being asked was ended.
    pub(crate) fn is_cut(&self) -> bool {
        self.timers.slots.borrow().get(self.key).is_some_and(|slot| slot.cut)
    }

    /// Brings the deadline forward to `after` ticks from now, if it is later.
    pub(crate) fn shorten(&self, after: u64) {
        let latest = self.timers.now.get().saturating_add(after);
        if let Some(slot) = self.timers.slots.borrow_mut().get_mut(self.key) {
            slot.deadline = slot.deadline.min(latest);
        }
    }

    /// Ready when the deadline has passed; otherwise the task is woken when it does.
    pub(crate) fn poll_expired(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut slots = self.timers.slots.borrow_mut();
        let Some(slot) = slots.get_mut(self.key) else { return Poll::Pending };
        if slot.cut || slot.released || slot.shed || slot.deadline <= self.timers.now.get() {
            return Poll::Ready(());
        }
        match &slot.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            _ => slot.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.timers.slots.borrow_mut().try_remove(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_passed_deadline_wakes_its_connection_and_only_it() {
        let timers = Timers::new();
        let (early, late) = (timers.register(), timers.register());
        let (woken_early, woken_late) =
            (Arc::new(Count(AtomicUsize::new(0))), Arc::new(Count(AtomicUsize::new(0))));
        let (waker_early, waker_late) =
            (Waker::from(Arc::clone(&woken_early)), Waker::from(Arc::clone(&woken_late)));
        early.arm(2);
        late.arm(50);
        assert!(early.poll_expired(&mut Context::from_waker(&waker_early)).is_pending());
        assert!(late.poll_expired(&mut Context::from_waker(&waker_late)).is_pending());
        timers.advance(2);
        assert_eq!(woken_early.0.load(Ordering::SeqCst), 0, "not before its time");
        timers.advance(3);
        assert_eq!(woken_early.0.load(Ordering::SeqCst), 1);
        assert_eq!(woken_late.0.load(Ordering::SeqCst), 0);
        assert!(early.poll_expired(&mut Context::from_waker(&waker_early)).is_ready());
    }

    #[test]
    fn durations_round_up_to_whole_ticks() {
        assert_eq!(ticks(Duration::from_millis(1)), 1);
        assert_eq!(ticks(Duration::from_millis(100)), 1);
        assert_eq!(ticks(Duration::from_millis(101)), 2);
        assert_eq!(ticks(Duration::ZERO), 1);
    }

    #[test]
    fn a_server_that_is_cut_ends_what_faces_it_alone() {
        let timers = Timers::new();
        let (one, other) = (timers.register(), timers.register());
        let nothing = &mut Context::from_waker(Waker::noop());
        one.faces(7);
        other.faces(8);
        timers.cut(7);
        one.arm(50);
        assert!(one.poll_expired(nothing).is_ready() && one.is_cut(), "a later deadline is none");
        assert!(other.poll_expired(nothing).is_pending());
        one.faces(0);
        assert!(one.poll_expired(nothing).is_pending(), "its next exchange has time");
    }

    #[test]
    fn a_server_that_is_out_releases_who_awaits_its_answer() {
        let timers = Timers::new();
        let (waits, answered, elsewhere) =
            (timers.register(), timers.register(), timers.register());
        let nothing = &mut Context::from_waker(Waker::noop());
        for (timer, server) in [(&waits, 7), (&answered, 7), (&elsewhere, 8)] {
            timer.faces(server);
            timer.await_answer(50);
        }
        answered.settle();
        timers.advance(3);
        let mut longest = HashMap::new();
        timers.waits(&mut longest);
        assert_eq!(longest, HashMap::from([(7, 3), (8, 3)]));
        timers.release(7);
        assert!(waits.poll_expired(nothing).is_ready() && waits.is_released());
        assert!(answered.poll_expired(nothing).is_pending());
        assert!(elsewhere.poll_expired(nothing).is_pending());
        waits.settle();
        assert!(waits.poll_expired(nothing).is_pending(), "its own deadline holds again");
    }

    #[test]
    fn a_dropped_timer_frees_its_slot() {
        let timers = Timers::new();
        for _ in 0..1000 {
            drop(timers.register());
        }
        assert!(timers.slots.borrow().capacity() < 16);
    }
}
