//! What the supervisor says, carried out: processes are started, kept and signalled.

use std::sync::Arc;

use rustix::process::Signal;

use super::Watch;
use crate::process::{Child, Command, Run, Running};
use crate::supervisor::{Action, Event, Exit, Id, Outcome};

/// What a Rust program says when it ends itself because it has no memory left.
const OUT_OF_MEMORY: &str = "memory allocation of ";

/// Whether a process that ended so, with these last lines, had no memory left.
fn ran_out_of_memory(exit: &Exit, last_lines: &[String]) -> bool {
    let is_said = |line: &String| line.starts_with(OUT_OF_MEMORY);
    *exit == Exit::Signal(Signal::ABORT.as_raw()) && last_lines.iter().any(is_said)
}

impl Watch {
    /// Takes in an event and does what follows from it; the outcome once all has ended.
    pub(super) fn take(&mut self, mut event: Event) -> Option<Outcome> {
        match &mut event {
            Event::Ready(id, _) => {
                self.fleet.settle(*id);
                let places = self.fleet.places(*id);
                if !places.is_empty() {
                    tokio::spawn(self.crew.clone().tell_of_start(places));
                }
            }
            // Of one that was succeeded, and has ended as it was to.
            Event::Exited(id, run, _) if self.keeps_another(*id, *run) => {}
            Event::Exited(id, _, exit) => {
                if let Some(running) = self.running.get_mut(*id) {
                    *running = None;
                }
                if self.fleet.is_gateway(*id) {
                    self.end_succession(Err("it has ended".to_owned()));
                }
                if matches!(exit, Exit::Code(_)) && self.fleet.lost_its_port(*id) {
                    *exit = Exit::Beaten;
                }
                self.write_ledger();
                if let (Some(name), Some(words)) =
                    (self.names.get(*id), self.last_words.get_mut(*id))
                {
                    *words = name.tail.take();
                    if let Some(bound) = self.fleet.surroundings(*id).memory
                        && ran_out_of_memory(exit, words)
                    {
                        *exit = Exit::OutOfMemory(bound);
                    }
                }
            }
            _ => {}
        }
        let mut outcome = None;
        for action in self.supervisor.handle(self.born.elapsed(), event) {
            match action {
                Action::Start(id, run) => {
                    if let Err(reason) = self.start(id, run) {
                        let exit = Exit::Lost(reason);
                        self.stillborn.push_back(Event::Exited(id, run, exit));
                    }
                }
                Action::Stop(id) => self.signal(id, Command::Stop),
                Action::Kill(id) => self.signal(id, Command::Kill),
                Action::Tell(notice) => self.tell(notice),
                Action::End(end) => outcome = Some(end),
            }
        }
        self.tell_waiters();
        outcome
    }

    fn start(&mut self, id: Id, run: u32) -> Result<(), String> {
        let arguments = self.fleet.prepare(id)?;
        let child = self.launcher.start(&arguments, self.fleet.surroundings(id))?;
        self.keep(id, run, child)
    }

    /// Begins to keep a process that runs.
    pub(super) fn keep(&mut self, id: Id, run: u32, child: Child) -> Result<(), String> {
        let name = self.names.get(id).map(Arc::clone).ok_or("is not known")?;
        let patience = self.fleet.config().up.hang_after;
        let run = Run { id, run, name, probe: self.fleet.probe(id), patience };
        let running = Running::keep(child, run, &self.output, self.events.clone());
        if let Some(place) = self.running.get_mut(id) {
            *place = Some(running);
        }
        self.write_ledger();
        Ok(())
    }

    /// Whether another run of this process is being kept.
    fn keeps_another(&self, id: Id, run: u32) -> bool {
        let running = self.running.get(id).and_then(Option::as_ref);
        running.is_some_and(|running| running.run != run)
    }

    pub(super) fn signal(&self, id: Id, command: Command) {
        if let Some(running) = self.running.get(id).and_then(Option::as_ref) {
            running.send(command);
        }
    }

    /// Only the gateway has log files.
    pub(super) fn reopen_logs(&self) -> Event {
        let gateways = self.fleet.by_importance().filter(|id| self.fleet.is_gateway(*id));
        gateways.for_each(|id| self.signal(id, Command::ReopenLogs));
        Event::Tick
    }
}
