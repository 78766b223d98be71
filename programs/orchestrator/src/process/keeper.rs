//! The task that keeps one run of one process: passes its output on, tells when it serves and how
//! it ended, and hands it the signals it is sent.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::pulse::stopped;
use super::{Child, Probe, ready};
use crate::output::{From, Name, Output};
use crate::supervisor::{Event, Exit, Id};

/// After its end, for its last words to be read.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Signals that wait to be sent; there are few kinds, and none is worth repeating.
const SIGNALS_MAX: usize = 8;

/// A signal for the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Drain and end.
    Stop,
    /// End at once.
    Kill,
    /// Open log files anew.
    ReopenLogs,
    /// Start the program anew in its own place.
    Succeed,
    /// What it says is heard by somebody else from now on.
    Unheard,
}

/// One run of a process that is being kept.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its process id.
    pub(crate) pid: u32,
    /// Which run of its process it is.
    pub(crate) run: u32,
    commands: Sender<Command>,
    task: JoinHandle<()>,
}

/// Which run of which process this is.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: Id,
    pub(crate) run: u32,
    pub(crate) name: Arc<Name>,
    pub(crate) probe: Probe,
    /// For so long it may answer nothing once it has served. Zero: for ever.
    pub(crate) patience: Duration,
}

impl Running {
    /// Begins to keep a child that was just started.
    pub(crate) fn keep(child: Child, run: Run, output: &Output, events: Sender<Event>) -> Self {
        let (commands, receiver) = channel(SIGNALS_MAX);
        let (pid, number) = (child.pid, run.run);
        let task = tokio::spawn(keep(child, run, output.clone(), events, receiver));
        Running { pid, run: number, commands, task }
    }

    /// Gives what it says to whoever keeps the process in its place; it is kept until it has ended.
    pub(crate) fn give_way(self) -> JoinHandle<()> {
        self.send(Command::Unheard);
        self.task
    }

    /// Sends a signal; nothing happens if the process is gone.
    pub(crate) fn send(&self, command: Command) {
        let _ = self.commands.try_send(command);
    }
}

async fn keep(
    mut child: Child,
    run: Run,
    output: Output,
    events: Sender<Event>,
    mut commands: Receiver<Command>,
) {
    let mut relays = JoinSet::new();
    let (out, err) = child.streams();
    if let Some(out) = out {
        relays.spawn(output.clone().relay(out, Arc::clone(&run.name), From::Out));
    }
    if let Some(err) = err {
        relays.spawn(output.relay(err, Arc::clone(&run.name), From::Err));
    }
    let serves = ready(child.pid, run.probe.clone());
    let hangs = stopped(&run.probe, run.patience);
    tokio::pin!(serves, hangs);
    let (mut waiting, mut watching, mut hung) = (true, false, false);
    let exit = loop {
        tokio::select! {
            exit = child.wait() => break exit,
            () = &mut serves, if waiting => {
                (waiting, watching) = (false, true);
                // It fails only when nobody is left to be told.
                let _ = events.send(Event::Ready(run.id, run.run)).await;
            }
            () = &mut hangs, if watching => {
                (watching, hung) = (false, true);
                child.kill();
            }
            Some(command) = commands.recv() => match command {
                // From now on it may answer or not.
                Command::Stop => {
                    watching = false;
                    child.stop();
                }
                Command::Kill => child.kill(),
                Command::ReopenLogs => child.reopen_logs(),
                Command::Succeed => child.succeed(),
                Command::Unheard => relays.abort_all(),
            },
        }
    };
    let last_words = async { while relays.join_next().await.is_some() {} };
    let _ = timeout(LAST_WORDS, last_words).await;
    let exit = if hung { Exit::Hung(run.patience) } else { exit };
    let _ = events.send(Event::Exited(run.id, run.run, exit)).await;
}
