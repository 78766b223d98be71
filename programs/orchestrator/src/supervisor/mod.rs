//! Decides which process is started, stopped and killed when: events and time in, actions out.
//!
//! Owns the order of tiers, restarts with backoff, and the deadlines. Refuses all I/O: it starts
//! nothing, reads no clock, and is tested with a clock held by hand. `now` is the time since any
//! fixed moment and never goes back.

mod backoff;
mod slot;
mod vocabulary;

use std::time::Duration;

use slot::{Slot, State};
pub(crate) use vocabulary::{Action, Event, Exit, Id, Limits, Notice, Outcome, Process};

/// The state of everything that is kept alive.
#[derive(Debug)]
pub(crate) struct Supervisor {
    slots: Vec<Slot>,
    phase: Phase,
    limits: Limits,
    random: fastrand::Rng,
    actions: Vec<Action>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// Tiers up to this one are being started.
    Starting { tier: u8 },
    /// All were ready once.
    Running,
    /// This tier and those above it are ending; the tiers below still serve.
    Draining { tier: u8, by: Duration, whole_by: Duration, outcome: Outcome },
    /// All are killed; they are gone by this time, or given up.
    Killing { by: Duration, outcome: Outcome },
    /// `End` has been said.
    Ended,
}

impl Supervisor {
    /// A supervisor of these processes, none of them started; the first `Tick` starts them.
    pub(crate) fn new(plan: Vec<Process>, limits: Limits, random: fastrand::Rng) -> Self {
        let lowest = plan.iter().map(|process| process.tier).min().unwrap_or(0);
        let slots = plan.into_iter().map(Slot::new).collect();
        let phase = Phase::Starting { tier: lowest };
        Supervisor { slots, phase, limits, random, actions: Vec::new() }
    }

