//! Stage 7: finds a server that answers. One attempt is in `attempt.rs`; this is the loop around it.
//!
//! A server that cannot be connected to is passed over at once: nothing was sent. Once bytes went
//! out, the request is repeated only if it is idempotent (RFC 9110 section 9.2.2), its body is
//! still whole in the buffer, and nothing of an answer came back.
//!
//! | file | one idea |
//! |---|---|
//! | `forward/link.rs` | an idle connection or a new one |
//! | `forward/retry.rs` | whether the request is sent once more |
//! | `forward/error_retry.rs` | whether it is after an answer with an error status |
//! | `forward/feedback.rs` | what an attempt showed, told to all who go by it |

mod error_retry;
mod feedback;
mod link;
mod retry;

use std::sync::Arc;

use tokio::net::TcpStream;
use tombolo_cache::key::{QueryRule, Scheme};

use super::attempt::{self, Attempted, Facing};
use super::guard::Asked;
use super::journal::Journal;
use super::onward::{self, Conditions};
use super::pick::Picker;
use super::refusal::Refusal;
use super::{Failure, SHED, Scene};
use crate::control_plane::Route;
use crate::data_plane::{Next, Workspace};
use crate::metrics::Outcome;
use crate::upstream::{ConnectError, Fault, Flight, Server, Upstream};
use error_retry::{Tries, goes_elsewhere};
use feedback::{note, observe};
use link::{Link, obtain};
use retry::{Ended, leaves, repeat};

pub(super) use error_retry::Sent;

/// What a request is sent on for.
#[derive(Clone, Copy, Default)]
pub(super) struct Errand<'e> {
    /// The answer is held when its head is there, for the cache to look at.
    pub(super) hold: bool,
    /// The cache's own conditions, in place of the client's.
    pub(super) conditions: Option<&'e Conditions>,
    /// How the target goes upstream if the answer is for all who share a key; none: as it was sent.
    pub(super) key: Option<KeyForm<'e>>,
}

/// In which form the cache's key has the target.
#[derive(Clone, Copy)]
pub(super) struct KeyForm<'e> {
    /// What of the query counts.
    pub(super) query: &'e QueryRule,
    /// The host is written as a URI of this scheme has it.
    pub(super) scheme: Scheme,
}

/// An answer whose head is in the workspace and whose body is still to come.
pub(super) struct Held {
    pub(super) link: TcpStream,
    pub(super) server: Arc<Server>,
    /// Name and value of a cookie that keeps the client with the server.
    pub(super) cookie: Option<(String, String)>,
    /// Counts the request under way at the server for as long as this is held.
    #[expect(dead_code, reason = "counts by being there")]
    flight: Flight<Arc<Upstream>>,
}

/// How a request that was sent on ended.
pub(super) enum Forwarded {
    /// Its answer is held.
    Held(Box<Held>),
    /// Answered in full.
    Answered(Next),
    /// Answered in full, while the client was still sending its body.
    Unfinished,
    /// The connection now speaks another protocol.
    Upgraded(Box<Upgraded>),
}

/// A connection that speaks another protocol.
pub(super) struct Upgraded {
    pub(super) link: TcpStream,
    /// Ticks without a byte in either direction.
    pub(super) idle: u64,
    /// Counts it at the server for as long as this is held.
    #[expect(dead_code, reason = "counts by being there")]
    flight: Flight<Arc<Upstream>>,
}

/// What asking one server came to.
enum Asking {
    /// The request is served.
    Served(Forwarded),
    /// The head of an answer is there, its body comes over this.
    Held(TcpStream),
    /// The connection speaks another protocol from now on.
    Upgraded(TcpStream),
    /// It is not, and another server may be asked. What the client is told if there is none.
    Next(Refusal),
}

/// Sends the request to a server that takes it and passes its answer on.
pub(super) async fn forward(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    route: &Route,
    asked: &Asked,
    journal: &mut Journal,
    errand: Errand<'_>,
) -> Result<Forwarded, Failure> {
    let Some(upstream) = scene.snapshot.upstreams.get(route.upstream) else {
        return Err(Refusal::no_backend().into());
    };
    journal.upstream = Some(route.upstream);
    if upstream.is_drained() {
        return Err(Refusal::drained().into());
    }
    let mut picker = Picker::new(scene, workspace, upstream);
    let mut last = Refusal::no_backend();
    let mut tries = Tries::default();
    onward::compose(scene, workspace, asked, journal, upstream, errand);
    if let Some(budget) = &upstream.budget {
        budget.deposit(scene.connection.core.index);
    }
    let total = asked.bounds.total;
    let now = || scene.connection.core.timers.now();
    // None until the first server is asked: a wait in the queue has a limit of its own.
    let mut deadline = None;
    while let Some(index) = picker.next(scene, deadline.unwrap_or(u64::MAX), journal).await? {
        let deadline = *deadline.get_or_insert_with(|| now().saturating_add(total));
        let flight = Flight::begin(&**upstream, scene.connection.core.index, index);
        let Some(server) = upstream.servers.get(index) else { break };
        scene.connection.timer.faces(server.id());
        let sticky = upstream.sticky.as_ref().filter(|_| picker.preferred != Some(index));
        let candidate = Candidate {
            number: route.upstream,
            upstream,
            deadline,
            index,
            server,
            picker: &picker,
            cookie: sticky
                .map(|sticky| (sticky.cookie.as_str(), upstream.balancer.sticky_value(index))),
        };
        let asking = Request { asked, hold: errand.hold };
        match ask(scene, workspace, &candidate, asking, &mut tries, journal).await? {
            Asking::Served(forwarded) => return Ok(forwarded),
            Asking::Held(link) => {
                let flight = flight.outlive(Arc::clone(upstream));
                let cookie = candidate.cookie.map(|(name, value)| (name.into(), value.into()));
                let server = Arc::clone(server);
                return Ok(Forwarded::Held(Box::new(Held { link, server, cookie, flight })));
            }
            Asking::Upgraded(link) => {
                let flight = flight.outlive(Arc::clone(upstream));
                return Ok(Forwarded::Upgraded(Box::new(Upgraded {
                    link,
                    idle: asked.bounds.tunnel_idle,
                    flight,
                })));
            }
            Asking::Next(refusal) => last = refusal,
        }
        picker.failed(index);
    }
    Err(last.into())
}

