//! Names of servers: looked up at start and again from time to time, off the request path.
//!
//! A name that does not resolve stops nothing: its server counts as unreachable until it does.
//! One that stops resolving keeps its last addresses, since a broken resolver must not take down
//! servers that are well.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::{sleep, timeout};

use super::Snapshot;
use crate::upstream::Server;

/// Between two look-ups of a name that resolves.
const AGAIN: Duration = Duration::from_secs(15);
/// Between two look-ups of a name that does not.
const SOON: Duration = Duration::from_secs(1);
/// For one look-up.
const PATIENCE: Duration = Duration::from_secs(5);
/// Addresses of one name that are used; more are left out.
const MOST: usize = 16;

/// Looks up once, at most for `PATIENCE`, the name of every server that `previous` does not have,
/// and then goes on in the background for as long as the server is configured.
pub(super) async fn watch_names(snapshot: &Snapshot, previous: Option<&Snapshot>) {
    let known: HashSet<u64> =
        previous.into_iter().flat_map(Snapshot::servers).map(|server| server.id()).collect();
    let named =
        snapshot.servers().filter(|server| server.is_named() && !known.contains(&server.id()));
    let mut first = tokio::task::JoinSet::new();
    for server in named {
        let server = Arc::clone(server);
        first.spawn(async move {
            resolve(&server, true).await;
            tokio::spawn(watch(server));
        });
    }
    first.join_all().await;
}

async fn watch(server: Arc<Server>) {
    while !server.is_gone() {
        let known = !server.resolved.load().is_empty();
        sleep(if known { AGAIN } else { SOON }).await;
        resolve(&server, false).await;
    }
}

/// Looks one name up and publishes what came.
async fn resolve(server: &Server, first: bool) {
    let (host, port) = (server.address.host(), server.address.port());
    let before = server.resolved.load_full();
    let failure = match timeout(PATIENCE, lookup_host((host, port))).await {
        Ok(Ok(found)) => {
            let mut found: Vec<SocketAddr> = found.take(MOST).collect();
            found.dedup();
            if !found.is_empty() {
                if *before != found {
                    tracing::info!(server = %server.name, addresses = ?found, "resolved");
                    server.resolved.store(Arc::new(found));
                }
                return;
            }
            "no address".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {PATIENCE:?}"),
    };
    if first {
        tracing::warn!(
            server = %server.name,
            error = %failure,
            "the name does not resolve yet; its requests go to other servers or get a 502, and it is looked up again every second: check the spelling, or the DNS of this machine"
        );
    } else if before.is_empty() {
        tracing::debug!(server = %server.name, error = %failure, "the name still does not resolve");
    } else {
        tracing::warn!(server = %server.name, error = %failure, "the name no longer resolves; its last addresses stay in use");
    }
}
