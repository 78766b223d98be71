//! The loop: carries events to the supervisor, and carries out what it says.
//!
//! Thin: every decision is the supervisor's, every address the fleet's. Runs on the main thread,
//! which children must be started from.
//!
//! | file | one idea |
//! |---|---|
//! | `actions.rs` | what the supervisor says, carried out |
//! | `tell.rs` | what the user is told |
//! | `report.rs` | what the gateway is told for its status |
//! | `asked.rs` | what the gateway asks for: begins it, or says why not |
//! | `adopting.rs` | what an earlier orchestrator left, taken over or ended |
//! | `orders.rs` | the steps of a rollout, carried out and waited for |
//! | `reloading.rs` | another configuration: planned, then kept or taken back |
//! | `succession.rs` | another gateway in the place of the one that served |

mod actions;
mod adopting;
mod asked;
mod orders;
mod reloading;
mod report;
mod succession;
mod tell;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep_until};
use tombolo_daemon::file_watch::FileWatch;
use tombolo_daemon::shutdown::{Hangup, Shutdown, Signals};

use crate::control::{Asked, Control};
use crate::error::Error;
use crate::fleet::{Before, Fleet};
use crate::hangup::Hangups;
use crate::output::{Bounds, Name, Output};
use crate::process::{Launcher, Running};
use crate::rollout::{Crew, Order, Rollout, Source};
use crate::supervisor::{Event, Id, Limits, Outcome, Supervisor};
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
    /// The configuration file has changed.
    Changed,
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
    source: Source,
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
    let found = adopting::find(&mut fleet, launcher.program(), &output).await;
    fleet.check_addresses()?;
    let mut file = FileWatch::new(source.file.clone()).await;
    let mut watch = Watch::new(fleet, source, launcher, output, events, orders).map_err(threads)?;
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
            () = file.changed(), if watch.watches() => News::Changed,
            () = hangup.recv() => News::Event(match hangups.mean_the_end() {
                true => Event::Stop,
                false => watch.reopen_logs(),
            }),
        };
        let event = match news {
            News::Leave if watch.may_leave() => return Ok(()),
            News::Leave => Event::Tick,
            News::Event(event) => event,
            News::Changed => watch.ask_for_a_reload(),
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
    source: Source,
    /// What a reload under way can still go back to.
    before: Option<Before>,
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
    /// The rollouts under way, one for each service at most, and the last one that began; how many
    /// there have been.
    rollouts: Vec<Rollout>,
    begun: u64,
    /// How their steps reach this loop.
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
        source: Source,
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
            source,
            before: None,
            launcher,
            output,
            names: Vec::new(),
            running: Vec::new(),
            gateway_found: false,
            last_words: Vec::new(),
            events,
            rollouts: Vec::new(),
            begun: 0,
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
