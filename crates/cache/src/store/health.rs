//! Whether the disk works, and when to try it again. Reading and writing are judged apart: a full
//! disk still answers.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::lock::lock;
use super::settings::{RETRY_AFTER, STEADY};

/// The disk fails: what is wrong, and since when.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What was being done, to what, and what the system said.
    pub reason: String,
    /// When it began.
    pub since: SystemTime,
    /// Operations that failed since.
    pub failures: u64,
}

struct Outage {
    trouble: Trouble,
    wait: Duration,
    retry_at: Instant,
    /// It works again since then; a disk that is nearly full works now and then.
    mended: Option<Instant>,
}

/// Lets operations pass while the disk works, and one at a time to try it while it does not.
pub(super) struct Gate {
    what: &'static str,
    closed: AtomicBool,
    outage: Mutex<Option<Outage>>,
}

impl Gate {
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, closed: AtomicBool::new(false), outage: Mutex::new(None) }
    }

    /// May an operation be tried now? While the disk fails, one may after each wait.
    pub(super) fn open(&self) -> bool {
        if !self.closed.load(Ordering::Relaxed) {
            return true;
        }
        let mut outage = lock(&self.outage);
        let Some(outage) = outage.as_mut() else { return true };
        let now = Instant::now();
        let due = now >= outage.retry_at;
        if due {
            outage.retry_at = now + outage.wait;
        }
        due
    }

    /// An operation failed.
    pub(super) fn failed(&self, doing: &str, error: &io::Error) {
        let reason = format!("{doing}: {error}");
        let mut outage = lock(&self.outage);
        let now = Instant::now();
        match outage.as_mut() {
            // Several that were under way when it broke are one failure.
            Some(outage) => {
                outage.trouble.failures += 1;
                outage.trouble.reason = reason;
                if outage.mended.take().is_some() {
                    outage.retry_at = now + outage.wait;
                    self.closed.store(true, Ordering::Relaxed);
                } else if now >= outage.retry_at || outage.retry_at - now > outage.wait / 2 {
                    outage.wait = (outage.wait * 2).min(RETRY_AFTER.1);
                    outage.retry_at = now + outage.wait;
                }
            }
            None => {
                tracing::warn!(
                    reason,
                    "the cache cannot {} files; requests are served without it",
                    self.what
                );
                let trouble = Trouble { reason, since: SystemTime::now(), failures: 1 };
                let wait = RETRY_AFTER.0;
                *outage = Some(Outage { trouble, wait, retry_at: now + wait, mended: None });
                self.closed.store(true, Ordering::Relaxed);
            }
        }
    }

    /// An operation succeeded: all may pass again.
    pub(super) fn worked(&self) {
        if self.closed.load(Ordering::Relaxed)
            && let Some(outage) = lock(&self.outage).as_mut()
        {
            outage.mended = Some(Instant::now());
            outage.wait = RETRY_AFTER.0;
            self.closed.store(false, Ordering::Relaxed);
        }
    }

    /// Ends an outage when it has worked for a while.
    fn settle(&self, now: Instant) {
        let ended = lock(&self.outage).take_if(|outage| {
            outage.mended.is_some_and(|mended| now.saturating_duration_since(mended) >= STEADY)
        });
        if let Some(outage) = ended {
            let failures = outage.trouble.failures;
            tracing::warn!(failures, "the cache can {} files again", self.what);
        }
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        lock(&self.outage).as_ref().map(|outage| outage.trouble.clone())
    }
}

/// Both gates.
pub(super) struct Health {
    pub(super) reading: Gate,
    pub(super) writing: Gate,
}

impl Health {
    /// To be called now and then: ends what is over.
    pub(super) fn settle(&self) {
        let now = Instant::now();
        self.reading.settle(now);
        self.writing.settle(now);
    }
}

impl Default for Health {
    fn default() -> Self {
        Self { reading: Gate::new("read"), writing: Gate::new("write") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_gate_lets_one_try_after_each_wait() {
        let gate = Gate::new("write");
        assert!(gate.open());
        gate.failed("writing x", &io::Error::from_raw_os_error(28));
        assert!(!gate.open());
        let trouble = gate.trouble().unwrap();
        assert!(trouble.reason.contains("No space"), "{}", trouble.reason);
        lock(&gate.outage).as_mut().unwrap().retry_at = Instant::now();
        assert!(gate.open());
        assert!(!gate.open());
    }

    #[test]
    fn an_outage_is_over_when_it_has_worked_for_a_while() {
        let gate = Gate::new("write");
        let full = io::Error::from_raw_os_error(28);
        gate.failed("writing x", &full);
        gate.worked();
        assert!(gate.open() && gate.trouble().is_some());
        // It was not: the same outage goes on, and nothing new is told.
        gate.failed("writing y", &full);
        assert!(!gate.open());
        gate.settle(Instant::now() + 2 * STEADY);
        assert_eq!(gate.trouble().unwrap().failures, 2);
        gate.worked();
        gate.settle(Instant::now());
        assert!(gate.open() && gate.trouble().is_some());
        gate.settle(Instant::now() + STEADY);
        assert!(gate.open() && gate.trouble().is_none());
    }
}
