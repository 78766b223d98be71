//! The steps of a rollout: begun here, and waited for until they are done.

use tokio::sync::oneshot::Sender;

use super::Watch;
use crate::rollout::{Order, Progress};
use crate::supervisor::{Event, Id, Standing};

/// Somebody who waits for a process.
pub(super) struct Waiter {
    id: Id,
    /// To serve; otherwise to be gone.
    to_serve: bool,
    answer: Sender<Result<(), String>>,
}

impl Watch {
    /// Begins a step; gives the event by which the supervisor learns of it.
    pub(super) fn carry_out(&mut self, order: Order) -> Event {
        let up = |told: Result<(), String>, answer: Sender<_>| {
            // Who asked may have given up.
            let _ = answer.send(told);
            Event::Tick
        };
        match order {
            Order::Begin(id, answer) => {
                self.waiters.push(Waiter { id, to_serve: true, answer });
                Event::Begin(id)
            }
            Order::Retire(id, answer) => {
                self.waiters.push(Waiter { id, to_serve: false, answer });
                Event::Retire(id)
            }
            Order::Kill(id, answer) => {
                self.waiters.push(Waiter { id, to_serve: false, answer });
                Event::Kill(id)
            }
            Order::Succeed(id, answer) => {
                self.expect_successor(id, answer);
                Event::Tick
            }
            Order::Rotate { ids, into, answer } => {
                self.fleet.rotate(&ids, into);
                self.write_ledger();
                up(self.fleet.write_gateway_file().map(drop), answer)
            }
            Order::Locate(id, answer) => {
                let _ = answer.send(Ok(self.fleet.places(id)));
                Event::Tick
            }
            Order::Discharge(ids) => {
                ids.into_iter().for_each(|id| self.fleet.discharge(id));
                self.write_ledger();
                Event::Tick
            }
            Order::Renew(id) => {
                self.fleet.renew(id);
                Event::Tick
            }
            Order::Plan(config, answer) => {
                let _ = answer.send(self.plan(*config));
                Event::Tick
            }
            Order::Commit { goes_on, answer } => {
                let _ = answer.send(self.commit(goes_on));
                Event::Tick
            }
            Order::TakeBack(answer) => up(self.take_back(), answer),
            Order::Tell(id, progress) => {
                self.progress(id, progress);
                Event::Tick
            }
        }
    }

    /// Answers those whose process has come where they want it.
    pub(super) fn tell_waiters(&mut self) {
        let waiters = std::mem::take(&mut self.waiters);
        for waiter in waiters {
            match self.outcome(&waiter) {
                Some(outcome) => drop(waiter.answer.send(outcome)),
                // Once the end has begun nothing comes to where it was wanted: who waits is told
                // by the sender's end.
                None if self.supervisor.is_running() => self.waiters.push(waiter),
                None => {}
            }
        }
    }

    fn outcome(&self, waiter: &Waiter) -> Option<Result<(), String>> {
        let standing = self.supervisor.standing(waiter.id);
        match (waiter.to_serve, standing) {
            (true, Standing::Up) | (false, Standing::Retired | Standing::Failed) => Some(Ok(())),
            (true, Standing::Failed | Standing::Retired) => Some(Err(format!(
                "{} {}",
                self.fleet.name(waiter.id),
                self.how_it_ended(waiter.id)
            ))),
            _ => None,
        }
    }

    /// How a process ended last, with the last line it said.
    pub(super) fn how_it_ended(&self, id: Id) -> String {
        let (_, _, exit) = self.supervisor.history(id);
        let how = exit.map_or_else(|| "did not start".to_owned(), |(_, exit)| exit.to_string());
        match self.last_words.get(id).and_then(|words| words.last()) {
            Some(words) => format!("{how}; its last words: {words}"),
            None => how,
        }
    }

    pub(super) fn progress(&mut self, id: u64, progress: Progress) {
        let found = self.rollouts.iter_mut().find(|rollout| rollout.id() == id);
        let Some(rollout) = found else { return };
        rollout.take(progress);
        if let Some(words) = rollout.words() {
            self.output.say(&words);
        }
    }
}
