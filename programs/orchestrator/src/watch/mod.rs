//! The loop: carries events to the supervisor, and carries out what it says.
//!
//! Thin: every decision is the supervisor's, every address the fleet's. Runs on the main thread,
//! which children must be started from.
//!
//! | file | one idea |
//! |---|---|
//! | `tell.rs` | what the user is told |
//! | `report.rs` | what the gateway is told for its status |
//! | `asked.rs` | what the gateway asks for: begins it, or says why not |
//! | `adopting.rs` | what an earlier orchestrator left, taken over or ended |
//! | `orders.rs` | the steps of a rollout, carried out and waited for |
//! | `succession.rs` | another gateway in the place of the one that served |

mod adopting;
mod asked;
mod orders;
mod report;
mod succession;
mod tell;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep_until};
use tombolo_daemon::shutdown::{Hangup, Shutdown, Signals};

use crate::control::{Asked, Control};
use crate::error::Error;
use crate::fleet::Fleet;
use crate::hangup::Hangups;
use crate::output::{Bounds, Name, Output};
use crate::process::{Child, Command, Launcher, Run, Running};
use crate::rollout::{Crew, Order, Rollout};
use crate::supervisor::{Action, Event, Exit, Id, Limits, Outcome, Supervisor};
use orders::Waiter;
use succession::Succession;

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

/// What the loop is woken for.
enum News {
    Event(Event),
    Asked(Asked),
    Order(Order),
    /// A signal asks for our end alone.
    Leave,
}

/// Starts everything and watches over it until it has ended.
///
/// # Errors
/// Why it ended, if not by an orderly drain.
pub(crate) async fn watch(
    fleet: Fleet,
    launcher: Launcher,
    output: Output,
    control: Control,
) -> Result<(), Error> {
    let refused = |source| Error::System { doing: "taking over signals", source };
    let hangups = Hangups::at_start();
    let mut hangup = Hangup::install().map_err(refused)?;
    let shutdown = Signals::spawn().map_err(refused)?;
    let (events, mut inbox) = channel(EVENTS_MAX);
    let (orders, mut ordered) = channel(EVENTS_MAX);
    let (asked, mut requests) = channel(EVENTS_MAX);
    tokio::spawn(control.serve(asked));
    let threads = |source| Error::System { doing: "starting the threads of the logs", source };
    let mut fleet = fleet;
    let found = adopting::find(&mut fleet, &output).await;
    fleet.check_addresses()?;
    let mut watch = Watch::new(fleet, launcher, output, events, orders).map_err(threads)?;
    watch.adopt(found);
    let mut leave = signal(SignalKind::user_defined2()).map_err(refused)?;
    let (mut stopping, mut stopping_now) = (false, false);
    loop {
        let news = tokio::select! {
            // Its own news first, so that there is never more than a few of them.
            biased;
            event = watch.own_news() => News::Event(event),
            Some(event) = inbox.recv() => News::Event(event),
            event = signalled(&shutdown, stopping), if !stopping_now => News::Event(event),
            Some(order) = ordered.recv() => News::Order(order),
            Some(asked) = requests.recv() => News::Asked(asked),
            Some(()) = leave.recv() => News::Leave,
            () = hangup.recv() => News::Event(match hangups.mean_the_end() {
                true => Event::Stop,
                false => watch.reopen_logs(),
            }),
        };
        let event = match news {
            News::Leave if watch.may_leave() => return Ok(()),
            News::Leave => Event::Tick,
            News::Event(event) => event,
            News::Order(order) => watch.carry_out(order),
            News::Asked(asked) => watch.answer(asked),
        };
        stopping |= matches!(event, Event::Stop);
        stopping_now |= matches!(event, Event::StopNow);
        if let Some(outcome) = watch.take(event) {
            watch.names.iter().for_each(|name| name.close());
            watch.await_leaving(&outcome).await;
            watch.fleet.remove_ledger();
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
    /// How wide the names are, so that lines begin in one column.
    width: usize,
    running: Vec<Option<Running>>,
    /// The gateway was found again: it has to be told what has changed since.
    gateway_found: bool,
    /// What each process said last before it ended last.
    last_words: Vec<Vec<String>>,
    events: Sender<Event>,
    /// The rollout under way or the last one, and how its steps reach this loop.
    rollout: Option<Rollout>,
    rollouts: u64,
    crew: Crew,
    waiters: Vec<Waiter>,
    succession: Succession,
    /// Starts that failed before there was a process to report it.
    stillborn: VecDeque<Event>,
    started: bool,
    born: Instant,
    born_at: SystemTime,
}

impl Watch {
    fn new(
        fleet: Fleet,
        launcher: Launcher,
        output: Output,
        events: Sender<Event>,
        orders: Sender<Order>,
    ) -> std::io::Result<Self> {
        let processes = fleet.processes();
        let count = processes.len();
        let limits = Limits {
            start_attempts: START_ATTEMPTS,
            declined_starts: DECLINED_STARTS,
            start: START_DEADLINE,
            give_up_after: fleet.config().up.give_up_after,
            drain: fleet.config().gateway.timeouts.drain,
            grace: GRACE,
            steady: STEADY,
        };
        let mut watch = Watch {
            supervisor: Supervisor::new(processes, limits, fastrand::Rng::new()),
            width: (0..count).map(|id| fleet.name(id).len()).max().unwrap_or(0),
            crew: Crew::new(orders, fleet.gateway_socket()),
            fleet,
            launcher,
            output,
            names: Vec::new(),
            running: Vec::new(),
            gateway_found: false,
            last_words: Vec::new(),
            events,
            rollout: None,
            rollouts: 0,
            waiters: Vec::new(),
            succession: Succession::default(),
            stillborn: VecDeque::new(),
            started: false,
            born: Instant::now(),
            born_at: SystemTime::now(),
        };
        (0..count).try_for_each(|id| watch.make_room(id))?;
        Ok(watch)
    }

    /// Prepares to keep one process more: its name before its lines, its log file.
    fn make_room(&mut self, id: Id) -> std::io::Result<()> {
        let up = self.fleet.config().up;
        let bounds = Bounds { size: up.log_size, files: up.log_files };
        let name = Name::new(self.fleet.name(id), self.width, id);
        self.names.push(Arc::new(name.logged(self.fleet.log_file(id), bounds)?));
        self.running.push(None);
        self.last_words.push(Vec::new());
        Ok(())
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
    fn keep(&mut self, id: Id, run: u32, child: Child) -> Result<(), String> {
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
