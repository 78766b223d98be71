//! Whether the disk works, and when to try it again. Reading and writing are judged apart: a full
//! disk still answers.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::lock::lock;
use super::settings::RETRY_AFTER;

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
                if now >= outage.retry_at || outage.retry_at - now > outage.wait / 2 {
                    outage.wait = (outage.wait * 2).min(RETRY_AFTER.1);
                    outage.retry_at = now + outage.wait;
                }
            }
            None => {
                tracing::warn!(reason, "the cache cannot {} files and goes on without", self.what);
                let trouble = Trouble { reason, since: SystemTime::now(), failures: 1 };
                let wait = RETRY_AFTER.0;
                *outage = Some(Outage { trouble, wait, retry_at: now + wait });
                self.closed.store(true, Ordering::Relaxed);
            }
        }
    }

    /// An operation succeeded.
    pub(super) fn worked(&self) {
        if self.closed.load(Ordering::Relaxed) {
            let ended = lock(&self.outage).take();
            self.closed.store(false, Ordering::Relaxed);
            if let Some(outage) = ended {
                let failures = outage.trouble.failures;
                tracing::warn!(failures, "the cache can {} files again", self.what);
            }
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
        gate.worked();
        assert!(gate.open() && gate.trouble().is_none());
    }
}
