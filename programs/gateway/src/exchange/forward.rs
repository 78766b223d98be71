//! Stage 7: finds a server that answers. One attempt is in `attempt.rs`; this is the loop around it.
//!
//! A server that cannot be connected to is passed over at once: nothing was sent. Once bytes went
//! out, the request is repeated only if it is idempotent (RFC 9110 section 9.2.2), its body is
//! still whole in the buffer, and nothing of an answer came back.

use tokio::net::TcpStream;

use super::attempt::{self, Attempted, Unanswered};
use super::guard::Asked;
use super::journal::Journal;
use super::onward;
use super::pick::{Flight, Picker};
use super::refusal::Refusal;
use super::{Failure, Scene};
use crate::control_plane::Route;
use crate::data_plane::{Next, Waiting, Workspace, peek};
use crate::upstream::{ConnectError, Server, connect};

/// How a request that was sent on ended.
pub(super) enum Forwarded {
    /// Answered in full.
    Answered(Next),
    /// Answered in full, while the client was still sending its body.
    Unfinished,
    /// The connection now speaks another protocol.
    Upgraded(TcpStream),
}

/// A connection to a server, and whether it has served before.
struct Link {
    stream: TcpStream,
    reused: bool,
}

/// Sends the request to a server that takes it and passes its answer on.
pub(super) async fn forward(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    route: &Route,
    asked: &Asked,
    journal: &mut Journal,
) -> Result<Forwarded, Failure> {
    let core = &scene.connection.core;
    let Some(upstream) = scene.snapshot.upstreams.get(route.upstream) else {
        return Err(Refusal::no_backend().into());
    };
    let mut picker = Picker::new(scene, workspace, upstream);
    let mut last = Refusal::no_backend();
    let mut composed = false;
    let mut sent_times = 0_usize;
    while let Some(index) = picker.next(scene) {
        let Some(server) = upstream.servers.get(index) else { break };
        if !composed {
            onward::compose(scene, workspace, asked, journal, &server.name);
            composed = true;
        }
        let _flight = Flight::begin(&upstream.balancer, core.index, index);
        let sticky = upstream.sticky.as_ref().filter(|_| picker.preferred != Some(index));
        let cookie =
            sticky.map(|sticky| (sticky.cookie.as_str(), upstream.balancer.sticky_value(index)));
        let mut fresh = false;
        loop {
            journal.asks(route.upstream, index);
            let link = match obtain(scene, server, asked, fresh).await {
                Ok(link) => link,
                Err(error) => {
                    last = Refusal::no_server(&error);
                    break;
                }
            };
            sent_times = sent_times.saturating_add(1);
            let Link { stream, reused } = link;
            let tried =
                attempt::attempt(scene, workspace, asked, journal, &stream, &server.name, cookie);
            match tried.await? {
                Ok(Attempted::Answered { reusable, next }) => {
                    if reusable {
                        core.pool.give(server, stream, core.timers.now());
                    }
                    return Ok(match next {
                        Some(next) => Forwarded::Answered(next),
                        None => Forwarded::Unfinished,
                    });
                }
                Ok(Attempted::Upgraded) => return Ok(Forwarded::Upgraded(stream)),
                Err(Unanswered { refusal, interim }) => {
                    let repeatable = asked.method.is_idempotent()
                        && !interim
                        && sent_times < scene.snapshot.limits.attempts
                        && workspace.inbound.rewind();
                    if !repeatable {
                        return Err(refusal.into());
                    }
                    last = refusal;
                    if !reused {
                        break;
                    }
                    // The server closed an idle connection as we took it: it may well be there.
                    fresh = true;
                }
            }
        }
        picker.failed(index);
    }
    Err(last.into())
}

/// A connection to the server: an idle one, or a new one.
async fn obtain(
    scene: &Scene<'_>,
    server: &Server,
    asked: &Asked,
    fresh: bool,
) -> Result<Link, ConnectError> {
    let core = &scene.connection.core;
    while !fresh && let Some(stream) = core.pool.take(server) {
        // A request that cannot be repeated asks the kernel whether the server is still there.
        if asked.method.is_idempotent() || peek(&stream) == Waiting::Nothing {
            return Ok(Link { stream, reused: true });
        }
    }
    let patience = scene.snapshot.patience.connect;
    let stream = connect(server, &scene.connection.timer, patience).await?;
    Ok(Link { stream, reused: false })
}
