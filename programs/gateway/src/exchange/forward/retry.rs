//! Whether a request that a server did not answer, or answered badly, is sent once more, and where.

use super::Candidate;
use crate::data_plane::{Buffer, TICK};
use crate::exchange::attempt::{Unanswered, Why};
use crate::exchange::guard::Asked;
use crate::exchange::journal::Journal;
use crate::exchange::refusal::Refusal;
use crate::exchange::{Failure, Scene};
use crate::metrics::Outcome;

/// An attempt that ended without an answer to pass on.
pub(super) struct Ended<'e> {
    pub(super) asked: &'e Asked,
    /// Attempts so far.
    pub(super) sent: usize,
    /// The connection had served before.
    pub(super) reused: bool,
    pub(super) outcome: Outcome,
}

/// Whether the request is sent once more: to another server, with what is said if there is none; or,
/// if none is named, to the same one over a new connection.
pub(super) fn repeat(
    scene: &Scene<'_>,
    inbound: &mut Buffer,
    candidate: &Candidate<'_>,
    ended: &Ended<'_>,
    unanswered: Unanswered,
    journal: &mut Journal,
) -> Result<Option<Refusal>, Failure> {
    let Unanswered { refusal, interim, why } = unanswered;
    let repeatable = match why {
        // Found to be repeatable before its answer was let go of.
        Why::Elsewhere | Why::Released => inbound.rewind(),
        Why::Ended | Why::Late => {
            ended.asked.is_repeatable
                && !interim
                && ended.sent < ended.asked.bounds.attempts
                && inbound.rewind()
        }
    };
    if !repeatable {
        return Err(refusal.into());
    }
    journal.failed(ended.outcome, refusal.cause());
    if ended.reused && why == Why::Ended {
        return Ok(None);
    }
    let is_paid = matches!(why, Why::Elsewhere | Why::Released);
    let goes_on = is_paid || may_go_on(scene, candidate);
    if goes_on { Ok(Some(refusal)) } else { Err(refusal.into()) }
}

/// Whether a request that waits for a server which is out goes to another instead, which is paid for.
pub(super) fn leaves(
    scene: &Scene<'_>,
    candidate: &Candidate<'_>,
    asked: &Asked,
    sent: usize,
) -> bool {
    asked.is_repeatable
        && sent < asked.bounds.attempts
        && candidate.picker.has_another(candidate.index)
        && may_go_on(scene, candidate)
}

/// Whether a request that reached a server may go to another: there is time, and it can be paid for.
pub(super) fn may_go_on(scene: &Scene<'_>, candidate: &Candidate<'_>) -> bool {
    let core = &scene.connection.core;
    let now = core.timers.now();
    now < candidate.deadline
        && candidate.upstream.budget.as_ref().is_none_or(|budget| {
            let millis = now.saturating_mul(TICK.as_millis() as u64);
            budget.withdraw(core.index, millis)
        })
}
