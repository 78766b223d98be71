//! The thread that writes to one destination. Owns what is said about lost lines, and how often.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Instant;

use super::WARN_EVERY;
use super::destination::{Destination, Outcome};
use super::queue::{Message, Waiting};

/// The thread of one destination.
pub(super) struct Writer {
    destination: Destination,
    waiting: Waiting,
    name: String,
    /// The last write failed; said once when it begins and once when it ends.
    failing: bool,
    /// Lost lines that were reported.
    reported: u64,
    last_report: Option<Instant>,
}

impl Writer {
    pub(super) fn new(destination: Destination, name: String, waiting: Waiting) -> Writer {
        Writer { destination, waiting, name, failing: false, reported: 0, last_report: None }
    }

    /// Until told to end, the lanes are gone, or the destination is.
    pub(super) fn run(mut self) {
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
                tracing::warn!(destination = %name, "its reader is gone: this destination of the access log is off");
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
