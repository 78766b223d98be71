//! When to stop: the first SIGINT or SIGTERM asks for a drain, the second for an end at once.
//! SIGHUP asks for files to be opened anew, SIGUSR2 for the program to be started anew.
//!
//! This module tells; it never ends the process and knows no deadline. Who drains decides how
//! long that may take (`[gateway.timeouts] drain`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How far the shutdown has come. It only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Nobody has asked for an end.
    Running = 0,
    /// Take no new work, finish what is under way.
    Draining = 1,
    /// End now; what is under way is cut.
    Now = 2,
}

/// A handle that tells when to stop. Clones are cheap and all see the same stage, from any
/// thread and any runtime.
#[derive(Clone, Debug)]
pub struct Shutdown {
    stage: watch::Receiver<Stage>,
    /// The same stage for the request path, which must not take the channel's lock.
    seen: Arc<AtomicU8>,
}

impl Shutdown {
    /// A shutdown moved by hand, for programs inside a program and for tests.
    #[must_use]
    pub fn by_hand() -> (Trigger, Self) {
        let (sender, stage) = watch::channel(Stage::Running);
        let seen = Arc::new(AtomicU8::new(Stage::Running as u8));
        (Trigger { sender, seen: Arc::clone(&seen) }, Self { stage, seen })
    }

    /// Waits until a drain (or an end at once) is asked for. Returns immediately if it was, and
    /// also when the [`Trigger`] is gone. Safe to drop and call again.
    pub async fn draining(&self) {
        self.reached(Stage::Draining).await;
    }

    /// Waits until an end at once is asked for. Safe to drop and call again.
    ///
    /// When the [`Trigger`] is gone nobody can ask any more, so this then waits for ever.
    pub async fn now(&self) {
        if !self.reached(Stage::Now).await {
            std::future::pending::<()>().await;
        }
    }

    /// Whether a drain or an end was asked for. One relaxed load: fit for the request path.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.seen.load(Ordering::Relaxed) >= Stage::Draining as u8
    }

    /// Whether an end at once was asked for.
    #[must_use]
    pub fn is_now(&self) -> bool {
        self.seen.load(Ordering::Relaxed) >= Stage::Now as u8
    }

    /// Whether the stage was reached; false when the trigger went away before.
    async fn reached(&self, stage: Stage) -> bool {
        let mut receiver = self.stage.clone();
        receiver.wait_for(|current| *current >= stage).await.is_ok()
    }
}

/// Moves a [`Shutdown`] forward.
#[derive(Debug)]
pub struct Trigger {
    sender: watch::Sender<Stage>,
    seen: Arc<AtomicU8>,
}

impl Trigger {
    /// Asks for a drain; does nothing when that was asked before.
    pub fn drain(&self) {
        self.move_to(Stage::Draining);
    }

    /// Asks for an end at once.
    pub fn now(&self) {
        self.move_to(Stage::Now);
    }

    /// Takes one step: drain first, then at once. What a signal does.
    pub fn step(&self) {
        let next =
            if *self.sender.borrow() == Stage::Running { Stage::Draining } else { Stage::Now };
        self.move_to(next);
    }

    fn move_to(&self, stage: Stage) {
        // The atomic goes first: who wakes from the channel must find it moved.
        self.seen.fetch_max(stage as u8, Ordering::Relaxed);
        self.sender.send_if_modified(|current| {
            let forward = stage > *current;
            if forward {
                *current = stage;
            }
            forward
        });
    }
}

/// The process's signals, taken over from the system's defaults.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    trigger: Trigger,
    shutdown: Shutdown,
}

impl Signals {
    /// Takes SIGINT and SIGTERM over. Needs a tokio runtime with I/O and signals enabled.
    ///
    /// # Errors
    /// When the system refuses a handler; nothing but a full file table is known to cause it.
    pub fn install() -> io::Result<Self> {
        let (trigger, shutdown) = Shutdown::by_hand();
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate, trigger, shutdown })
    }

    /// The handle to give to whoever must stop.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Turns each signal into one step, for as long as it is awaited. Never returns: spawn it,
    /// or race it with the program's end.
    pub async fn watch(mut self) {
        loop {
            let name = tokio::select! {
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.terminate.recv() => "SIGTERM",
            };
            self.trigger.step();
            if self.shutdown.is_now() {
                tracing::warn!(signal = name, "ending at once");
            } else {
                tracing::info!(signal = name, "draining; the same signal again ends at once");
            }
        }
    }

    /// Installs the handlers and watches them on a task of the current runtime.
    ///
    /// # Errors
    /// As [`Signals::install`].
    pub fn spawn() -> io::Result<Shutdown> {
        let signals = Self::install()?;
        let shutdown = signals.shutdown();
        tokio::spawn(signals.watch());
        Ok(shutdown)
    }
}

/// SIGHUP as a stream: each one asks for log files to be opened anew.
#[derive(Debug)]
pub struct Hangup(Signal);

impl Hangup {
    /// Takes SIGHUP over; from then on it no longer ends the process.
    ///
    /// # Errors
    /// As [`Signals::install`].
    pub fn install() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next SIGHUP. Several in a row may arrive as one.
    pub async fn recv(&mut self) {
        // None only when the runtime's signal driver is gone: then there is nothing to wait for.
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// SIGUSR2 as a stream: each one asks for the program to be started anew in this process's place.
#[derive(Debug)]
pub struct Replace(Signal);

impl Replace {
    /// Takes SIGUSR2 over; from then on it no longer ends the process.
    ///
    /// # Errors
    /// As [`Signals::install`].
    pub fn install() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::user_defined2())?))
    }

    /// Waits for the next SIGUSR2. Several in a row may arrive as one.
    pub async fn recv(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn first_step_drains_second_ends() {
        runtime().block_on(async {
            let (trigger, shutdown) = Shutdown::by_hand();
            assert!(!shutdown.is_draining());
            let clone = shutdown.clone();
            let drained = tokio::spawn(async move { clone.draining().await });
            let clone = shutdown.clone();
            let ended = tokio::spawn(async move { clone.now().await });
            tokio::task::yield_now().await;
            assert!(!drained.is_finished() && !ended.is_finished());
            trigger.step();
            timeout(PATIENCE, drained).await.unwrap().unwrap();
            assert!(shutdown.is_draining() && !shutdown.is_now() && !ended.is_finished());
            trigger.step();
            timeout(PATIENCE, ended).await.unwrap().unwrap();
            assert!(shutdown.is_now());
            trigger.drain();
            assert!(shutdown.is_now(), "a stage is never taken back");
        });
    }

    #[test]
    fn a_lost_trigger_drains_but_does_not_cut() {
        runtime().block_on(async {
            let (trigger, shutdown) = Shutdown::by_hand();
            drop(trigger);
            timeout(PATIENCE, shutdown.draining()).await.unwrap();
            assert!(!shutdown.is_now());
        });
    }

    #[test]
    fn signals_of_the_system_move_it() {
        runtime().block_on(async {
            let shutdown = Signals::spawn().unwrap();
            let mut hangup = Hangup::install().unwrap();
            let me = rustix::process::getpid();
            rustix::process::kill_process(me, rustix::process::Signal::HUP).unwrap();
            timeout(PATIENCE, hangup.recv()).await.unwrap();
            assert!(!shutdown.is_draining());
            rustix::process::kill_process(me, rustix::process::Signal::TERM).unwrap();
            timeout(PATIENCE, shutdown.draining()).await.unwrap();
            rustix::process::kill_process(me, rustix::process::Signal::INT).unwrap();
            timeout(PATIENCE, shutdown.now()).await.unwrap();
        });
    }
}
