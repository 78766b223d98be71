//! One server, and the upstream it belongs to. Immutable but for the addresses of a name, which
//! the control plane's resolver publishes, and for what is known of the server's health.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tombolo_balance::{Balancer, EjectionRules, ServerSpec, Weight, hash_key};
use tombolo_daemon::config::{self, HashKey, HostPort, Sticky};

use super::Health;

const SLOW_START: Duration = Duration::from_secs(10);

/// A server and where it is found.
pub(crate) struct Server {
    /// Index of its pool: unique among all servers of this process.
    pub(crate) pool: usize,
    /// The address as it stands in the configuration: its name in logs and `X-Served-By`.
    pub(crate) name: String,
    /// What the configuration says of where it listens.
    pub(crate) address: HostPort,
    /// Where it listens now; empty while its name does not resolve.
    pub(crate) resolved: ArcSwap<Vec<SocketAddr>>,
    /// How it does.
    pub(crate) health: Arc<Health>,
}

impl Server {
    fn new(server: &config::Server, pool: usize) -> Self {
        let resolved = server.address.socket_addr().into_iter().collect::<Vec<_>>();
        Self {
            pool,
            name: server.as_written.clone(),
            address: server.address.clone(),
            resolved: ArcSwap::from_pointee(resolved),
            health: Health::new(&server.as_written, Some(EjectionRules::DEFAULT), SLOW_START),
        }
    }

    #[allow(dead_code, reason = "for drains by name")]
    /// No new requests for it from now on, while others can have them: clients that a cookie keeps
    /// with it move too. What is under way goes on. `why` is told to operators.
    pub(crate) fn drain(&self, why: &str) {
        self.health.drain(why);
    }

    #[allow(dead_code, reason = "for drains by name")]
    /// It may have requests again; its share grows over the upstream's slow start.
    pub(crate) fn undrain(&self) {
        self.health.undrain();
    }

    /// True when the address is a name, which the resolver has to look up.
    pub(crate) fn is_named(&self) -> bool {
        self.address.socket_addr().is_none()
    }
}

/// A set of servers that answer alike.
pub(crate) struct Upstream {
    /// The name routes call it by.
    pub(crate) name: String,
    pub(crate) balancer: Balancer,
    pub(crate) hash_on: Option<HashKey>,
    pub(crate) sticky: Option<Sticky>,
    pub(crate) servers: Vec<Arc<Server>>,
}

impl Upstream {
    /// Builds an upstream; `next_pool` numbers its servers.
    pub(crate) fn new(upstream: &config::Upstream, workers: usize, next_pool: &mut usize) -> Self {
        let servers: Vec<Arc<Server>> = upstream
            .servers
            .iter()
            .map(|server| {
                let pool = *next_pool;
                *next_pool = next_pool.saturating_add(1);
                Arc::new(Server::new(server, pool))
            })
            .collect();
        let spec = |(server, made): (&config::Server, &Arc<Server>)| {
            let weight = Weight::new(server.weight).unwrap_or_default();
            ServerSpec::new(server.as_written.as_str(), weight).behind(made.health.gate())
        };
        let specs: Vec<ServerSpec> = upstream.servers.iter().zip(&servers).map(spec).collect();
        let hashes = upstream.policy == tombolo_balance::Policy::Hash;
        Self {
            name: upstream.name.clone(),
            balancer: Balancer::new(upstream.policy, &specs, workers),
            hash_on: hashes.then(|| upstream.hash_on.clone()),
            sticky: upstream.sticky.clone(),
            servers,
        }
    }

    /// True while no server is up, so that all of them are tried.
    pub(crate) fn is_failing_open(&self) -> bool {
        !self.servers.iter().any(|server| server.health.is_open())
    }
}

/// What an upstream that hashes on the client makes of its address.
pub(crate) fn client_hash(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(ip) => hash_key(&ip.octets()),
        IpAddr::V6(ip) => hash_key(&ip.octets()),
    }
}
