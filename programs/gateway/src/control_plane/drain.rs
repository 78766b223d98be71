//! Drains by name: a server, an upstream, the gateway. Nothing new comes; what runs ends by itself, or
//! at the deadline; and all of it can be taken back.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Publication, Standing};
use crate::data_plane::{Order, Worker};
use crate::upstream::{Server, Upstream};

/// What is to be drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// All of it.
    Gateway,
    /// Every server of an upstream.
    Upstream(String),
    /// A server of an upstream, by its address.
    Server(String, String),
}

/// What is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Nothing new for it. A drain of servers and upstreams that `lasts` holds over a restart of the
    /// gateway too; that of the gateway never does.
    Drain { lasts: bool },
    /// Work may come again.
    Undrain,
    /// The server was started again and is ready: what its failures showed is over. A drain stays.
    Restarted,
}

/// There is nothing of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// `upstream` or `server`.
    pub(crate) field: &'static str,
    pub(crate) words: String,
}

/// What was drained, or no longer is.
pub(crate) struct Drained {
    target: Target,
    draining: bool,
    /// Upstream, address and requests in flight.
    servers: Vec<(String, String, u32)>,
    /// When what still runs is cut.
    deadline: Duration,
}

impl Drained {
    /// The answer.
    pub(crate) fn to_json(&self) -> Value {
        let of_one = |(upstream, server, in_flight): &(String, String, u32)| json!({ "upstream": upstream, "server": server, "in_flight": in_flight });
        json!({
            "draining": self.draining,
            "gateway": self.target == Target::Gateway,
            "servers": self.servers.iter().map(of_one).collect::<Vec<_>>(),
            "deadline_seconds": self.draining.then_some(self.deadline.as_secs_f64()),
        })
    }
}

/// Drains what is named, or takes it back.
///
/// # Errors
/// There is nothing of this name; nothing has changed.
pub(super) async fn drain(
    target: Target,
    how: How,
    publication: &Publication,
    workers: &[Worker],
    standing: &Standing,
) -> Result<Drained, Unknown> {
    let draining = matches!(how, How::Drain { .. });
    let snapshot = publication.current();
    let deadline = snapshot.config.gateway.timeouts.drain;
    let mut servers = Vec::new();
    match &target {
        Target::Gateway => {
            standing.leave(draining);
            for worker in workers {
                worker.order(Order::Leave(draining)).await;
            }
        }
        Target::Upstream(name) => {
            let upstream = named(&snapshot.upstreams, name)?;
            upstream.set_drained(draining);
            servers.extend(upstream.servers.iter().map(|server| (upstream, server)));
        }
        Target::Server(name, address) => {
            let upstream = named(&snapshot.upstreams, name)?;
            let server = upstream.servers.iter().find(|server| server.name == *address);
            servers.push((upstream, server.ok_or_else(|| no_server(upstream, address))?));
        }
    }
    for (_, server) in &servers {
        match how {
            How::Drain { lasts } => begin(server, lasts, deadline, workers).await,
            How::Undrain => server.undrain(),
            How::Restarted => server.health.restarted(),
        }
    }
    match how {
        How::Drain { .. } => tracing::info!(?target, "draining"),
        How::Undrain => tracing::info!(?target, "no longer draining"),
        How::Restarted => tracing::debug!(?target, "started again"),
    }
    let told = |(upstream, server): (&Arc<Upstream>, &Arc<Server>)| {
        let index = upstream.servers.iter().position(|one| one.id() == server.id());
        let in_flight = index.map_or(0, |index| upstream.balancer.in_flight(index));
        (upstream.name.clone(), server.name.clone(), in_flight)
    };
    let servers = servers.into_iter().map(told).collect();
    Ok(Drained { target, draining, servers, deadline })
}

async fn begin(server: &Arc<Server>, lasts: bool, deadline: Duration, workers: &[Worker]) {
    let drain = server.drain("an operator drains it", lasts);
    for worker in workers {
        worker.order(Order::Release(server.id())).await;
    }
    let (server, orders) = (Arc::clone(server), workers.iter().map(Worker::orders));
    let orders: Vec<_> = orders.collect();
    tokio::spawn(async move {
        sleep(deadline).await;
        if server.is_in_drain(drain) {
            for orders in orders {
                let _ = orders.send(Order::Cut(server.id())).await;
            }
        }
    });
}

fn named<'u>(upstreams: &'u [Arc<Upstream>], name: &str) -> Result<&'u Arc<Upstream>, Unknown> {
    upstreams.iter().find(|upstream| upstream.name == name).ok_or_else(|| {
        let known: Vec<&str> = upstreams.iter().map(|upstream| upstream.name.as_str()).collect();
        let words = format!("there is no upstream of this name; there are: {}", listed(&known));
        Unknown { field: "upstream", words }
    })
}

fn no_server(upstream: &Upstream, _: &str) -> Unknown {
    let known: Vec<&str> = upstream.servers.iter().map(|server| server.name.as_str()).collect();
    let words = format!("the upstream has no such server; it has: {}", listed(&known));
    Unknown { field: "server", words }
}

/// Names, of which many are too many.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 20;
    let more = names.len().saturating_sub(MOST);
    let named = names.get(..MOST).unwrap_or(names).join(", ");
    if more > 0 { format!("{named}, and {more} more") } else { named }
}
