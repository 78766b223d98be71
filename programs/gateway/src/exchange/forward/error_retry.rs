//! Whether an answer with an error status is passed on, or another server is asked instead: after the
//! statuses of `retry_on`, or, where nothing is written there, once, for as long as that helps.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Instant;

use tombolo_balance::{Retry, hash_key};
use tombolo_http1::{FieldId, RequestHead, ResponseHead};

use super::Candidate;
use super::feedback::page;
use super::retry::may_go_on;
use crate::data_plane::Buffer;
use crate::exchange::Scene;
use crate::exchange::guard::Asked;
use crate::upstream::millis_since_start;

/// The rules, in words.
const WRITTEN: &str = "`retry_on` of the upstream has the status";
const DEFAULT: &str = "Tombolo's default while no `retry_on` is written for the upstream";

/// What was tried for one request.
#[derive(Default)]
pub(super) struct Tries {
    /// Times it was sent.
    pub(super) sent: usize,
    /// A retry that no `retry_on` asked for: there is one at most.
    by_default: Cell<Option<Retry>>,
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
    if let Some(retry) = tries.by_default.get() {
        match is_error(head.status()) {
            true => retries.failed(retry, now),
            false => retries.succeeded(retry, now),
        }
        return None;
    }
    let is_possible = || {
        asked.is_repeatable
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
    let page = with_query(sent.request, sent.buffer.whole());
    let retry = Retry { page, client: of_client(asked.client) };
    if !retries.take(retry, now) {
        return None;
    }
    if !may_go_on(scene, candidate) {
        retries.give_back(retry, now);
        return None;
    }
    tries.by_default.set(Some(retry));
    Some(DEFAULT)
}

/// What was asked for: a query may fail where others for the same page do not.
fn with_query(request: &RequestHead, head: &[u8]) -> u64 {
    let target = request.path_and_query().of(head);
    let query = target.get(memchr::memchr(b'?', target).unwrap_or(target.len())..);
    page(request, head).hash() ^ hash_key(query.unwrap_or_default()).rotate_left(13)
}

/// By a key that nobody outside knows, so that nobody can choose an address with another's place.
fn of_client(client: IpAddr) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEY.hash_one(client)
}

/// The statuses of a server that fails, as opposed to one that says no.
fn is_error(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}
