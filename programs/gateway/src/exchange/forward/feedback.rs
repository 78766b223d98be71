//! What an attempt showed, told to all who go by it: the server's health, its limit, the choice.

use tombolo_balance::{Policy, hash_key};
use tombolo_http1::RequestHead;

use super::Candidate;
use crate::data_plane::{TICK, Workspace};
use crate::exchange::Scene;
use crate::exchange::journal::Journal;
use crate::metrics::Outcome;
use crate::upstream::{Fault, Page};

/// Tells the server's health how it did, and counts the attempt: by the same rule, so that a server
/// is never ejected for failures that nobody can see.
pub(super) fn note(
    scene: &Scene<'_>,
    candidate: &Candidate<'_>,
    (outcome, is_known): (Outcome, bool),
    of: &Workspace,
    journal: &Journal,
) {
    let Candidate { upstream, server, .. } = candidate;
    let mut counted = outcome;
    match outcome {
        Outcome::Answered => {
            if upstream
                .answered(server, of.response.status(), || page(&of.request, of.inbound.whole()))
            {
                counted = Outcome::Failed;
            }
        }
        // It was found before that the server fails: that is no further failure.
        Outcome::TimedOut if is_known => {}
        Outcome::TimedOut => server.health.failed(Fault::TimedOut),
        Outcome::Failed => server.health.failed(Fault::Broken),
        // An idle connection may be closed at any time, and a client may leave.
        Outcome::Unreachable | Outcome::Stale | Outcome::Abandoned => {}
    }
    let worker = scene.connection.core.index;
    server.attempts.count(worker, counted);
    if outcome == Outcome::Answered {
        server.attempts.answered(worker, of.response.status(), journal.first_byte_micros());
    }
}

/// What was asked for: pages that fail are told apart by method, host and path.
#[cold]
pub(super) fn page(request: &RequestHead, head: &[u8]) -> Page {
    let path = request.path_and_query().of(head);
    let path = path.get(..memchr::memchr(b'?', path).unwrap_or(path.len())).unwrap_or_default();
    let [method, host, path] =
        [request.method_span().of(head), request.authority().of(head), path].map(hash_key);
    Page::new(path ^ host.rotate_left(21) ^ method.rotate_left(42))
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