    /// Takes in what happened and says what to do, in this order.
    pub(crate) fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        match event {
            Event::Tick => {}
            Event::Ready(id, run) => self.ready(now, id, run),
            Event::Exited(id, run, exit) => self.exited(now, id, run, exit),
            Event::Stop => self.stop(now, Outcome::Drained),
            Event::StopNow => self.stop_now(now, Outcome::Forced(0)),
        }
        self.advance(now);
        std::mem::take(&mut self.actions)
    }

    /// When the next `Tick` is due, later than the last one; none while only events can change
    /// anything.
    pub(crate) fn next_wake(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Draining { by, .. } | Phase::Killing { by, .. } => Some(*by),
            // Of no more concern once the end has begun, or the same moment would come for ever.
            Phase::Starting { .. } | Phase::Running => {
                let due = self.slots.iter().filter_map(|slot| match slot.state {
                    State::Resting { until } => Some(until),
                    State::Starting { by } => Some(by),
                    _ => None,
                });
                due.min()
            }
            Phase::Ended => None,
        }
    }

    // --- events ---

    fn ready(&mut self, now: Duration, id: Id, run: u32) {
        let Some(slot) = self.slots.get_mut(id).filter(|slot| slot.run == run) else { return };
        if !matches!(slot.state, State::Starting { .. }) {
            return;
        }
        slot.state = State::Ready { since: now };
        slot.ever_ready = true;
        if let Some(died) = slot.died.take().filter(|_| self.phase == Phase::Running) {
            self.actions.push(Action::Tell(Notice::Back(id, now.saturating_sub(died))));
        }
    }

    fn exited(&mut self, now: Duration, id: Id, run: u32, exit: Exit) {
        let Some(slot) = self.slots.get_mut(id).filter(|slot| slot.run == run) else { return };
        if matches!(self.phase, Phase::Draining { .. } | Phase::Killing { .. } | Phase::Ended) {
            slot.state = State::Gone;
            return;
        }
        let exit = match slot.state {
            State::Failing => Exit::NotReady(self.limits.start),
            State::Ready { since } => {
                if now.saturating_sub(since) >= self.limits.steady {
                    slot.backoff.reset();
                }
                exit
            }
            State::Starting { .. } => exit,
            // It is not running: an event out of turn.
            _ => return,
        };
        if !slot.ever_ready {
            slot.failed_starts += 1;
            slot.declined_starts += u32::from(matches!(exit, Exit::Code(_)));
            if slot.failed_starts >= self.limits.start_attempts
                || slot.declined_starts >= self.limits.declined_starts
            {
                slot.state = State::Gone;
                return self.stop(now, Outcome::StartFailed(id, exit));
            }
        }
        let wait = slot.backoff.next_wait(self.random.f64());
        slot.state = State::Resting { until: now + wait };
        slot.died = Some(now);
        self.actions.push(Action::Tell(Notice::Restarting { id, exit, wait }));
    }

    fn stop(&mut self, now: Duration, outcome: Outcome) {
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

    fn stop_now(&mut self, now: Duration, outcome: Outcome) {
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

    // --- what follows from the state and the time ---

    fn advance(&mut self, now: Duration) {
        match self.phase.clone() {
            Phase::Starting { tier } => {
                self.start_due(now, tier);
                self.raise_tier(now, tier);
            }
            Phase::Running => self.start_due(now, u8::MAX),
            Phase::Draining { tier, by, whole_by, outcome } => {
                self.drain(now, tier, by, whole_by, outcome);
            }
            Phase::Killing { by, outcome } => {
                if now >= by || self.slots.iter().all(|slot| slot.state == State::Gone) {
                    self.end(outcome);
                }
            }
            Phase::Ended => {}
        }
    }

    /// Starts what is due up to this tier, and kills what did not become ready in time.
    fn start_due(&mut self, now: Duration, tier: u8) {
        let by = now + self.limits.start;
        for (id, slot) in self.slots.iter_mut().enumerate() {
            match slot.state {
                State::Waiting if slot.process.tier <= tier => {}
                State::Resting { until } if now >= until => {}
                State::Starting { by } if now >= by => {
                    slot.state = State::Failing;
                    self.actions.push(Action::Kill(id));
                    continue;
                }
                _ => continue,
            }
            slot.run = slot.run.wrapping_add(1);
            slot.state = State::Starting { by };
            self.actions.push(Action::Start(id, slot.run));
        }
    }

    /// Goes on to the next tier when this one and all below it serve.
    fn raise_tier(&mut self, now: Duration, tier: u8) {
        let pending =
            |slot: &Slot| slot.process.tier <= tier && !matches!(slot.state, State::Ready { .. });
        if self.slots.iter().any(pending) {
            return;
        }
        let tiers = self.slots.iter().map(|slot| slot.process.tier);
        if let Some(next) = tiers.filter(|candidate| *candidate > tier).min() {
            self.phase = Phase::Starting { tier: next };
            return self.start_due(now, next);
        }
        self.phase = Phase::Running;
        self.actions.push(Action::Tell(Notice::AllReady));
    }

    /// Ends the tier above before the one below it is asked to.
    fn drain(&mut self, now: Duration, tier: u8, by: Duration, whole: Duration, outcome: Outcome) {
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

    fn kill_overdue(&mut self, now: Duration, tier: u8, whole_by: Duration, outcome: Outcome) {
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

    fn stop_tier(&mut self, tier: u8) {
        for (id, slot) in self.slots.iter_mut().enumerate() {
            if slot.process.tier == tier && slot.has_process() && slot.state != State::Killed {
                slot.state = State::Stopping;
                self.actions.push(Action::Stop(id));
            }
        }
    }

    /// Kills those chosen that still run and were not killed yet; says which.
    fn kill_where(&mut self, chosen: impl Fn(&Slot) -> bool) -> Vec<Id> {
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

    fn end(&mut self, outcome: Outcome) {
        self.phase = Phase::Ended;
        self.actions.push(Action::End(outcome));
    }
}

#[cfg(test)]
mod tests;
