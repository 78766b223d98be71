//! Sends spans to a collector: OTLP over HTTP, as JSON.
//!
//! Runs on the control plane and reads what data-plane threads remember of recorded requests; the
//! request path knows nothing of collectors. Owns every bound on the way: what finds no place is
//! dropped and counted. Refuses to hold anything back: a collector that does not answer is tried
//! again, later and later, while requests go on.
//!
//! | limit | value | beyond it |
//! |---|---|---|
//! | recorded requests that a thread remembers until they are read | 1024 | dropped, counted |
//! | requests waiting to be sent | 4096 (`WAITING`) | the oldest dropped, counted |
//! | requests sent at once | 256 (`BATCH`) | the rest follows |
//! | time for one sending | 5 s (`SENDING`) | tried again |
//! | between two tries at a collector that fails | 1 s, doubled up to 30 s | |

mod collector;
mod spans;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use tombolo_daemon::config::Traces;
use tombolo_daemon::shutdown::Shutdown;

use self::collector::Collector;
use crate::recent::{Memory, Recorded};

const EVERY: Duration = Duration::from_millis(500);
const WAITING: usize = 4096;
const BATCH: usize = 256;
const SENDING: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What became of recorded requests.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl Tally {
    /// Requests whose spans a collector took, and that were dropped.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.sent.load(Relaxed), self.dropped.load(Relaxed))
    }
}

/// Sends spans until it is told to end, and then what is left.
pub(crate) async fn run(
    traces: Traces,
    memory: Arc<Memory>,
    tally: Arc<Tally>,
    shutdown: Shutdown,
) {
    let collector = Collector::new(&traces);
    let mut cursors = memory.recorded_cursors();
    let mut waiting: VecDeque<Recorded> = VecDeque::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut pause = FIRST_PAUSE;
    let mut is_told = false;
    let mut draining = std::pin::pin!(shutdown.draining());
    loop {
        let ends = tokio::select! {
            () = &mut draining => true,
            _ = ticks.tick() => false,
        };
        let lost = memory.take_recorded(&mut cursors, |one| {
            if waiting.len() >= WAITING {
                waiting.pop_front();
                tally.dropped.fetch_add(1, Relaxed);
            }
            waiting.push_back(one);
        });
        tally.dropped.fetch_add(lost, Relaxed);
        while !waiting.is_empty() {
            let count = waiting.len().min(BATCH);
            let batch = waiting.make_contiguous().get(..count).unwrap_or_default();
            let body = spans::request(batch, &traces.service);
            match collector.send(body, SENDING).await {
                Ok(()) => {
                    tally.sent.fetch_add(count as u64, Relaxed);
                    waiting.drain(..count);
                    if is_told {
                        tracing::info!(collector = %traces.collector, "the collector takes spans again");
                    }
                    (pause, is_told) = (FIRST_PAUSE, false);
                }
                Err(error) => {
                    if !is_told {
                        tracing::warn!(collector = %traces.collector, %error, "spans cannot be sent; trying again, requests go on");
                    }
                    is_told = true;
                    break;
                }
            }
        }
        if ends {
            return;
        }
        if is_told {
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }
}
