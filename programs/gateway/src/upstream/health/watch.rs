//! Who is ejected and who is back: looked at when a request failed, and ten times a second.

use std::time::Duration;

use tokio::sync::Notify;
use tombolo_balance::{FailureWindow, Standing};

use super::clock;
use crate::upstream::{Server, Upstream};

/// Rung by the request path when something is to be looked at. One for the process: whoever
/// watches looks at all servers anyway.
static BELL: Notify = Notify::const_new();

/// Between two readings of the rate of failures.
const READING: Duration = Duration::from_secs(1);

/// Probes that nobody answered for so long count as failed.
const PROBE_PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn ring() {
    BELL.notify_one();
}

/// Ready when the bell was rung.
pub(crate) async fn rung() {
    BELL.notified().await;
}

/// The watch over one upstream.
pub(crate) struct Watch {
    windows: Vec<FailureWindow>,
    /// Since when each server has been tried again without a word.
    silent: Vec<Option<Duration>>,
    read: Duration,
}

impl Watch {
    /// Begins to watch over so many servers.
    pub(crate) fn new(servers: usize) -> Self {
        Self {
            windows: vec![FailureWindow::default(); servers],
            silent: vec![None; servers],
            read: Duration::ZERO,
        }
    }

    /// Looks at all servers: who failed too often is ejected, who did well is back.
    pub(crate) fn look(&mut self, upstream: &Upstream) {
        let now = clock::now();
        let is_reading = now.saturating_sub(self.read) >= READING;
        if is_reading {
            self.read = now;
        }
        let state = self.windows.iter_mut().zip(&mut self.silent);
        for ((index, server), (window, silent)) in upstream.servers.iter().enumerate().zip(state) {
            server.health.tick();
            if server.health.is_probing() {
                window.clear();
                follow_probes(upstream, index, server, silent, now);
                continue;
            }
            *silent = None;
            let Some(rules) = &upstream.ejection else { continue };
            if server.health.is_ejected() {
                continue;
            }
            let in_a_row = server.health.failures.in_a_row();
            let last = server.health.failures.last();
            if rules.failures > 0 && in_a_row >= rules.failures {
                eject(upstream, server, &format!("{in_a_row} requests in a row failed: {last}"));
            } else if is_reading {
                let requests = upstream.balancer.total(index);
                let total = server.health.failures.total();
                let (failed, requests) = window.read(now, rules.window, total, requests);
                if rules.is_failing(failed, requests) {
                    let window = rules.window.as_secs();
                    let why =
                        format!("{failed} of {requests} requests in {window} s failed: {last}");
                    eject(upstream, server, &why);
                }
            }
        }
    }
}

fn eject(upstream: &Upstream, server: &Server, why: &str) {
    let Some(rules) = &upstream.ejection else { return };
    let ejected = upstream.servers.iter().filter(|server| server.health.is_ejected()).count();
    if server.health.is_ejected()
        || rules.max_ejected.allows_another(ejected, upstream.servers.len())
    {
        server.health.eject(why);
    }
}

/// A server that is tried again: one failure and it is out, answers enough and it is back.
fn follow_probes(
    upstream: &Upstream,
    index: usize,
    server: &Server,
    silent: &mut Option<Duration>,
    now: Duration,
) {
    let since = *silent.get_or_insert(now);
    let (answered, failed) = server.health.failures.probes();
    if failed > 0 {
        *silent = None;
        let last = server.health.failures.last();
        eject(upstream, server, &format!("a request failed while it was tried again: {last}"));
        return;
    }
    if answered > 0 {
        *silent = Some(now);
        server.health.probed(u16::try_from(answered).unwrap_or(u16::MAX));
        return;
    }
    // A probe whose client left tells nothing, and is given anew.
    if upstream.balancer.standing(index) == Standing::Probing(0) {
        if upstream.balancer.in_flight(index) == 0 {
            server.health.probe_again();
        } else if now.saturating_sub(since) >= PROBE_PATIENCE {
            *silent = None;
            eject(upstream, server, "it did not answer while it was tried again");
        }
    }
}
