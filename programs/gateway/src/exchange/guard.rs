//! Stages 3 and 4: the route, and what is refused before an upstream hears of it.

use tombolo_http1::{FieldId, Framing, Method, RequestHead, Version};

use super::journal::Journal;
use super::refusal::Refusal;
use super::trace::Trace;
use super::{Failure, Scene};
use crate::control_plane::Route;
use crate::data_plane::Workspace;
use crate::rate_limit::{Exceeded, Limiter};

/// Times our name may stand in `Via` before a request is taken to go in circles.
const MOST_PASSES: usize = 16;

/// What later stages need to know of the request, copied out of its head.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) framing: Framing,
    pub(super) keep_alive: bool,
    pub(super) accepts_trailers: bool,
    /// Asks for another protocol on this connection.
    pub(super) upgrade: bool,
    /// The client's address is that of a hop whose forwarding fields are believed.
    pub(super) trusted: bool,
    /// Most bytes of body; 0 for no limit.
    pub(super) body_bytes: u64,
}

/// Finds the route of the request.
pub(super) fn route<'s>(scene: &Scene<'s>, workspace: &Workspace) -> Result<&'s Route, Failure> {
    let (authority, path) = place(&workspace.request, workspace.inbound.whole());
    Ok(scene.snapshot.routes.find(authority, path).ok_or_else(Refusal::no_route)?)
}

/// What routes are told apart by: host, perhaps with a port, and path.
pub(super) fn place<'h>(request: &RequestHead, head: &'h [u8]) -> (&'h [u8], &'h [u8]) {
    // `OPTIONS *` and an absolute form without a path ask for the root.
    let path = match request.path_and_query().of(head) {
        path @ [b'/', ..] => path,
        _ => b"/",
    };
    (request.authority().of(head), path)
}

/// Checks what the request asks against what is allowed, and gives it its id.
pub(super) fn guard(
    scene: &Scene<'_>,
    workspace: &Workspace,
    route: &Route,
    journal: &mut Journal,
) -> Result<Asked, Failure> {
    let head = workspace.inbound.whole();
    let request = &workspace.request;
    let client = scene.connection.client.ip();
    let trusted = scene.snapshot.trusted.iter().any(|hop| hop.contains(&client));
    let kept = if trusted { request.field(FieldId::XRequestId) } else { None };
    if !kept.is_some_and(|sent| journal.request_id.keep(sent.of(head))) {
        journal.identify(&mut scene.connection.core.random.borrow_mut());
    }
    if let Some(share) = scene.snapshot.traced_per_million {
        let mut random = scene.connection.core.random.borrow_mut();
        journal.trace = Some(Trace::begin(request, head, trusted, share, &mut random));
    }
    // What the cache asks for itself is nobody's request.
    if let (Some(limiter), Some(_)) = (&route.limiter, scene.client) {
        admit(scene, workspace, route, limiter, journal)?;
    }
    allowed(request, head, route)?;
    Ok(Asked::of(request, route, trusted))
}

/// Takes the request from its bucket, and notes what the answer is to tell of that.
fn admit(
    scene: &Scene<'_>,
    workspace: &Workspace,
    route: &Route,
    limiter: &Limiter,
    journal: &mut Journal,
) -> Result<(), Refusal> {
    let (request, head) = (&workspace.request, workspace.inbound.whole());
    let client = scene.connection.client.ip();
    match limiter.admit(request, head, client, &scene.snapshot.trusted) {
        Ok(allowance) => {
            journal.allowance = allowance;
            Ok(())
        }
        Err(Exceeded { retry_after, allowance }) => {
            journal.allowance = allowance;
            let counts = scene.snapshot.routes.counts(Some(route.index));
            counts.refused_by_rate(scene.connection.core.index);
            Err(Refusal::too_often(retry_after))
        }
    }
}

/// Refuses what no upstream is to hear of.
pub(super) fn allowed(request: &RequestHead, head: &[u8], route: &Route) -> Result<(), Refusal> {
    match request.method() {
        Method::Connect => return Err(Refusal::connect()),
        Method::Trace => return Err(Refusal::trace()),
        Method::Options if max_forwards(request, head) == Some(0) => {
            return Err(Refusal::options());
        }
        _ => {}
    }
    if has_dot_segment(request.path_and_query().of(head)) {
        return Err(Refusal::dot_segment());
    }
    if let Framing::Length(length) = request.framing()
        && route.body_bytes > 0
        && length > route.body_bytes
    {
        return Err(Refusal::body_too_large(route.body_bytes));
    }
    if passes(request, head) >= MOST_PASSES {
        return Err(Refusal::going_in_circles());
    }
    Ok(())
}

impl Asked {
    /// What a request asks of its route.
    pub(super) fn of(request: &RequestHead, route: &Route, trusted: bool) -> Self {
        Self {
            method: request.method(),
            version: request.version(),
            framing: request.framing(),
            keep_alive: request.keep_alive(),
            accepts_trailers: request.accepts_trailers(),
            upgrade: request.upgrade().is_some(),
            trusted,
            body_bytes: route.body_bytes,
        }
    }
}

/// The value of `Max-Forwards` (RFC 9110 section 7.6.2), if it is one.
pub(super) fn max_forwards(request: &RequestHead, head: &[u8]) -> Option<u32> {
    let value = request.field(FieldId::MaxForwards)?.of(head);
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// True for a path with a `.` or `..` segment, written plainly or percent-encoded: a backend may
/// resolve it and so leave the path its route stands for. Clients resolve them before they send
/// (RFC 3986 section 5.2.4).
fn has_dot_segment(path_and_query: &[u8]) -> bool {
    let end = memchr::memchr(b'?', path_and_query).unwrap_or(path_and_query.len());
    let path = path_and_query.get(..end).unwrap_or_default();
    // Dots are common, segments that begin with one are not.
    let suspicious = |at: usize| {
        let after = path.get(at.saturating_add(1)..).unwrap_or_default();
        matches!(after, [b'.', ..] | [b'%', b'2', b'e' | b'E', ..])
    };
    memchr::memchr_iter(b'/', path).any(|at| {
        suspicious(at) && {
            let segment = path.get(at.saturating_add(1)..).unwrap_or_default();
            let end = memchr::memchr(b'/', segment).unwrap_or(segment.len());
            is_dots(segment.get(..end).unwrap_or_default())
        }
    })
}

fn is_dots(segment: &[u8]) -> bool {
    let mut rest = segment;
    let mut dots = 0_usize;
    while let [b'.', tail @ ..] | [b'%', b'2', b'e' | b'E', tail @ ..] = rest {
        rest = tail;
        dots = dots.saturating_add(1);
    }
    rest.is_empty() && (1..=2).contains(&dots)
}

/// How often the request has been through a gateway of our name.
fn passes(request: &RequestHead, head: &[u8]) -> usize {
    request
        .fields()
        .iter()
        .filter(|field| field.id == FieldId::Via)
        .map(|field| memchr::memmem::find_iter(field.value.of(head), b"tombolo").count())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::has_dot_segment;

    #[test]
    fn dot_segments_are_found_however_written() {
        for path in ["/..", "/a/../b", "/a/./b", "/%2e%2e/x", "/a/.%2E", "/a/%2e", "/../?q"] {
            assert!(has_dot_segment(path.as_bytes()), "{path}");
        }
        for path in
            ["/", "/a..b", "/.well-known/x", "/a/...", "/..a", "/a?x=/../y", "/%2ehidden", ""]
        {
            assert!(!has_dot_segment(path.as_bytes()), "{path}");
        }
    }
}
