//! One server, and the upstream it belongs to. Immutable but for what is counted and what is known of
//! the server's health.
//!
//! A server is one address, and outlives the configuration it was read from: while a reload, or a new
//! answer for its name, leaves its address in its upstream, it is the same server, with its
//! connections and counts.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use tombolo_balance::{
    Balancer, EjectionRules, ErrorRetries, RetryBudget, Room, ServerSpec, Weight, hash_key,
};
use tombolo_daemon::config::{self, HashKey, Statuses, Sticky};

use super::limit::Limit;
use super::number::{Number, Numbers};
use super::pace::Pace;
use super::queue::Queue;
use super::shelf::Shelf;
use super::target::Target;
use super::{Address, Health, Page, ServerMemory, tell_of_change};
use crate::data_plane::ticks;
use crate::metrics::{Attempts, UpstreamTimes};

/// Numbers of drains.
static NEXT_DRAIN: AtomicU64 = AtomicU64::new(1);

/// A server and where it is found.
pub(crate) struct Server {
    /// Where threads keep its connections.
    pub(super) number: Number,
    /// The address as it stands in the configuration, with the IP address where that has several: its
    /// name in logs and `X-Served-By`.
    pub(crate) name: String,
    /// The host and port, or the path, as they stand in the configuration or in an SRV record.
    pub(crate) written: String,
    /// Where it listens, the first that accepts; empty while its name does not resolve.
    pub(crate) addresses: Vec<Address>,
    /// How it does.
    pub(crate) health: Arc<Health>,
    /// How asking it ended, and what it answered.
    pub(crate) attempts: Attempts,
    /// How many may be there at one time; used where the upstream has a limit.
    pub(crate) room: Arc<Room>,
    /// How fast it answers, for a limit that finds itself.
    pub(super) pace: Pace,
    /// Idle connections that any thread may take.
    pub(super) shelf: Shelf,
    /// The configuration has it no longer.
    gone: AtomicBool,
    /// The number of the drain that is on; 0: none.
    drained: AtomicU64,
}

impl Server {
    fn new(target: &Target, makings: &Makings<'_>) -> Self {
        let name = target.name();
        Self {
            number: makings.numbers.take(),
            health: Health::new(&name),
            name,
            written: target.written.clone(),
            addresses: target.addresses.clone(),
            attempts: Attempts::new(makings.workers),
            room: Arc::default(),
            pace: Pace::default(),
            shelf: Shelf::default(),
            gone: AtomicBool::new(false),
            drained: AtomicU64::new(0),
        }
    }

    /// No new requests for it from now on, while others can have them: clients that a cookie keeps
    /// with it move too. What is under way goes on. `why` is told to operators; one that `lasts`
    /// holds over a restart of the gateway. Which drain this is, for
    /// [`is_in_drain`](Self::is_in_drain).
    pub(crate) fn drain(&self, why: &str, lasts: bool) -> u64 {
        self.health.drain(why, lasts);
        let drain = NEXT_DRAIN.fetch_add(1, Ordering::Relaxed);
        self.drained.store(drain, Ordering::Relaxed);
        self.shelf.clear();
        drain
    }

    /// It may have requests again; its share grows over the upstream's slow start.
    pub(crate) fn undrain(&self) {
        self.drained.store(0, Ordering::Relaxed);
        self.health.undrain();
    }

