//! What a request asks of the cache, and what passes it by.

use tombolo_cache::cache_status::Forward;
use tombolo_cache::directives::RequestDirectives;
use tombolo_cache::key::{Key, KeyHash};
use tombolo_cache::lookup::{Bypass, consult};
use tombolo_cache::message::Request;
use tombolo_daemon::config::{CacheBypass, ForwardPath, RouteCache};
use tombolo_http1::{FieldId, Method, normal};

use super::target;
use crate::exchange::guard::Asked;
use crate::exchange::pick::cookie;
use crate::recent::Reason;

/// What the cache is asked.
pub(super) struct Question {
    pub(super) directives: RequestDirectives,
    /// Its text is in the workspace.
    hash: KeyHash,
    pub(super) head: bool,
    /// The answer to it may not be the answer to another: it has conditions or a range, is no
    /// GET, or insists that upstream is asked.
    pub(super) alone: bool,
    /// It has waited for another's answer, and got nothing.
    pub(super) waited: bool,
}

impl Question {
    /// The key.
    pub(super) fn key<'w>(&self, text: &'w [u8]) -> Key<'w> {
        Key { hash: self.hash, text }
    }
}

/// Reads the request, and writes the text of its key into `key`.
///
/// # Errors
/// Why the cache has no part in it.
pub(super) fn question(
    rules: &RouteCache,
    asked: &Asked,
    request: &Request<'_>,
    key: &mut Vec<u8>,
) -> Result<Question, Reason> {
    consult(request).map_err(Reason::Bypassed)?;
    if passes_by(&rules.bypass, request) {
        return Err(Reason::ByRule);
    }
    if is_other_path(asked.forward_path, request) {
        return Err(Reason::Respelled);
    }
    let mut told = Vec::new();
    let target = target::of(asked, request, &mut told).ok_or(Reason::NoTarget)?;
    let hash = rules.key.of_request(target, request, key).hash;
    let directives = RequestDirectives::of(request);
    let head = request.method() == Method::Head;
    let particular = [FieldId::Range, FieldId::IfNoneMatch, FieldId::IfModifiedSince];
    let alone = head
        || directives.no_cache
        || directives.no_store
        || particular.into_iter().any(|id| request.has(id));
    Ok(Question { directives, hash, head, alone, waited: false })
}

/// What `Cache-Status` says of a request that the cache has no part in.
pub(super) fn forward(reason: Reason) -> Forward {
    match reason {
        Reason::Bypassed(Bypass::Method) => Forward::Method,
        _ => Forward::Bypass,
    }
}

/// Whether the operator leaves the cache out of such requests.
fn passes_by(bypass: &CacheBypass, request: &Request<'_>) -> bool {
    let CacheBypass { cookies, headers, paths } = bypass;
    let path = request.head.normal_path(request.buf);
    paths.iter().any(|prefix| normal::lies_below(prefix.as_bytes(), path))
        || headers.iter().any(|name| request.named(name.as_bytes()).next().is_some())
        || cookies.iter().any(|name| cookie(request.head, request.buf, name.as_bytes()).is_some())
}

/// Whether upstream is sent a path that it may take for another one than the key has. What it
/// answers to that is not to be what all are answered.
fn is_other_path(forward_path: ForwardPath, request: &Request<'_>) -> bool {
    match forward_path {
        ForwardPath::Normal => false,
        ForwardPath::Resolved => request.head.is_respelled(),
        ForwardPath::AsSent => request.head.is_respelled() || request.head.has_dot_segments(),
    }
}
