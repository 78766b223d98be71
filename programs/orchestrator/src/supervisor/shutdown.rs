//! The end of everything: tier by tier from the top, within the deadline, or at once.

use std::time::Duration;

use super::slot::{Slot, State};
use super::vocabulary::{Action, Id, Notice, Outcome};
use super::{Phase, Supervisor};

impl Supervisor {
    pub(super) fn stop(&mut self, now: Duration, outcome: Outcome) {
        if !matches!(self.phase, Phase::Starting { .. } | Phase::Running) {
            return;
        }
        if outcome == Outcome::Drained {
            self.actions.push(Action::Tell(Notice::Draining));
        }
        for slot in &mut self.slots {
            if !slot.has_process() {
                slot.state = State::Gone;
            }
        }
        let whole_by = now + self.limits.drain;
        let tier = self.slots.iter().map(|slot| slot.process.tier).max().unwrap_or(0);
        let by = whole_by + self.limits.grace;
        self.phase = Phase::Draining { tier, by, whole_by, outcome };
        self.stop_tier(tier);
    }

    pub(super) fn stop_now(&mut self, now: Duration, outcome: Outcome) {
        if matches!(self.phase, Phase::Killing { .. } | Phase::Ended) {
            return;
        }
        let killed = self.kill_where(|_| true).len();
        let outcome = match (&self.phase, outcome) {
            // The reason why it all ends is worth more than how.
            (Phase::Draining { outcome: failed @ Outcome::StartFailed(..), .. }, _) => {
                failed.clone()
            }
            (_, Outcome::Forced(_)) => Outcome::Forced(killed),
            (_, outcome) => outcome,
        };
        self.phase = Phase::Killing { by: now + self.limits.grace, outcome };
    }

    /// Ends the tier above before the one below it is asked to.
    pub(super) fn drain(
        &mut self,
        now: Duration,
        tier: u8,
        by: Duration,
        whole: Duration,
        outcome: Outcome,
    ) {
        if self.slots.iter().any(|slot| slot.process.tier >= tier && slot.state != State::Gone) {
            if now >= by {
                self.kill_overdue(now, tier, whole, outcome);
            }
            return;
        }
        let tiers = self.slots.iter().map(|slot| slot.process.tier);
        let Some(next) = tiers.filter(|candidate| *candidate < tier).max() else {
            return self.end(outcome);
        };
        // A tier above that used up the deadline leaves this one its grace and no more.
        let by = whole.max(now) + self.limits.grace;
        self.phase = Phase::Draining { tier: next, by, whole_by: whole, outcome };
        self.stop_tier(next);
        self.advance(now);
    }

    pub(super) fn kill_overdue(
        &mut self,
        now: Duration,
        tier: u8,
        whole_by: Duration,
        outcome: Outcome,
    ) {
        let overdue = self.kill_where(|slot| slot.process.tier >= tier);
        if overdue.is_empty() {
            // Killed before and still not gone: no use in waiting for the impossible.
            return self.stop_now(now, outcome);
        }
        let so_far = match outcome {
            Outcome::Overdue(killed) => killed,
            _ => 0,
        };
        let outcome = match outcome {
            failed @ Outcome::StartFailed(..) => failed,
            _ => Outcome::Overdue(so_far + overdue.len()),
        };
        self.actions.push(Action::Tell(Notice::Overdue(overdue)));
        let by = now + self.limits.grace;
        self.phase = Phase::Draining { tier, by, whole_by, outcome };
    }

    pub(super) fn stop_tier(&mut self, tier: u8) {
        for (id, slot) in self.slots.iter_mut().enumerate() {
            if slot.process.tier != tier || !slot.has_process() || slot.state == State::Killed {
                continue;
            }
            // Who was asked alone is not asked again: a second signal would end it at once.
            if !matches!(slot.state, State::Retiring { .. }) {
                self.actions.push(Action::Stop(id));
            }
            slot.state = State::Stopping;
        }
    }

    /// Kills those chosen that still run and were not killed yet; says which.
    pub(super) fn kill_where(&mut self, chosen: impl Fn(&Slot) -> bool) -> Vec<Id> {
        let mut killed = Vec::new();
        for (id, slot) in self.slots.iter_mut().enumerate() {
            if !slot.has_process() {
                slot.state = State::Gone;
            } else if chosen(slot) && slot.state != State::Killed {
                slot.state = State::Killed;
                self.actions.push(Action::Kill(id));
                killed.push(id);
            }
        }
        killed
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.phase = Phase::Ended;
        self.actions.push(Action::End(outcome));
    }
}