/// The request, and whether its answer is held.
#[derive(Clone, Copy)]
struct Request<'r> {
    asked: &'r Asked,
    hold: bool,
}

/// The server to be asked.
struct Candidate<'c> {
    /// Index of the upstream.
    number: usize,
    upstream: &'c Upstream,
    /// The tick until which an answer has to begin, over all tries.
    deadline: u64,
    index: usize,
    server: &'c Server,
    /// Knows where the request has been.
    picker: &'c Picker<'c>,
    /// Name and value of a cookie that is to keep the client with it.
    cookie: Option<(&'c str, &'c str)>,
}

/// Asks one server, a second time only if it had closed an idle connection just as we took it.
async fn ask(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    candidate: &Candidate<'_>,
    request: Request<'_>,
    tries: &mut Tries,
    journal: &mut Journal,
) -> Result<Asking, Failure> {
    let Request { asked, hold } = request;
    let core = &scene.connection.core;
    let server = candidate.server;
    let mut fresh = false;
    loop {
        journal.asks(candidate.number, candidate.index);
        let Link { stream, reused } = match obtain(scene, candidate, asked, fresh).await {
            Ok(link) => link,
            Err(error) => {
                return unreached(scene, candidate, asked, &error, journal).map(Asking::Next);
            }
        };
        if let Some(micros) = journal.connected(!reused, asked.has_body()) {
            candidate.upstream.times.connected(core.index, micros);
        }
        tries.sent = tries.sent.saturating_add(1);
        let sent = tries.sent;
        let left = candidate.deadline.saturating_sub(core.timers.now()).max(1);
        let facing = Facing {
            link: &stream,
            server: &server.name,
            cookie: candidate.cookie,
            first_byte: asked.bounds.first_byte.min(left),
            passed_below: tries.passed_below(),
            elsewhere: &|head, sent| goes_elsewhere(scene, candidate, asked, tries, head, sent),
            leave: &|| leaves(scene, candidate, asked, sent),
        };
        let attempted = attempt::attempt(scene, workspace, asked, journal, &facing, hold).await;
        let outcome = attempt::outcome(&attempted, reused, journal);
        let is_known = matches!(&attempted, Ok(Err(one)) if one.why == attempt::Why::Released);
        note(scene, candidate, (outcome, is_known), workspace, journal);
        observe(scene, candidate, outcome, journal);
        match attempted? {
            Ok(Attempted::Held) => return Ok(Asking::Held(stream)),
            Ok(Attempted::Answered { reusable, next }) => {
                if reusable {
                    core.pool.give(server, stream, core.timers.now());
                }
                let answered = next.map_or(Forwarded::Unfinished, Forwarded::Answered);
                return Ok(Asking::Served(answered));
            }
            Ok(Attempted::Upgraded) => return Ok(Asking::Upgraded(stream)),
            Err(unanswered) => {
                let ended = Ended { asked, sent, reused, outcome };
                let inbound = &mut workspace.inbound;
                match repeat(scene, inbound, candidate, &ended, unanswered, journal)? {
                    Some(refusal) => return Ok(Asking::Next(refusal)),
                    None => fresh = true,
                }
            }
        }
    }
}

/// No connection to a server came about: what the client is told if there is no other.
fn unreached(
    scene: &Scene<'_>,
    candidate: &Candidate<'_>,
    asked: &Asked,
    error: &ConnectError,
    journal: &mut Journal,
) -> Result<Refusal, Failure> {
    let Candidate { upstream, server, .. } = candidate;
    // Nobody was late but us.
    if scene.connection.timer.is_shed() {
        return Err(Failure::Cut(SHED));
    }
    // The server was not asked, so it is not at fault.
    if error.is_shortage() {
        return Ok(Refusal::no_descriptor(error));
    }
    server.attempts.count(scene.connection.core.index, Outcome::Unreachable);
    upstream.saw(server, Outcome::Unreachable, None);
    server.health.failed(Fault::Unreachable);
    let refusal = Refusal::no_server(error, &asked.bounds);
    journal.failed(Outcome::Unreachable, refusal.cause());
    Ok(refusal)
}
