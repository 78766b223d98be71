//! The threads that write, one for each destination, and the handle that starts, turns and ends
//! them. Owns what is said about lost lines, and how often.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tombolo_daemon::config::{self, LogFormat};

use super::destination::{Destination, Outcome};
use super::error::Error;
use super::lane::Lane;
use super::queue::{Message, Queue, Waiting, queue};
use super::{CLOSE, WARN_EVERY};

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

    /// Lines not written since the start, over all destinations: refused by a full queue, or by a
    /// full disk. Standard output that nobody can read any more is off and counts no further.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.outputs.iter().map(|output| output.queue.shared.tally.dropped()).sum()
    }

    /// Lines written whole since the start, over all destinations.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.outputs.iter().map(|output| output.queue.shared.tally.written()).sum()
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

impl Output {
    fn start(destination: Destination) -> io::Result<Output> {
        let (queue, waiting) = queue();
        let (ending, ended) = sync_channel(0);
        let name = destination.name();
        let writer = Writer {
            destination,
            waiting,
            name: name.clone(),
            failing: false,
            reported: 0,
            last_report: None,
            _ending: ending,
        };
        let thread = std::thread::Builder::new().name("access-log".into());
        let thread = thread.spawn(move || writer.run())?;
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

/// The thread of one destination.
struct Writer {
    destination: Destination,
    waiting: Waiting,
    name: String,
    /// The last write failed; said once when it begins and once when it ends.
    failing: bool,
    /// Lost lines that were reported.
    reported: u64,
    last_report: Option<Instant>,
    _ending: SyncSender<()>,
}

impl Writer {
    fn run(mut self) {
        while let Some(message) = self.next() {
            if self.waiting.shared.orders.reopen.swap(false, Relaxed) {
                let outcome = self.destination.reopen();
                self.settle(outcome);
            }
            if let Message::Lines(chunk) = message {
                self.waiting.taken();
                let outcome = self.destination.write(&chunk);
                drop(chunk);
                if self.settle(outcome) {
                    break;
                }
            }
            self.report_losses();
        }
        let outcome = self.destination.give_up_torn_line();
        self.settle(outcome);
        self.last_report = None;
        self.report_losses();
    }

    /// The next message; None when it is time to end.
    fn next(&self) -> Option<Message> {
        let receiver = &self.waiting.receiver;
        if self.waiting.shared.orders.close.load(Relaxed) {
            return receiver.try_recv().ok();
        }
        if self.unreported() == 0 {
            return receiver.recv().ok();
        }
        match receiver.recv_timeout(WARN_EVERY) {
            Err(RecvTimeoutError::Timeout) => Some(Message::Wake),
            message => message.ok(),
        }
    }

    /// Counts what became of lines and says when writing begins or ceases to fail. True if the
    /// destination is gone for good.
    fn settle(&mut self, outcome: Outcome) -> bool {
        let tally = &self.waiting.shared.tally;
        tally.add_written(outcome.written);
        tally.add_failed(outcome.failed);
        let name = &self.name;
        match outcome.error {
            Some(error) if self.destination.is_gone(&error) => {
                tracing::warn!(destination = %name, "nobody reads it any more: access log is off");
                return true;
            }
            Some(error) if !self.failing => {
                self.failing = true;
                tracing::warn!(
                    destination = %name, %error,
                    "access log cannot be written, lines are lost until it can"
                );
            }
            None if self.failing && outcome.written > 0 => {
                self.failing = false;
                tracing::info!(destination = %name, lost = tally.dropped(), "access log recovered");
            }
            Some(_) | None => {}
        }
        false
    }

    fn unreported(&self) -> u64 {
        self.waiting.shared.tally.dropped().saturating_sub(self.reported)
    }

    /// At most once in a while, however many are lost. It is this thread that speaks and not the
    /// lane: standard error may be stalled too, and must not stall requests.
    fn report_losses(&mut self) {
        let lines = self.unreported();
        let recent = self.last_report.is_some_and(|last| last.elapsed() < WARN_EVERY);
        if lines == 0 || recent {
            return;
        }
        tracing::warn!(
            destination = %self.name, lines, total = self.reported + lines,
            "access log lines lost: it is slower than the requests, or cannot be written"
        );
        self.reported += lines;
        self.last_report = Some(Instant::now());
    }
}
