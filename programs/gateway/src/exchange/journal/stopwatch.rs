//! Takes the time of an exchange as it goes from one phase to the next.
//!
//! The clock is read where something is waited for, and nowhere else: a request whose head comes in one
//! piece, whose server has room, whose connection is kept and which has no body reads it when it begins, when a
//! server is asked, when the answer begins and at its end.

use std::time::Instant;

use crate::timing::{Phase, Spent};

/// The time of one exchange.
#[derive(Default)]
pub(super) struct Stopwatch {
    began: Option<Instant>,
    /// The phase that the exchange is in, and since when.
    running: Option<(Phase, Instant)>,
    spent: Spent,
}

impl Stopwatch {
    /// The first byte of a request is there.
    pub(super) fn begin(&mut self) {
        if self.began.is_none() {
            self.began = Some(Instant::now());
        }
    }

    /// When the first byte came.
    pub(super) fn began(&self) -> Option<Instant> {
        self.began
    }

    /// The head is being waited for since its first byte.
    pub(super) fn waits_for_head(&mut self) {
        if let (Some(began), None) = (self.began, self.running) {
            self.running = Some((Phase::Head, began));
        }
    }

    /// The phase that runs ends now, and another begins.
    #[inline]
    pub(super) fn enter(&mut self, phase: Phase, now: Instant) {
        self.leave(now);
        self.running = Some((phase, now));
    }

    /// The phase that runs ends now. How long it was.
    #[inline]
    pub(super) fn leave(&mut self, now: Instant) -> Option<(Phase, u64)> {
        let (phase, since) = self.running.take()?;
        let micros = micros(now.saturating_duration_since(since));
        self.spent.add(phase, micros);
        Some((phase, micros))
    }

    /// What runs is another phase after all: nothing was waited for before it.
    #[inline]
    pub(super) fn rename(&mut self, phase: Phase) {
        if let Some((running, _)) = &mut self.running {
            *running = phase;
        }
    }

    /// The phase that runs.
    pub(super) fn phase(&self) -> Option<Phase> {
        self.running.map(|(phase, _)| phase)
    }

    /// A phase that took no time.
    #[inline]
    pub(super) fn pass(&mut self, phase: Phase) {
        self.spent.add(phase, 0);
    }

    /// What was spent so far, in the phases that have ended.
    pub(super) fn spent(&self) -> Spent {
        self.spent
    }
}

/// Whole microseconds.
#[inline]
pub(super) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_phase_has_the_time_between_its_ends() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut watch = Stopwatch { began: Some(start), ..Stopwatch::default() };
        watch.waits_for_head();
        watch.waits_for_head();
        assert_eq!(watch.leave(at(5)), Some((Phase::Head, 5000)));
        watch.enter(Phase::Connect, at(6));
        watch.enter(Phase::Upload, at(8));
        watch.rename(Phase::FirstByte);
        watch.enter(Phase::Connect, at(9));
        watch.enter(Phase::FirstByte, at(13));
        watch.pass(Phase::Queue);
        assert_eq!(watch.leave(at(20)), Some((Phase::FirstByte, 7000)));
        assert_eq!(watch.leave(at(30)), None);
        let spent = Phase::ALL.map(|phase| watch.spent().in_phase(phase));
        assert_eq!(spent, [Some(5000), Some(0), None, Some(6000), None, Some(8000), None]);
    }
}
