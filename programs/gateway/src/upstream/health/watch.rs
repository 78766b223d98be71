//! Who is ejected and who is back: looked at when a request failed, and ten times a second.

use std::time::Duration;

use tokio::sync::Notify;
use tombolo_balance::{EjectionCause, EjectionRules, FailureWindow, Standing, Tally, Totals};

use super::clock;
use super::suspicion::{Compared, Suspicion};
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
    suspicion: Option<Suspicion>,
    read: Duration,
}

impl Watch {
    /// Begins to watch over so many servers.
    pub(crate) fn new(servers: usize) -> Self {
        Self {
            windows: vec![FailureWindow::default(); servers],
            silent: vec![None; servers],
            suspicion: None,
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
            if let Some(rules) = upstream.ejection.as_ref().filter(|_| is_reading) {
                let kinds = server.health.failures.take_kinds();
                window.read(now, rules.window, totals(upstream, index), kinds);
            }
        }
        call_up(upstream);
        let Some(rules) = &upstream.ejection else { return };
        Suspicion::follow(&mut self.suspicion, upstream, &self.windows, now);
        for (index, server) in upstream.servers.iter().enumerate() {
            if !server.health.is_ejected()
                && let Some((cause, why)) = self.verdict(upstream, rules, index, is_reading)
            {
                eject(upstream, server, cause, &why);
            }
        }
    }

    /// What a server is to be ejected for, if it is to be.
    fn verdict(
        &self,
        upstream: &Upstream,
        rules: &EjectionRules,
        index: usize,
        is_reading: bool,
    ) -> Option<(EjectionCause, String)> {
        let health = &upstream.servers.get(index)?.health;
        if health.is_silent() && has_another_that_answers(upstream, index) {
            let why = "it answers nothing: requests wait, and so does a check".to_owned();
            return Some((EjectionCause::Silent, why));
        }
        let failures = &health.failures;
        let (in_a_row, last) = (failures.in_a_row(), failures.last());
        if rules.failures > 0 && failures.unanswered_in_a_row() >= rules.failures {
            let why = format!("{in_a_row} requests in a row failed: {}", last.words());
            return Some((last.cause(), why));
        }
        let compared = self.compare(upstream, index);
        if rules.failures > 0
            && in_a_row >= rules.failures
            && compared.as_ref().is_some_and(|compared| compared.is_no_accident(in_a_row))
        {
            let why = format!(
                "{in_a_row} requests in a row failed, and its peers do better: {}",
                last.words()
            );
            return Some((EjectionCause::Status, why));
        }
        let own = self.windows.get(index)?.since(totals(upstream, index));
        let unanswered = Tally { failed: own.all.failed.saturating_sub(own.answered), ..own.all };
        let is_failing = is_reading && rules.is_failing(own.all);
        let (cause, beside) = match compared {
            _ if is_failing && rules.is_failing(unanswered) => (EjectionCause::Unanswered, ""),
            Some(compared) if is_failing && compared.is_worse(rules) => {
                (EjectionCause::Status, ", and its peers do better")
            }
            _ => return None,
        };
        let Tally { failed, requests } = own.all;
        let (window, last) = (rules.window.as_secs(), last.words());
        Some((
            cause,
            format!("{failed} of {requests} requests in {window} s failed{beside}: {last}"),
        ))
    }

    /// A server beside its peers.
    fn compare(&self, upstream: &Upstream, index: usize) -> Option<Compared> {
        self.suspicion.as_ref()?.compare(upstream, &self.windows, index)
    }
}

/// Has servers stand by while one of a lower rank is up.
fn call_up(upstream: &Upstream) {
    let ranks = || upstream.targets.iter().map(|target| target.rank).zip(&upstream.servers);
    let Some(best) = ranks().map(|(rank, _)| rank).min() else { return };
    if ranks().all(|(rank, _)| rank == best) {
        return;
    }
    let up = ranks().filter(|(_, server)| server.health.is_up());
    let serving = up.map(|(rank, _)| rank).min().unwrap_or(best);
    for (rank, server) in ranks() {
        server.health.stand_by(rank > serving);
    }
}

/// Whether a server beside this one is up and not silent: when none is, the fault is elsewhere.
fn has_another_that_answers(upstream: &Upstream, index: usize) -> bool {
    let mut others = upstream.servers.iter().enumerate().filter(|(other, _)| *other != index);
    others.any(|(_, server)| server.health.is_open() && !server.health.is_silent())
}

/// Requests of a server that have ended, and its failures, since the start.
pub(super) fn totals(upstream: &Upstream, index: usize) -> Totals {
    let Some(server) = upstream.servers.get(index) else { return Totals::default() };
    let (failed, answered) = server.health.failures.totals();
    let under_way = u64::from(upstream.balancer.in_flight(index));
    let requests = upstream.balancer.total(index).saturating_sub(under_way);
    Totals { all: Tally { requests, failed }, answered }
}

fn eject(upstream: &Upstream, server: &Server, cause: EjectionCause, why: &str) {
    let Some(rules) = &upstream.ejection else { return };
    let ejected = upstream.servers.iter().filter(|server| server.health.is_ejected()).count();
    if server.health.is_ejected()
        || rules.max_ejected.allows_another(ejected, upstream.servers.len())
    {
        server.health.eject(cause, why);
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
        let why = format!("a request failed while it was tried again: {}", last.words());
        eject(upstream, server, last.cause(), &why);
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
            let why = "it did not answer while it was tried again";
            eject(upstream, server, EjectionCause::Unanswered, why);
        }
    }
}