    /// Begins with what is remembered of it, as of a moment in the past.
    pub(crate) fn recall(&self, memory: &ServerMemory, as_of: SystemTime) {
        self.health.recall(memory, as_of);
        if memory.condition.draining {
            self.drained.store(NEXT_DRAIN.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Whether the drain of this number is still on.
    pub(crate) fn is_in_drain(&self, drain: u64) -> bool {
        self.drained.load(Ordering::Relaxed) == drain
    }

    /// Whether it is what this target describes.
    fn is(&self, target: &Target) -> bool {
        self.written == target.written && self.addresses == target.addresses
    }

    /// What it is asked for as `Host` where a request has none: its host and port. A path is none.
    pub(crate) fn host(&self) -> &str {
        match self.addresses.first() {
            Some(Address::Unix(_)) => "localhost",
            Some(Address::Ip(_)) | None => &self.written,
        }
    }

    /// Whether its name does not resolve, so that there is nothing to connect to.
    pub(crate) fn is_unresolved(&self) -> bool {
        self.addresses.is_empty()
    }

    /// What tells it from every other server of this process, those of the past included; never 0.
    pub(crate) fn id(&self) -> u64 {
        self.number.id
    }

    /// The configuration has it no longer: what runs ends, and no connection to it is kept.
    pub(crate) fn retire(&self) {
        // Requests that began with the configuration of before, and wait, go to those that stay.
        self.health.drain("it is in the configuration no longer", false);
        self.gone.store(true, Ordering::Relaxed);
        self.shelf.clear();
    }

    /// Whether the configuration has it no longer.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Whether a connection that an exchange leaves in order is kept for the next.
    pub(super) fn keeps_connections(&self) -> bool {
        !self.is_gone() && self.drained.load(Ordering::Relaxed) == 0
    }
}

/// A set of servers that answer alike.
pub(crate) struct Upstream {
    /// The name routes call it by.
    pub(crate) name: String,
    pub(crate) balancer: Balancer,
    pub(crate) hash_on: Option<HashKey>,
    pub(crate) sticky: Option<Sticky>,
    /// What stands behind name and value of that cookie.
    pub(crate) sticky_attributes: String,
    pub(crate) servers: Vec<Arc<Server>>,
    /// What these were made of, in the same order.
    pub(crate) targets: Vec<Target>,
    /// When servers are ejected; none: never.
    pub(crate) ejection: Option<EjectionRules>,
    /// Statuses that count as failures of a server.
    failures: Statuses,
    /// Pays for repeats; none: they cost nothing.
    pub(crate) budget: Option<RetryBudget>,
    /// Statuses after which another server is asked; none written: what `error_retries` allows.
    pub(crate) retry_on: Option<Statuses>,
    /// Pays for retries after errors that no `retry_on` asks for. Shared with those it takes the place of.
    pub(crate) error_retries: Arc<ErrorRetries>,
    /// Ticks for a connection to a server, where it says another thing than `[gateway.timeouts]`.
    pub(crate) connect: Option<u64>,
    /// How many requests each server has at one time; none: any number.
    pub(crate) limit: Option<Limit>,
    /// Who waits while all servers are full. Shared with those it takes the place of.
    pub(crate) queue: Arc<Queue>,
    /// How long waiting and connecting took. Shared with those it takes the place of.
    pub(crate) times: Arc<UpstreamTimes>,
    /// It takes no new requests at all. Shared with those it takes the place of.
    drained: Arc<AtomicBool>,
}

/// What upstreams are made with beside their settings.
pub(crate) struct Makings<'m> {
    /// Threads of the data plane.
    pub(crate) workers: usize,
    pub(crate) numbers: &'m Numbers,
}

impl Upstream {
    /// Builds an upstream of these targets. Servers that `previous`, which it takes the place of, has
    /// too are the same ones.
    pub(crate) fn new(
        upstream: &config::Upstream,
        targets: Vec<Target>,
        makings: &Makings<'_>,
        previous: Option<&Self>,
    ) -> Self {
        let known = previous.map_or(&[][..], |previous| &previous.servers);
        let server = |target: &Target| {
            let same = known.iter().find(|known| known.is(target));
            same.map_or_else(|| Arc::new(Server::new(target, makings)), Arc::clone)
        };
        let servers: Vec<Arc<Server>> = targets.iter().map(server).collect();
        let rules = upstream.ejection.as_ref().map(|ejection| ejection.rules.clone());
        let checks = upstream.health.clone().map(Arc::new);
        for server in &servers {
            if server.is_unresolved() {
                server.health.fall("its name does not resolve");
            } else {
                server.health.follow(rules.clone(), upstream.slow_start, checks.clone());
            }
            server.pace.follow(upstream.limit.as_ref(), &server.room);
        }
        let best = targets.iter().map(|target| target.rank).min().unwrap_or(0);
        for (server, target) in servers.iter().zip(&targets) {
            // Until it is known who is up; see `Watch`.
            if target.rank > best && !known.iter().any(|known| known.id() == server.id()) {
                server.health.stand_by(true);
            }
        }
        let spec = |(target, made): (&Target, &Arc<Server>)| {
            let weight = Weight::new(target.weight).unwrap_or_default();
            let spec = ServerSpec::new(made.name.as_str(), weight);
            let spec = spec.behind(made.health.gate());
            if upstream.limit.is_some() { spec.within(Arc::clone(&made.room)) } else { spec }
        };
        let specs: Vec<ServerSpec> = targets.iter().zip(&servers).map(spec).collect();
        let policy = upstream.policy;
        let hashes = policy == tombolo_balance::Policy::Hash;
        Self {
            name: upstream.name.clone(),
            balancer: match previous {
                Some(previous) => Balancer::succeeding(policy, &specs, &previous.balancer),
                None => Balancer::new(policy, &specs, makings.workers),
            },
            hash_on: hashes.then(|| upstream.hash_on.clone()),
            sticky: upstream.sticky.clone(),
            sticky_attributes: upstream.sticky.as_ref().map(Sticky::attributes).unwrap_or_default(),
            servers,
            targets,
            ejection: rules,
            failures: match &upstream.ejection {
                Some(ejection) => ejection.status.clone(),
                None => Statuses::none(),
            },
            budget: upstream
                .retry_budget
                .map(|budget| RetryBudget::new(budget.percent, budget.per_second, makings.workers)),
            retry_on: upstream.retry_on.clone(),
            error_retries: previous
                .map_or_else(Arc::default, |previous| Arc::clone(&previous.error_retries)),
            connect: upstream.timeouts.connect.map(ticks),
            limit: upstream.limit.as_ref().map(Limit::new),
            queue: previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.queue)),
            times: previous.map_or_else(
                || Arc::new(UpstreamTimes::new(makings.workers)),
                |previous| Arc::clone(&previous.times),
            ),
            drained: previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.drained)),
        }
    }

    /// A server has answered a request for this page with this status. True if that counts as a
    /// failure.
    #[inline]
    pub(crate) fn answered(
        &self,
        server: &Server,
        status: u16,
        page: impl FnOnce() -> Page,
    ) -> bool {
        let is_failure = status >= 400 && self.failures.contains(status);
        if is_failure {
            server.health.answered_badly(page());
        } else {
            server.health.succeeded(page);
        }
        is_failure
    }

    /// Whether it takes no new requests at all.
    #[inline]
    pub(crate) fn is_drained(&self) -> bool {
        self.drained.load(Ordering::Relaxed)
    }

    /// Takes no new requests from now on, or takes them again.
    pub(crate) fn set_drained(&self, drained: bool) {
        self.drained.store(drained, Ordering::Relaxed);
        tell_of_change();
    }

    /// True while no server is up, so that all of them are tried.
    pub(crate) fn is_failing_open(&self) -> bool {
        !self.servers.iter().any(|server| server.health.is_open())
    }
}

/// What an upstream that hashes on the client makes of its address.
pub(crate) fn client_hash(client: IpAddr) -> u64 {
    match client {
        IpAddr::V4(ip) => hash_key(&ip.octets()),
        IpAddr::V6(ip) => hash_key(&ip.octets()),
    }
}
