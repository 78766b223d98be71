//! The connection that a request goes over: an idle one of this thread's pool, or a new one.

use tokio::net::TcpStream;

use super::Candidate;
use crate::data_plane::{Waiting, peek};
use crate::exchange::Scene;
use crate::exchange::guard::Asked;
use crate::upstream::{ConnectError, connect};

/// A connection to a server, and whether it has served before.
pub(super) struct Link {
    pub(super) stream: TcpStream,
    pub(super) reused: bool,
}

/// A connection to the server: an idle one, or a new one.
pub(super) async fn obtain(
    scene: &Scene<'_>,
    candidate: &Candidate<'_>,
    asked: &Asked,
    fresh: bool,
) -> Result<Link, ConnectError> {
    let core = &scene.connection.core;
    let server = candidate.server;
    while !fresh && let Some(stream) = core.pool.take(server) {
        // A request that cannot be repeated asks the kernel whether the server is still there.
        if asked.is_repeatable || peek(&stream) == Waiting::Nothing {
            return Ok(Link { stream, reused: true });
        }
    }
    let patience = asked.bounds.connect;
    let timer = &scene.connection.timer;
    let stream = match connect(server, timer, patience).await {
        // Idle connections to other servers hold what is missing.
        Err(error) if error.is_shortage() => {
            core.pool.clear();
            connect(server, timer, patience).await?
        }
        outcome => outcome?,
    };
    Ok(Link { stream, reused: false })
}
