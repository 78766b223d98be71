//! Stages 3 and 4: the route, and what is refused before an upstream hears of it.

use std::net::IpAddr;

use tombolo_daemon::config::ForwardPath;
use tombolo_daemon::memory;
use tombolo_http1::{FieldId, Framing, Method, RequestHead, Version};

use super::journal::Journal;
use super::refusal::Refusal;
use super::trace::Trace;
use super::{Failure, Scene};
use crate::control_plane::{Bounds, Route};
use crate::data_plane::Workspace;
use crate::rate_limit::{Exceeded, Facts, Limiter, client_address, subscriber};

/// Times our name may stand in `Via` before a request is taken to go in circles.
const MOST_PASSES: usize = 16;

/// What later stages need to know of the request, copied out of its head.
pub(super) struct Asked {
    pub(super) method: Method,
    /// It may be sent a second time (RFC 9110 section 9.2.2): its method is idempotent, and no field tells
    /// applications to take it for another.
    pub(super) is_repeatable: bool,
    pub(super) version: Version,
    pub(super) framing: Framing,
    pub(super) keep_alive: bool,
    pub(super) accepts_trailers: bool,
    /// Asks for another protocol on this connection.
    pub(super) upgrade: bool,
    /// The client's address is that of a hop whose forwarding fields are believed.
    pub(super) trusted: bool,
    /// Who it is for limits of each client: as a trusted hop tells it, and with IPv6 a network.
    pub(super) client: IpAddr,
    /// In which form the path is sent upstream.
    pub(super) forward_path: ForwardPath,
    /// What the exchange may take.
    pub(super) bounds: Bounds,
    /// Index of the upstream.
    pub(super) upstream: usize,
}

/// Finds the route of the request.
pub(super) fn route<'s>(scene: &Scene<'s>, workspace: &Workspace) -> Result<&'s Route, Failure> {
    let (authority, path) = place(&workspace.request, workspace.inbound.whole());
    Ok(scene.snapshot.routes.find(authority, path).ok_or_else(Refusal::no_route)?)
}

/// What routes are told apart by: host, perhaps with a port, and path in normal form.
pub(super) fn place<'h>(request: &'h RequestHead, head: &'h [u8]) -> (&'h [u8], &'h [u8]) {
    (request.authority().of(head), request.normal_path(head))
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
    let hops = &scene.snapshot.trusted;
    let told = if trusted { client_address(request, head, client, hops) } else { client };
    Ok(Asked::of(request, route, trusted, subscriber(told)))
}

/// Takes the request from its bucket, and notes what the answer is to tell of that.
fn admit(
    scene: &Scene<'_>,
    workspace: &Workspace,
    route: &Route,
    limiter: &Limiter,
    journal: &mut Journal,
) -> Result<(), Refusal> {
    let facts = Facts {
        request: &workspace.request,
        head: workspace.inbound.whole(),
        peer: scene.connection.client.ip(),
        trusted: &scene.snapshot.trusted,
    };
    match limiter.admit(facts) {
        Ok(allowance) => {
            journal.allowance = allowance;
            Ok(())
        }
        Err(Exceeded { words, retry_after, allowance }) => {
            journal.allowance = allowance;
            let counts = scene.snapshot.routes.counts(Some(route.index));
            counts.refused_by_rate(scene.connection.core.index);
            Err(Refusal::beyond(&[words], retry_after))
        }
    }
}

/// Refuses what no upstream is to hear of.
pub(super) fn allowed(request: &RequestHead, head: &[u8], route: &Route) -> Result<(), Refusal> {
    if memory::is_short() {
        return Err(Refusal::out_of_memory());
    }
    match request.method() {
        Method::Connect => return Err(Refusal::connect()),
        Method::Trace => return Err(Refusal::trace()),
        Method::Options if max_forwards(request, head) == Some(0) => {
            return Err(Refusal::options());
        }
        _ => {}
    }
    if let Framing::Length(length) = request.framing()
        && route.bounds.body_bytes > 0
        && length > route.bounds.body_bytes
    {
        return Err(Refusal::body_too_large(&route.bounds));
    }
    if passes(request, head) >= MOST_PASSES {
        return Err(Refusal::going_in_circles());
    }
    Ok(())
}

impl Asked {
    /// Whether a body belongs to the request.
    pub(super) fn has_body(&self) -> bool {
        !matches!(self.framing, Framing::None | Framing::Length(0))
    }

    /// What a request asks of its route.
    pub(super) fn of(request: &RequestHead, route: &Route, trusted: bool, client: IpAddr) -> Self {
        Self {
            method: request.method(),
            is_repeatable: request.method().is_idempotent()
                && request.field(FieldId::MethodOverride).is_none(),
            version: request.version(),
            framing: request.framing(),
            keep_alive: request.keep_alive(),
            accepts_trailers: request.accepts_trailers(),
            upgrade: request.upgrade().is_some(),
            trusted,
            client,
            forward_path: route.forward_path,
            bounds: route.bounds,
            upstream: route.upstream,
        }
    }
}

/// The value of `Max-Forwards` (RFC 9110 section 7.6.2), if it is one.
pub(super) fn max_forwards(request: &RequestHead, head: &[u8]) -> Option<u32> {
    let value = request.field(FieldId::MaxForwards)?.of(head);
    std::str::from_utf8(value).ok()?.parse().ok()
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
