//! Choosing a server and connecting to it. One that cannot be connected to is passed over at once:
//! nothing was sent, so the next one may have the connection.

use std::sync::Arc;

use tokio::net::TcpStream;
use tombolo_balance::{Ask, Tried};
use tombolo_daemon::config::HashKey;

use super::TcpProxy;
use crate::data_plane::Connection;
use crate::metrics::Outcome;
use crate::upstream::{ConnectError, Fault, Flight, Server, Upstream, client_hash, connect};

/// A server that took the connection.
pub(super) struct Reached {
    pub(super) stream: TcpStream,
    pub(super) server: Arc<Server>,
    /// Counts the connection at the server for as long as this is held.
    #[expect(dead_code, reason = "counts by being there")]
    flight: Flight<Arc<Upstream>>,
}

/// Connects to a server of the upstream's choice, each at most once. Otherwise why the last one
/// could not be reached; nothing when there was none to try.
pub(super) async fn reach(
    connection: &Connection,
    proxy: &TcpProxy,
) -> Result<Reached, Option<ConnectError>> {
    let (core, upstream) = (&connection.core, &proxy.upstream);
    // A key that only a request has is none here: the balancer then takes servers in turn.
    let is_by_client = upstream.hash_on == Some(HashKey::Client);
    let hash = is_by_client.then(|| client_hash(connection.client.ip()));
    if upstream.is_drained() {
        return Err(None);
    }
    let mut tried = Tried::default();
    let mut last = None;
    loop {
        let random = core.random.borrow_mut().u64(..);
        let ask = Ask { tried: &tried, random, hash, preferred: None };
        let Some(index) = upstream.balancer.pick(&ask) else { return Err(last) };
        let Some(server) = upstream.servers.get(index) else { return Err(last) };
        connection.timer.faces(server.id());
        let flight = Flight::begin(Arc::clone(upstream), core.index, index);
        match connect(server, &connection.timer, proxy.connect).await {
            Ok(stream) => {
                server.health.succeeded();
                return Ok(Reached { stream, server: Arc::clone(server), flight });
            }
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
