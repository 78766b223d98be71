//! How slow a client may be with a body, in one direction.
//!
//! Two rules, which leave each other room:
//! - Who moves bytes moves enough of them: [`Pace::least`] in [`Pace::gap`] ticks of waiting for it.
//!   Twice too few without enough in between, and the exchange ends. Time in which the other side is
//!   waited for does not count.
//! - A client that takes nothing of its response (a paused download) is left alone for
//!   [`Pace::stall`] ticks, or until its place is needed.
//!
//! While the client is never waited for this costs two loads and a store a write.

use std::cell::Cell;
use std::task::{Context, Poll, ready};

use super::stream::Stop;
use super::timers::Timer;

/// Ticks between two looks whether the place of a client that takes nothing is needed.
const LOOK: u64 = 5;

/// What is asked of a client, and how it has done so far.
pub(crate) struct Pace<'p> {
    /// Ticks without a byte from a client that sends; and over which a rate is measured.
    pub(crate) gap: u64,
    /// Ticks without a byte taken while the place is not needed.
    pub(crate) stall: u64,
    /// Bytes that have to move in each `gap`; 0: any.
    pub(crate) least: u64,
    /// Whether another waits for the place that the exchange holds.
    pub(crate) is_needed: &'p dyn Fn() -> bool,
    state: State,
}

#[derive(Default)]
struct State {
    /// The tick at which the wait under way began.
    since: Cell<u64>,
    /// Ticks waited since the last judgement, and bytes moved.
    waited: Cell<u64>,
    moved: Cell<u64>,
    /// The last judgement but for a pause was: too slow.
    slow: Cell<bool>,
}

impl<'p> Pace<'p> {
    pub(crate) fn new(gap: u64, stall: u64, least: u64, is_needed: &'p dyn Fn() -> bool) -> Self {
        Self { gap, stall, least, is_needed, state: State::default() }
    }

    /// The client is waited for from now on.
    fn begin(&self, timer: &Timer) {
        self.state.since.set(timer.now());
        timer.arm(self.gap);
    }

    /// The client moved so many bytes, for which it was waited since `began`.
    ///
    /// # Errors
    /// [`Stop::Slow`].
    #[inline]
    pub(crate) fn moved(&self, timer: &Timer, began: u64, count: usize) -> Result<(), Stop> {
        let State { waited, moved, .. } = &self.state;
        moved.set(moved.get().saturating_add(count as u64));
        let ticks = timer.now().saturating_sub(began);
        if ticks == 0 || self.least == 0 {
            return Ok(());
        }
        waited.set(waited.get().saturating_add(ticks));
        if waited.get() >= self.gap { self.judge() } else { Ok(()) }
    }

    #[cold]
    fn judge(&self) -> Result<(), Stop> {
        let State { waited, moved, slow, .. } = &self.state;
        let is_slow = moved.get() < self.least;
        waited.set(0);
        moved.set(0);
        if is_slow && slow.get() {
            return Err(Stop::Slow);
        }
        slow.set(is_slow);
        Ok(())
    }

    /// The deadline has passed while the client took nothing: whether that is the end.
    fn expired(&self, timer: &Timer) -> Option<Stop> {
        // Its time was ended, whatever the deadline says.
        if timer.is_cut() || timer.is_released() || timer.is_shed() {
            return Some(Stop::Expired);
        }
        let stalled = timer.now().saturating_sub(self.state.since.get());
        if stalled >= self.stall.max(self.gap) {
            return Some(Stop::Expired);
        }
        if (self.is_needed)() {
            return Some(Stop::Needed);
        }
        timer.arm_again(LOOK);
        None
    }
}

/// What a peer that is sent to may take its time for.
#[derive(Clone, Copy)]
pub(crate) enum Wait<'w> {
    /// So many ticks without a byte.
    Gap(u64),
    /// What a client may.
    Client(&'w Pace<'w>),
}

