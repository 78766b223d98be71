//! The loop: carries events to the supervisor, and carries out what it says.
//!
//! Thin: every decision is the supervisor's, every address the fleet's. Runs on the main thread,
//! which children must be started from.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep_until};
use tombolo_daemon::shutdown::{Hangup, Shutdown, Signals};

use crate::error::Error;
use crate::fleet::Fleet;
use crate::hangup::Hangups;
use crate::output::{Name, Output, Row, table};
use crate::process::{Command, Launcher, Run, Running};
use crate::supervisor::{Action, Event, Exit, Id, Limits, Notice, Outcome, Supervisor};

/// For a process to serve after its start.
const START_DEADLINE: Duration = Duration::from_secs(15);
/// Starts that may fail before the first that succeeds; meant for ports lost to somebody quicker.
const START_ATTEMPTS: u32 = 5;
/// The same for a process that ends by itself, such as for want of a folder.
const DECLINED_STARTS: u32 = 2;
/// Beyond the drain deadline, which the processes themselves keep.
const GRACE: Duration = Duration::from_secs(2);
/// Service of this length wipes out earlier deaths.
const STEADY: Duration = Duration::from_secs(10);
/// Events that wait for the loop; who has more waits in turn.
const EVENTS_MAX: usize = 64;

/// Starts everything and watches over it until it has ended.
///
/// # Errors
/// Why it ended, if not by an orderly drain.
pub(crate) async fn watch(fleet: Fleet, launcher: Launcher, output: Output) -> Result<(), Error> {
    let refused = |source| Error::System { doing: "taking over signals", source };
    let hangups = Hangups::at_start();
    let mut hangup = Hangup::install().map_err(refused)?;
    let shutdown = Signals::spawn().map_err(refused)?;
    let (events, mut inbox) = channel(EVENTS_MAX);
    let mut watch = Watch::new(fleet, launcher, output, events);
    let (mut stopping, mut stopping_now) = (false, false);
    loop {
        let event = tokio::select! {
            // Its own news first, so that there is never more than a few of them.
            biased;
            event = watch.own_news() => event,
            Some(event) = inbox.recv() => event,
            event = signalled(&shutdown, stopping), if !stopping_now => event,
            () = hangup.recv() => {
                if hangups.mean_the_end() { Event::Stop } else { watch.reopen_logs() }
            }
        };
        stopping |= matches!(event, Event::Stop);
        stopping_now |= matches!(event, Event::StopNow);
        if let Some(outcome) = watch.take(event) {
            return watch.verdict(outcome);
        }
    }
}

/// Everything the loop needs.
struct Watch {
    fleet: Fleet,
    launcher: Launcher,
    output: Output,
    supervisor: Supervisor,
    names: Vec<Arc<Name>>,
    running: Vec<Option<Running>>,
    events: Sender<Event>,
    /// Starts that failed before there was a process to report it.
    stillborn: VecDeque<Event>,
    started: bool,
    born: Instant,
}

impl Watch {
    fn new(fleet: Fleet, launcher: Launcher, output: Output, events: Sender<Event>) -> Self {
        let processes = fleet.processes();
        let count = processes.len();
        let width = (0..count).map(|id| fleet.name(id).len()).max().unwrap_or(0);
        let names = (0..count).map(|id| Arc::new(Name::new(fleet.name(id), width, id))).collect();
        let limits = Limits {
            start_attempts: START_ATTEMPTS,
            declined_starts: DECLINED_STARTS,
            start: START_DEADLINE,
            drain: fleet.config().gateway.timeouts.drain,
            grace: GRACE,
            steady: STEADY,
        };
        Watch {
            supervisor: Supervisor::new(processes, limits, fastrand::Rng::new()),
            fleet,
            launcher,
            output,
            names,
            running: (0..count).map(|_| None).collect(),
            events,
            stillborn: VecDeque::new(),
            started: false,
            born: Instant::now(),
        }
    }

    /// What the watch itself has to say: the first tick, failed starts, and that time has come.
    /// Safe to drop and call again.
    async fn own_news(&mut self) -> Event {
        if !std::mem::replace(&mut self.started, true) {
            return Event::Tick;
        }
        if let Some(event) = self.stillborn.pop_front() {
            return event;
        }
        match self.supervisor.next_wake() {
            Some(wake) => sleep_until(self.born + wake).await,
            None => std::future::pending().await,
        }
        Event::Tick
    }

