//! Decides which process is started, stopped and killed when: events and time in, actions out.
//!
//! Owns the order of tiers, restarts with backoff, and the deadlines. Refuses all I/O: it starts
//! nothing, reads no clock, and is tested with a clock held by hand. `now` is the time since any
//! fixed moment and never goes back.

mod backoff;
mod shutdown;
mod slot;
mod vocabulary;

use std::time::Duration;

use slot::{Slot, State};
pub(crate) use vocabulary::{Action, Event, Exit, Id, Limits, Notice, Outcome, Process, Standing};

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
            Event::Begin(id) => self.begin(now, id),
            Event::Retire(id) => self.retire(now, id, false),
            Event::Kill(id) => self.retire(now, id, true),
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
                    State::Retiring { by } => by,
                    _ => None,
                });
                due.min()
            }
            Phase::Ended => None,
        }
    }

    /// One process more, not wanted until it is told to begin.
    pub(crate) fn add(&mut self, process: Process) -> Id {
        self.slots.push(Slot { state: State::Retired, ..Slot::new(process) });
        self.slots.len() - 1
    }

    /// Takes over a process that runs already; its events carry the run number. Only before the
    /// first `Tick`.
    pub(crate) fn adopt(&mut self, now: Duration, id: Id) -> Option<u32> {
        let slot = self.slots.get_mut(id).filter(|slot| slot.state == State::Waiting)?;
        slot.run = slot.run.wrapping_add(1);
        (slot.state, slot.since) = (State::Starting { by: now + self.limits.start }, now);
        Some(slot.run)
    }

    /// Another process serves in the place of this one; its events carry the run number. None if
    /// this one was not serving, or was asked to end.
    pub(crate) fn succeeded(&mut self, now: Duration, id: Id) -> Option<u32> {
        let slot = self.slots.get_mut(id)?;
        if !matches!(slot.state, State::Ready { .. }) {
            return None;
        }
        slot.run = slot.run.wrapping_add(1);
        (slot.state, slot.since) = (State::Ready { since: now }, now);
        Some(slot.run)
    }

    /// Takes another deadline for drains that begin from now on.
    pub(crate) fn set_drain(&mut self, drain: Duration) {
        self.limits.drain = drain;
    }

    /// Where a process stands.
    pub(crate) fn standing(&self, id: Id) -> Standing {
        self.slots.get(id).map_or(Standing::Retired, Slot::standing)
    }

    /// Since when it stands there, how often it died, and how it ended last.
    pub(crate) fn history(&self, id: Id) -> (Duration, u32, Option<(Duration, Exit)>) {
        let of_slot = |slot: &Slot| (slot.since, slot.restarts, slot.last_exit.clone());
        self.slots.get(id).map(of_slot).unwrap_or_default()
    }

    /// Whether all were ready once, and nobody has asked for an end.
    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    // --- events ---

    fn ready(&mut self, now: Duration, id: Id, run: u32) {
        let Some(slot) = self.slots.get_mut(id).filter(|slot| slot.run == run) else { return };
        if !matches!(slot.state, State::Starting { .. }) {
            return;
        }
        slot.state = State::Ready { since: now };
        slot.since = now;
        slot.ever_ready = true;
        if let Some(died) = slot.died.take().filter(|_| self.phase == Phase::Running) {
            self.actions.push(Action::Tell(Notice::Back(id, now.saturating_sub(died))));
        }
    }

    fn exited(&mut self, now: Duration, id: Id, run: u32, exit: Exit) {
        let ending = matches!(self.phase, Phase::Draining { .. } | Phase::Killing { .. });
        let Some(slot) = self.slots.get_mut(id).filter(|slot| slot.run == run) else { return };
        if ending || self.phase == Phase::Ended {
            slot.state = State::Gone;
            return;
        }
        let exit = match slot.state {
            State::Failing => Exit::NotReady(self.limits.start),
            State::Ready { since } => {
                if now.saturating_sub(since) >= self.limits.steady {
                    slot.backoff.reset();
                    slot.deaths = 0;
                }
                exit
            }
            State::Starting { .. } => exit,
            State::Retiring { .. } => {
                (slot.state, slot.since) = (State::Retired, now);
                slot.last_exit = Some((now, exit));
                return;
            }
            // It is not running: an event out of turn.
            _ => return,
        };
        slot.since = now;
        slot.last_exit = Some((now, exit.clone()));
        slot.restarts = slot.restarts.saturating_add(1);
        slot.deaths = slot.deaths.saturating_add(1);
        if !slot.ever_ready {
            slot.failed_starts += 1;
            slot.declined_starts += u32::from(matches!(exit, Exit::Code(_)));
            if slot.failed_starts >= self.limits.start_attempts
                || slot.declined_starts >= self.limits.declined_starts
            {
                return self.cannot_start(now, id, exit);
            }
        }
        let patience = self.limits.give_up_after;
        if slot.process.expendable && patience > 0 && slot.deaths >= patience {
            return self.give_up(id, exit);
        }
        let wait = slot.backoff.next_wait(self.random.f64());
        slot.state = State::Resting { until: now + wait };
        slot.died = Some(now);
        self.actions.push(Action::Tell(Notice::Restarting { id, exit, wait }));
    }

    /// At the start of it all nothing goes without it; later the others go on.
    fn cannot_start(&mut self, now: Duration, id: Id, exit: Exit) {
        if self.phase == Phase::Running {
            return self.give_up(id, exit);
        }
        if let Some(slot) = self.slots.get_mut(id) {
            slot.state = State::Gone;
        }
        self.stop(now, Outcome::StartFailed(id, exit));
    }

    fn give_up(&mut self, id: Id, exit: Exit) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        slot.state = State::Failed;
        let deaths = slot.deaths;
        self.actions.push(Action::Tell(Notice::GaveUp { id, exit, deaths }));
    }

    fn begin(&mut self, now: Duration, id: Id) {
        if self.phase != Phase::Running {
            return;
        }
        let Some(slot) = self.slots.get_mut(id).filter(|slot| !slot.has_process()) else { return };
        slot.begin_anew();
        (slot.state, slot.since) = (State::Waiting, now);
    }

    fn retire(&mut self, now: Duration, id: Id, kill: bool) {
        if !matches!(self.phase, Phase::Starting { .. } | Phase::Running) {
            return;
        }
        let Some(slot) = self.slots.get_mut(id) else { return };
        match slot.state {
            State::Starting { .. } | State::Ready { .. } if kill => {
                slot.state = State::Retiring { by: None };
                self.actions.push(Action::Kill(id));
            }
            State::Starting { .. } | State::Ready { .. } => {
                let by = Some(now + self.limits.drain + self.limits.grace);
                slot.state = State::Retiring { by };
                self.actions.push(Action::Stop(id));
            }
            // Killed already, and on its way out.
            State::Failing => slot.state = State::Retiring { by: None },
            _ if slot.has_process() => return,
            _ => slot.state = State::Retired,
        }
        slot.since = now;
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
                State::Retiring { by: Some(by) } if now >= by => {
                    slot.state = State::Retiring { by: None };
                    self.actions.extend([Action::Kill(id), Action::Tell(Notice::Late(id))]);
                    continue;
                }
                _ => continue,
            }
            slot.run = slot.run.wrapping_add(1);
            (slot.state, slot.since) = (State::Starting { by }, now);
            self.actions.push(Action::Start(id, slot.run));
        }
    }

    /// Goes on to the next tier when this one and all below it serve.
    fn raise_tier(&mut self, now: Duration, tier: u8) {
        let settled = |slot: &Slot| {
            matches!(slot.state, State::Ready { .. } | State::Failed | State::Retired)
        };
        let pending = |slot: &Slot| slot.process.tier <= tier && !settled(slot);
        if self.slots.iter().any(pending) {
            return;
        }
        let tiers = self.slots.iter().map(|slot| slot.process.tier);
        if let Some(next) = tiers.filter(|candidate| *candidate > tier).min() {
            self.phase = Phase::Starting { tier: next };
            self.start_due(now, next);
            // It may serve already: taken over from an earlier orchestrator.
            return self.raise_tier(now, next);
        }
        self.phase = Phase::Running;
        self.actions.push(Action::Tell(Notice::AllReady));
    }
}

#[cfg(test)]
mod tests;
