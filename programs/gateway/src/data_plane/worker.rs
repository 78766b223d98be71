//! A data-plane thread: its runtime, accept loops, clock and drain.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tombolo_daemon::shutdown::Shutdown;

use super::admission::{Admission, Full};
use super::connection::Connection;
use super::core::Core;
use super::listener::{BACKLOG, Speaks};
use super::timers::TICK;
use crate::access_log::Lane;
use crate::control_plane::Snapshot;
use crate::metrics::Row;
use crate::tcp::{self, Place};
use crate::upstream::Overflow;

/// Steps of tasks between two looks for events: a round (see `rounds.rs`) is not to be cut short.
const ROUND: u32 = 1024;

/// Ticks between two looks through the pool of idle upstream connections.
const SWEEP: u64 = 10;

/// What a connection beyond the limits is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\nContent-Length: 58\r\nConnection: close\r\n\r\nThere are too many connections just now. Try again later.\n";

/// What a thread is given when it starts.
pub(crate) struct WorkerOptions {
    pub(crate) index: usize,
    pub(crate) listeners: Vec<(Speaks, TcpListener)>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) overflow: Arc<Overflow>,
    pub(crate) lane: Option<Lane>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) metrics: Arc<Row>,
    pub(crate) shutdown: Shutdown,
    /// How long a drain may take.
    pub(crate) drain: Duration,
}

/// A running thread.
pub(crate) struct Worker {
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread or no event queue.
    pub(crate) fn start(options: WorkerOptions) -> io::Result<Self> {
        let runtime = std::sync::mpsc::sync_channel(1);
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
                        built.block_on(run(options));
                    }
                    Err(error) => {
                        let _ = runtime.0.send(Err(error));
                    }
                }
            },
        )?;
        match runtime.1.recv() {
            Ok(Ok(())) => Ok(Self { thread }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other("a data-plane thread ended while it started")),
        }
    }

    /// Waits for the thread to end; false if it panicked.
    pub(crate) fn join(self) -> bool {
        self.thread.join().is_ok()
    }
}

async fn run(options: WorkerOptions) {
    let WorkerOptions {
        index,
        listeners,
        snapshot,
        overflow,
        lane,
        admission,
        metrics,
        shutdown,
        drain,
    } = options;
    let core = Core::new(index, snapshot, overflow, admission, lane, metrics);
    let clock = spawn_local(keep_time(Rc::clone(&core)));
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|(speaks, listener)| {
            spawn_local(accept(speaks, listener, Rc::clone(&core), shutdown.clone()))
        })
        .collect();
    shutdown.draining().await;
    for loop_ in accepting {
        let _ = loop_.await;
    }
    core.draining.set(true);
    core.timers.wake_all();
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

/// Moves the thread's clock, and does what is done from time to time.
async fn keep_time(core: Rc<Core>) {
    let began = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = began.elapsed().as_millis() / TICK.as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        core.timers.advance(now);
        core.log(Lane::flush);
        if now % SWEEP == 0 {
            core.pool.sweep(now);
        }
    }
}

/// Accepts connections until the gateway drains, then takes in what the kernel had already queued.
async fn accept(speaks: Speaks, listener: TcpListener, core: Rc<Core>, shutdown: Shutdown) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "a listener could not be used");
            return;
        }
    };
    let mut draining = std::pin::pin!(shutdown.draining());
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => take_in(speaks, stream, client, &core),
            Err(error) => {
                // Out of descriptors or memory: let connections end before accepting more.
                tracing::warn!(%error, "accepting a connection failed; pausing for 100 ms");
                sleep(TICK).await;
            }
        }
    }
    // What the kernel had queued was promised an answer; what comes after is not waited for.
    for _ in 0..BACKLOG {
        let queued = poll_fn(|cx| Poll::Ready(listener.poll_accept(cx))).await;
        let Poll::Ready(Ok((stream, client))) = queued else { return };
        take_in(speaks, stream, client, &core);
    }
}

/// Serves a connection, or turns it away when there are too many.
fn take_in(speaks: Speaks, stream: TcpStream, client: SocketAddr, core: &Rc<Core>) {
    match (Connection::admitted(core, client), speaks) {
        (Ok(connection), Speaks::Http) if core.snapshot().proxy_protocol => {
            drop(spawn_local(connection.serve_introduced(stream)));
        }
        (Ok(connection), Speaks::Http) => drop(spawn_local(connection.serve(stream))),
        (Ok(connection), Speaks::Tcp(index)) => take_in_tcp(index, connection, stream),
        (Err(full), Speaks::Http) => turn_away(&stream, client, full),
        // Nobody knows what words its protocol has for that.
        (Err(full), Speaks::Tcp(index)) => {
            if let Some(proxy) = core.snapshot().tcp.get(index) {
                proxy.tally.refused(core.index);
            }
            tracing::debug!(%client, limit = ?full, "turned a connection away");
        }
    }
}

/// Passes a connection on as its `[[tcp]]` says, unless that has enough of them.
fn take_in_tcp(index: usize, connection: Connection, stream: TcpStream) {
    let core = Rc::clone(&connection.core);
    let snapshot = core.snapshot();
    let Some(proxy) = snapshot.tcp.get(index) else { return };
    match Place::take(proxy, core.index) {
        Some(place) => drop(spawn_local(tcp::serve(connection, stream, place))),
        None => {
            tracing::debug!(client = %connection.client, "turned a connection away: `connections` of its [[tcp]] is reached");
        }
    }
}

fn turn_away(stream: &TcpStream, client: SocketAddr, full: Full) {
    tracing::debug!(%client, limit = ?full, "turned a connection away");
    let _ = stream.try_write_vectored(&[IoSlice::new(FULL)]);
}