impl Wait<'_> {
    /// The peer is waited for from now on.
    #[inline]
    pub(crate) fn begin(self, timer: &Timer) {
        match self {
            Self::Gap(gap) => timer.arm(gap),
            Self::Client(pace) => pace.begin(timer),
        }
    }

    /// The peer took so many bytes, for which it was waited since the tick `began`.
    ///
    /// # Errors
    /// Why no more is sent.
    #[inline]
    pub(crate) fn moved(self, timer: &Timer, began: u64, count: usize) -> Result<(), Stop> {
        match self {
            Self::Gap(_) => Ok(()),
            Self::Client(pace) => pace.moved(timer, began, count),
        }
    }

    /// Ready when the peer is not waited for any longer, with the reason.
    pub(crate) fn poll_over(self, timer: &Timer, cx: &mut Context<'_>) -> Poll<Stop> {
        loop {
            ready!(timer.poll_expired(cx));
            match self {
                Self::Gap(_) => return Poll::Ready(Stop::Expired),
                Self::Client(pace) => {
                    if let Some(stop) = pace.expired(timer) {
                        return Poll::Ready(stop);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::super::timers::Timers;
    use super::*;

    const GAP: u64 = 10;
    const STALL: u64 = 100;
    const LEAST: u64 = 50;

    /// A client that takes `count` bytes every `ticks`: after how many ticks it is cut.
    fn cut_after(ticks: u64, count: usize, rounds: u64) -> Option<u64> {
        let timers = Timers::new();
        let timer = timers.register();
        let pace = Pace::new(GAP, STALL, LEAST, &|| false);
        for round in 0..rounds {
            let began = timer.now();
            timers.advance(began + ticks);
            if pace.moved(&timer, began, count).is_err() {
                return Some((round + 1) * ticks);
            }
        }
        None
    }

    #[test]
    fn dribbles_are_cut_after_two_gaps_and_enough_is_never() {
        assert_eq!(cut_after(9, 1, 100), Some(36), "a byte just within each gap");
        assert_eq!(cut_after(1, 4, 1000), Some(20), "less than the rate");
        assert_eq!(cut_after(1, 5, 1000), None, "just the rate");
        assert_eq!(cut_after(0, 1, 1000), None, "it is not waited for");
    }

    #[test]
    fn a_pause_is_no_dribble_and_the_bytes_around_it_are_forgiven_once() {
        let timers = Timers::new();
        let timer = timers.register();
        let pace = Pace::new(GAP, STALL, LEAST, &|| false);
        let moved = |ticks: u64, count: usize| {
            let began = timer.now();
            timers.advance(began + ticks);
            pace.moved(&timer, began, count).is_ok()
        };
        for _ in 0..20 {
            assert!(moved(5, 1000), "fast");
            assert!(moved(12, 3), "the last bytes that its system took before the pause");
            assert!(moved(90, 20_000), "it goes on");
        }
        // Bytes now and then between pauses are dribbles.
        assert!(moved(12, 3));
        assert!(!moved(90, 3));
    }

    #[test]
    fn who_takes_nothing_is_cut_when_the_place_is_needed_or_after_long() {
        for (needed_at, cut_at, how) in
            [(u64::MAX, STALL, "long"), (0, GAP + 1, "needed"), (40, 40, "needed")]
        {
            let timers = Timers::new();
            let timer = timers.register();
            let is_needed = || timers.now() >= needed_at;
            let pace = Pace::new(GAP, STALL, LEAST, &is_needed);
            let wait = Wait::Client(&pace);
            wait.begin(&timer);
            let mut cx = Context::from_waker(Waker::noop());
            let mut stop = None;
            while stop.is_none() && timers.now() < 2 * STALL {
                timers.advance(timers.now() + 1);
                if let Poll::Ready(why) = wait.poll_over(&timer, &mut cx) {
                    stop = Some(why);
                }
            }
            let at = timers.now();
            assert!(at >= cut_at && at <= cut_at + LOOK + 1, "{how}: {at}");
            match stop {
                Some(Stop::Needed) => assert_eq!(how, "needed"),
                Some(Stop::Expired) => assert_eq!(how, "long"),
                other => panic!("{other:?}"),
            }
        }
    }
}
