//! Whether an answer with an error status is passed on, or another server is asked instead: after the
//! statuses of `retry_on`, or, where nothing is written there, once, for as long as that helps.

use std::cell::Cell;
use std::time::Instant;

use tombolo_http1::{FieldId, RequestHead, ResponseHead};

use super::Candidate;
use super::feedback::page;
use super::retry::may_go_on;
use crate::data_plane::Buffer;
use crate::exchange::Scene;
use crate::exchange::guard::Asked;
use crate::upstream::{Page, millis_since_start};

/// The rules, in words.
const WRITTEN: &str = "`retry_on` of the upstream has the status";
const DEFAULT: &str = "Tombolo's default while no `retry_on` is written for the upstream";

/// What was tried for one request.
#[derive(Default)]
pub(super) struct Tries {
    /// Times it was sent.
    pub(super) sent: usize,
    /// The page of a retry that no `retry_on` asked for: there is one at most.
    by_default: Cell<Option<Page>>,
}

impl Tries {
    /// Statuses below this are passed on without a further look.
    pub(super) fn passed_below(&self) -> u16 {
        if self.by_default.get().is_some() { 0 } else { 400 }
    }
}

/// A request that was sent whole.
#[derive(Clone, Copy)]
pub(in crate::exchange) struct Sent<'s> {
    pub(in crate::exchange) request: &'s RequestHead,
    /// Its head, and of its body what was not overwritten.
    pub(in crate::exchange) buffer: &'s Buffer,
    /// When the last byte of its body was sent; none: it has no body.
    pub(in crate::exchange) body_ended: Option<Instant>,
}

/// The rule by which a request that was answered with `head` goes to another server instead, which is
/// paid for: it can be repeated, a better answer may be had, and nothing was passed on yet.
pub(super) fn goes_elsewhere(
    scene: &Scene<'_>,
    candidate: &Candidate<'_>,
    asked: &Asked,
    tries: &Tries,
    head: &ResponseHead,
    sent: Sent<'_>,
) -> Option<&'static str> {
    let Candidate { upstream, picker, index, .. } = *candidate;
    let retries = &upstream.error_retries;
    let now = millis_since_start();
    if let Some(page) = tries.by_default.get() {
        match is_error(head.status()) {
            true => retries.failed(page.hash(), now),
            false => retries.succeeded(),
        }
        return None;
    }
    let is_possible = || {
        asked.method.is_idempotent()
            // It may mean POST.
            && sent.request.field(FieldId::MethodOverride).is_none()
            && sent.buffer.is_whole()
            && tries.sent < asked.bounds.attempts
            && picker.has_another(index)
    };
    if let Some(statuses) = &upstream.retry_on {
        let goes = statuses.contains(head.status()) && is_possible() && may_go_on(scene, candidate);
        return goes.then_some(WRITTEN);
    }
    // What belongs to a client's session may be known to its server alone, and a server that says when
    // to come back has said all there is.
    let is_final = picker.preferred == Some(index)
        || head.status() == 503 && head.field(FieldId::RetryAfter).is_some();
    if !is_error(head.status()) || is_final || !is_possible() {
        return None;
    }
    let page = page(sent.request, sent.buffer.whole());
    if !retries.take(page.hash(), now) {
        return None;
    }
    if !may_go_on(scene, candidate) {
        retries.give_back();
        return None;
    }
    tries.by_default.set(Some(page));
    Some(DEFAULT)
}

/// The statuses of a server that fails, as opposed to one that says no.
fn is_error(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}
