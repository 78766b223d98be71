//! Choosing a server and connecting to it. One that cannot be connected to is passed over at once:
//! nothing was sent, so the next one may have the connection.

use std::sync::Arc;

use tokio::net::TcpStream;
use tombolo_balance::{Ask, Tried};
use tombolo_daemon::config::HashKey;

use super::TcpProxy;
use crate::data_plane::{Connection, has_failed};
use crate::metrics::Outcome;
use crate::upstream::{
    ConnectError, Fault, Flight, Overload, Page, Server, Unserved, Upstream, Wants, client_hash,
    connect, wait,
};

/// A server that took the connection.
pub(super) struct Reached {
    pub(super) stream: TcpStream,
    pub(super) server: Arc<Server>,
    /// Counts the connection at the server for as long as this is held.
    #[expect(dead_code, reason = "counts by being there")]
    flight: Flight<Arc<Upstream>>,
}

/// Why a connection was not passed on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreached {
    #[error("it has no servers")]
    NoServer,
    #[error("its upstream is drained")]
    Drained,
    #[error(transparent)]
    Failed(ConnectError),
    #[error("every server is full (limit of the upstream), and so is the queue")]
    Full,
    #[error("every server was full (limit of the upstream) for as long as a connection waits")]
    Waited,
    #[error("the client left while it waited for a server")]
    Left,
}

/// Connects to a server of the upstream's choice, each at most once. Otherwise why the last one
/// could not be reached.
pub(super) async fn reach(
    connection: &Connection,
    client: &TcpStream,
    proxy: &TcpProxy,
) -> Result<Reached, Unreached> {
    let (core, upstream) = (&connection.core, &proxy.upstream);
    // A key that only a request has is none here: the balancer then takes servers in turn.
    let is_by_client = upstream.hash_on == Some(HashKey::Client);
    let hash = is_by_client.then(|| client_hash(connection.client.ip()));
    if upstream.is_drained() {
        return Err(Unreached::Drained);
    }
    let mut tried = Tried::default();
    let mut last = None;
    loop {
        let random = core.random.borrow_mut().u64(..);
        let ask = Ask { tried: &tried, random, hash, preferred: None, writes: false };
        let index = match upstream.pick(&ask) {
            Some(index) => index,
            None if upstream.may_wait(&tried) => {
                let wants = Wants { tried: tried.clone(), hash, ..Wants::default() };
                in_line(connection, client, upstream, wants).await?
            }
            None => return Err(last.map_or(Unreached::NoServer, Unreached::Failed)),
        };
        let flight = Flight::begin(Arc::clone(upstream), core.index, index);
        let Some(server) = upstream.servers.get(index) else { return Err(Unreached::NoServer) };
        connection.timer.faces(server.id());
        match connect(server, &connection.timer, proxy.connect).await {
            Ok(stream) => {
                server.health.succeeded(Page::none);
                return Ok(Reached { stream, server: Arc::clone(server), flight });
            }
            Err(error) if error.is_shortage() => return Err(Unreached::Failed(error)),
            Err(error) => {
                tracing::debug!(client = %connection.client, server = %server.name, %error, "passed over");
                server.attempts.count(core.index, Outcome::Unreachable);
                server.health.failed(Fault::Unreachable);
                last = Some(error);
            }
        }
        tried.insert(index);
    }
}

/// Waits for a place at a server. A client that has ended its side may still want what comes.
async fn in_line(
    connection: &Connection,
    client: &TcpStream,
    upstream: &Arc<Upstream>,
    wants: Wants,
) -> Result<usize, Unreached> {
    let ticks = upstream.limit.as_ref().map_or(0, |limit| limit.wait);
    let waiting = wait(upstream, connection, wants, ticks, |_| has_failed(client));
    Box::pin(waiting).await.map_err(|unserved| match unserved {
        Unserved::Overload(Overload::Full) => Unreached::Full,
        Unserved::Overload(Overload::Late) => Unreached::Waited,
        Unserved::Left => Unreached::Left,
    })
}