    /// Takes in an event and does what follows from it; the outcome once all has ended.
    fn take(&mut self, mut event: Event) -> Option<Outcome> {
        match &mut event {
            Event::Ready(id, _) => self.fleet.settle(*id),
            Event::Exited(id, _, exit) => {
                if let Some(running) = self.running.get_mut(*id) {
                    *running = None;
                }
                if matches!(exit, Exit::Code(_)) && self.fleet.lost_its_port(*id) {
                    *exit = Exit::Beaten;
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
        outcome
    }

    fn start(&mut self, id: Id, run: u32) -> Result<(), String> {
        let arguments = self.fleet.prepare(id)?;
        let child = self.launcher.start(&arguments, self.fleet.environment(id))?;
        let name = self.names.get(id).map(Arc::clone).ok_or("is not known")?;
        let run = Run { id, run, name, probe: self.fleet.probe(id) };
        let running = Running::keep(child, run, &self.output, self.events.clone());
        if let Some(place) = self.running.get_mut(id) {
            *place = Some(running);
        }
        Ok(())
    }

    fn signal(&self, id: Id, command: Command) {
        if let Some(running) = self.running.get(id).and_then(Option::as_ref) {
            running.send(command);
        }
    }

    /// Only the gateway has log files.
    fn reopen_logs(&self) -> Event {
        let gateways = self.fleet.by_importance().filter(|id| self.fleet.is_gateway(*id));
        gateways.for_each(|id| self.signal(id, Command::ReopenLogs));
        Event::Tick
    }

    fn tell(&self, notice: Notice) {
        let name = |id: Id| self.fleet.name(id);
        match notice {
            Notice::AllReady => self.show_what_runs(),
            Notice::Restarting { id, exit, wait } => {
                let wait = wait.as_secs_f64();
                let place = if exit == Exit::Beaten { " on another" } else { "" };
                let name = name(id);
                self.output.say(&format!("{name} {exit}; starting it again{place} in {wait:.2} s"));
            }
            Notice::Back(id, after) => {
                let pid = self.running.get(id).and_then(|running| Some(running.as_ref()?.pid));
                let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                let after = after.as_secs_f64();
                self.output.say(&format!("{}{pid} is back after {after:.2} s", name(id)));
            }
            Notice::Draining => {
                let limit = self.fleet.config().gateway.timeouts.drain.as_secs_f64();
                self.output.say(&format!(
                    "draining: the gateway first, within {limit} s; \
                     the same signal again ends all at once"
                ));
            }
            Notice::Overdue(ids) => {
                let names: Vec<_> = ids.into_iter().map(name).collect();
                let names = names.join(", ");
                self.output.say(&format!("did not end within the drain deadline, killed: {names}"));
            }
        }
    }

    fn show_what_runs(&self) {
        let row = |id: Id| Row {
            name: self.fleet.name(id).to_owned(),
            address: self.fleet.urls(id).join(" "),
            pid: self.running.get(id).and_then(|running| Some(running.as_ref()?.pid)),
        };
        let rows: Vec<_> = self.fleet.by_importance().map(row).collect();
        self.output.show(&table(&rows));
        let log = match &self.fleet.config().access_log.file {
            Some(path) => format!("; requests are logged in {}", path.display()),
            None => String::new(),
        };
        self.output.say(&format!("all of it is ready{log}; Ctrl+C ends it"));
    }

    fn verdict(&self, outcome: Outcome) -> Result<(), Error> {
        match outcome {
            Outcome::Drained => {
                self.output.say("all of it has ended");
                Ok(())
            }
            Outcome::Overdue(killed) => Err(Error::Overdue(killed)),
            Outcome::Forced(killed) => Err(Error::Forced(killed)),
            Outcome::StartFailed(id, exit) => Err(match self.fleet.cannot_listen(id) {
                Some(refusal) => Error::Listen(Box::new(refusal)),
                None => Error::StartFailed {
                    name: self.fleet.name(id).to_owned(),
                    how: exit.to_string(),
                },
            }),
        }
    }
}

/// The next step of the shutdown, once a signal asks for it.
async fn signalled(shutdown: &Shutdown, stopping: bool) -> Event {
    if stopping {
        shutdown.now().await;
        Event::StopNow
    } else {
        shutdown.draining().await;
        Event::Stop
    }
}
