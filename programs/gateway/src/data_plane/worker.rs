//! A data-plane thread: its runtime, orders from the control plane, clock and drain.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tombolo_daemon::memory;
use tombolo_daemon::shutdown::Shutdown;

use super::admission::Admission;
use super::core::Core;
use super::entrance::Entrance;
use super::listener::Door;
use super::timers::TICK;
use super::waits;
use crate::access_log::Lane;
use crate::control_plane::Publication;
use crate::metrics::Row;
use crate::recent::Lane as Recent;

/// Steps of tasks between two looks for events: a round (see `rounds.rs`) is not to be cut short.
const ROUND: u32 = 1024;

/// Ticks between two looks through the pool of idle upstream connections.
const SWEEP: u64 = 10;

/// Orders that may wait for a thread: the control plane waits to give more.
const ORDERS: usize = 16;

/// What a thread is given when it starts.
pub(crate) struct WorkerOptions {
    pub(crate) index: usize,
    /// How many there are.
    pub(crate) threads: usize,
    pub(crate) publication: Arc<Publication>,
    pub(crate) lane: Option<Lane>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) metrics: Arc<Row>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) shutdown: Shutdown,
}

/// What the control plane wants of a thread.
pub(crate) enum Order {
    /// Accept connections here, too.
    Open(Door, TcpListener),
    /// Accept none here any more. Answered when those that were queued are taken in.
    Shut(Door, oneshot::Sender<()>),
    /// Close the idle connections to the server of this id.
    Release(u64),
    /// End what is under way at the server of this id.
    Cut(u64),
    /// Tell clients to close after each answer, or no longer.
    Leave(bool),
    /// Accept nothing more, end when nothing is under way, and at the drain deadline in any case.
    Finish(Idle),
}

/// What a thread that finishes does with connections on which nothing is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    /// They are closed at once.
    Closed,
    /// They may send one more request: another process goes on in our place, so there is no hurry,
    /// and a client is spared a connection that closes just as it sends.
    Kept,
}

/// A running thread.
pub(crate) struct Worker {
    thread: JoinHandle<()>,
    orders: Sender<Order>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread or no event queue.
    pub(crate) fn start(options: WorkerOptions) -> io::Result<Self> {
        let runtime = std::sync::mpsc::sync_channel(1);
        let (orders, waiting) = channel(ORDERS);
        let thread = std::thread::Builder::new().name(format!("data-{}", options.index)).spawn(
            move || {
                let built = Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .event_interval(ROUND)
                    .build_local(LocalOptions::default());
                match built {
                    Ok(built) => {
                        let _ = runtime.0.send(Ok(()));
                        built.block_on(run(options, waiting));
                    }
                    Err(error) => {
                        let _ = runtime.0.send(Err(error));
                    }
                }
            },
        )?;
        match runtime.1.recv() {
            Ok(Ok(())) => Ok(Self { thread, orders }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other("a data-plane thread ended while it started")),
        }
    }

    /// Another way to give orders, for later.
    pub(crate) fn orders(&self) -> Sender<Order> {
        self.orders.clone()
    }

    /// Gives an order; it is lost on a thread that has ended.
    pub(crate) async fn order(&self, order: Order) {
        let _ = self.orders.send(order).await;
    }

    /// Waits for the thread to end; false if it panicked.
    pub(crate) fn join(self) -> bool {
        self.thread.join().is_ok()
    }
}

async fn run(options: WorkerOptions, mut orders: Receiver<Order>) {
    let WorkerOptions { index, threads, publication, lane, admission, metrics, recent, shutdown } =
        options;
    let core = Core::new((index, threads), publication, admission, lane, metrics, recent);
    let clock = spawn_local(keep_time(Rc::clone(&core)));
    let mut accepting: Vec<Accepting> = Vec::new();
    let idle = loop {
        match orders.recv().await {
            Some(Order::Finish(idle)) => break idle,
            Some(order) => obey(order, &core, &mut accepting).await,
            // Nobody is left to give any.
            None => break Idle::Closed,
        }
    };
    core.leaving.set(true);
    accepting.iter().for_each(|one| one.entrance.stop());
    for one in accepting {
        let _ = one.task.await;
    }
    core.draining.set(idle == Idle::Closed);
    core.timers.wake_all();
    let drain = core.snapshot().config.gateway.timeouts.drain;
    let all_done = core.live.none_left();
    tokio::select! {
        outcome = timeout(drain, all_done) => if outcome.is_err() {
            tracing::warn!(connections = core.live.count(), "drain deadline passed; cutting what is left");
        },
        () = shutdown.now() => {}
    }
    clock.abort();
    core.pool.clear();
    core.log(Lane::flush);
}

/// A listener that accepts.
struct Accepting {
    entrance: Rc<Entrance>,
    task: tokio::task::JoinHandle<()>,
}

/// Does what the control plane wants.
async fn obey(order: Order, core: &Rc<Core>, accepting: &mut Vec<Accepting>) {
    match order {
        Order::Open(door, listener) => {
            let entrance = Entrance::new(door);
            let task = spawn_local(Rc::clone(&entrance).accept(listener, Rc::clone(core)));
            accepting.push(Accepting { entrance, task });
        }
        Order::Shut(door, done) => {
            let is_it = |one: &mut Accepting| one.entrance.door == door;
            for Accepting { entrance, task } in accepting.extract_if(.., is_it) {
                entrance.shut();
                let _ = task.await;
            }
            core.timers.wake_all();
            let _ = done.send(());
        }
        Order::Release(server) => core.pool.keep_only(|one| one != server),
        Order::Cut(server) => core.timers.cut(server),
        Order::Leave(leaving) => core.leaving.set(leaving),
        // The last order; see `run`.
        Order::Finish(_) => {}
    }
}

/// Moves the thread's clock, and does what is done from time to time.
async fn keep_time(core: Rc<Core>) {
    let began = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waits = HashMap::new();
    loop {
        ticks.tick().await;
        let now = began.elapsed().as_millis() / TICK.as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        core.timers.advance(now);
        waits::look(&core, &mut waits);
        core.shares.look(&core.timers);
        if memory::is_short() {
            core.workspaces.clear();
        }
        core.log(Lane::flush);
        // A thread without requests lets go of what was reloaded away, too.
        drop(core.snapshot());
        if now % SWEEP == 0 {
            core.pool.sweep(now);
        }
    }
}
