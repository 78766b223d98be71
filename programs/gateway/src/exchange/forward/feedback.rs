//! What an attempt showed, told to all who go by it: the server's health, its limit, the choice.

use tombolo_balance::Policy;

use super::Candidate;
use crate::data_plane::TICK;
use crate::exchange::Scene;
use crate::exchange::journal::Journal;
use crate::metrics::Outcome;
use crate::upstream::Fault;

/// Tells the server's health how it did.
pub(super) fn note(candidate: &Candidate<'_>, outcome: Outcome, status: u16) {
    let Candidate { upstream, server, .. } = candidate;
    match outcome {
        Outcome::Answered => upstream.answered(server, status),
        Outcome::TimedOut => server.health.failed(Fault::TimedOut),
        Outcome::Failed => server.health.failed(Fault::Broken),
        // An idle connection may be closed at any time, and a client may leave.
        Outcome::Unreachable | Outcome::Stale | Outcome::Abandoned => {}
    }
}

/// Tells how long the server took, where something goes by that: the choice, or a limit.
#[inline]
pub(super) fn observe(
    scene: &Scene<'_>,
    candidate: &Candidate<'_>,
    outcome: Outcome,
    journal: &Journal,
) {
    let Candidate { upstream, server, .. } = candidate;
    upstream.saw(server, outcome, journal.asked_for());
    let balancer = &upstream.balancer;
    if balancer.policy() != Policy::PeakEwma {
        return;
    }
    // One that did not answer took at least this long.
    let told = matches!(outcome, Outcome::Answered | Outcome::TimedOut | Outcome::Failed);
    if let Some(micros) = journal.asked_for().filter(|_| told) {
        let now = scene.connection.core.timers.now().saturating_mul(TICK.as_millis() as u64);
        balancer.observe(candidate.index, micros, now);
    }
}
