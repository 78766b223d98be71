//! The handle of the access log: what starts, turns and ends the threads that write.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tombolo_daemon::config::{self, LogFormat};

use super::CLOSE;
use super::destination::Destination;
use super::error::Error;
use super::lane::Lane;
use super::queue::{Queue, Shared, queue};
use super::writer::Writer;

/// The access log of one process.
#[derive(Debug)]
pub struct AccessLog {
    format: LogFormat,
    pub(super) outputs: Vec<Output>,
}

/// A destination as seen from outside its thread.
#[derive(Debug)]
pub(super) struct Output {
    name: String,
    pub(super) queue: Queue,
    pub(super) thread: JoinHandle<()>,
    /// Disconnected when the thread ends. In a mutex only so that the log can be shared.
    ended: Mutex<Receiver<()>>,
}

impl AccessLog {
    /// Opens what `settings` name and starts a thread for each: none, if logging is off.
    ///
    /// # Errors
    /// If the file cannot be opened for appending, standard output cannot be used, or a thread
    /// cannot be started. The text says which, why, and what to do.
    pub fn start(settings: &config::AccessLog) -> Result<AccessLog, Error> {
        let mut destinations = Vec::new();
        if let Some(path) = &settings.file {
            destinations.push(Destination::file(path)?);
        }
        if settings.stdout {
            destinations.push(Destination::standard_output()?);
        }
        AccessLog::over(destinations, settings.format)
    }

    pub(super) fn over(
        destinations: Vec<Destination>,
        format: LogFormat,
    ) -> Result<AccessLog, Error> {
        let outputs = destinations.into_iter().map(Output::start).collect::<io::Result<_>>();
        Ok(AccessLog { format, outputs: outputs.map_err(|cause| Error::Thread { cause })? })
    }

    /// A way in for one data-plane thread. None if logging is off.
    #[must_use]
    pub fn lane(&self) -> Option<Lane> {
        let queues: Vec<_> = self.outputs.iter().map(|output| output.queue.clone()).collect();
        (!queues.is_empty()).then(|| Lane::new(self.format, queues))
    }

    /// Opens the file anew by its path, soon and without waiting for it: for SIGHUP, after the file
    /// was renamed. Lines written until then are in the old file, none is in neither. If it cannot
    /// be opened, the old one stays in use and a warning says why.
    pub fn reopen(&self) {
        for output in &self.outputs {
            output.queue.shared.orders.reopen.store(true, Relaxed);
            output.queue.wake();
        }
    }

    /// A way to read the counts that outlives the log.
    #[must_use]
    pub fn lines(&self) -> Lines {
        Lines(self.outputs.iter().map(|output| Arc::clone(&output.queue.shared)).collect())
    }

    /// As [`Lines::dropped`].
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lines().dropped()
    }

    /// As [`Lines::written`].
    #[must_use]
    pub fn written(&self) -> u64 {
        self.lines().written()
    }

    /// Writes what has been handed over and ends, within 5 s in all; what a stalled destination has
    /// not taken by then is given up, counted and reported. Call it when the lanes are dropped:
    /// what a lane still holds is lost.
    pub fn close(self) {
        self.close_within(CLOSE);
    }

    pub(super) fn close_within(self, time: Duration) {
        for output in &self.outputs {
            output.queue.shared.orders.close.store(true, Relaxed);
            output.queue.wake();
        }
        let deadline = Instant::now() + time;
        self.outputs.into_iter().for_each(|output| output.join(deadline));
    }
}

/// What became of the lines of an access log.
#[derive(Debug, Clone)]
pub struct Lines(Box<[Arc<Shared>]>);

impl Lines {
    /// Lines not written since the start, over all destinations: refused by a full queue, or by a
    /// full disk. Standard output that nobody can read any more is off and counts no further.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.iter().map(|shared| shared.tally.dropped()).sum()
    }

    /// Lines written whole since the start, over all destinations.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.0.iter().map(|shared| shared.tally.written()).sum()
    }
}

impl Output {
    fn start(destination: Destination) -> io::Result<Output> {
        let (queue, waiting) = queue();
        let (ending, ended) = sync_channel(0);
        let name = destination.name();
        let writer = Writer::new(destination, name.clone(), waiting);
        let thread = std::thread::Builder::new().name("access-log".into()).spawn(move || {
            let _ended_when_dropped: SyncSender<()> = ending;
            writer.run();
        })?;
        Ok(Output { name, queue, thread, ended: Mutex::new(ended) })
    }

    fn join(self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let ended = self.ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        match ended.recv_timeout(left) {
            Err(RecvTimeoutError::Timeout) => tracing::warn!(
                destination = %self.name,
                lines = self.queue.shared.tally.unwritten(),
                "access log lines given up: the destination took none in time"
            ),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => drop(self.thread.join()),
        }
    }
}
