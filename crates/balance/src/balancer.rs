//! The choice. Owns what a balancer is made of and who may be chosen in which order; what a policy
//! looks at is in `policies.rs`, what it compares in `load.rs`.
//!
//! Every policy answers one question: which of the *eligible* servers? [`Balancer::eligible`] is
//! the single place that says who is: whoever this request has not been to and whose gate is open.
//! Where every open gate keeps the request out by its share, shares are passed over; where no gate
//! is open at all, gates are: with all servers down each is tried rather than none.
//! Where servers take only so many requests at one time, `rooms.rs` says what becomes of the rest.

mod load;
mod policies;
mod rehearsal;
mod rooms;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::flight::Flight;
use crate::gate::{Gate, Pass, Standing};
use crate::hash::mix;
use crate::latency::Latencies;
use crate::policy::Policy;
use crate::rendezvous::Rendezvous;
use crate::room::Room;
use crate::schedule::Schedule;
use crate::server::{ServerSpec, identities};
use crate::shares::{Shares, even_point};
use crate::sticky::Tokens;
use crate::tried::Tried;

/// The most servers one upstream may have. Bounds the cost of the policies that look at each.
pub const MAX_SERVERS: usize = 4096;

/// How often a pick looks again when another request took the last probe of its choice.
const ENTRIES: u32 = 3;

/// What one request brings to the choice.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Where the request has been; never chosen again.
    pub tried: &'a Tried,
    /// A fresh random number. Only [`Policy::Random`] and [`Policy::PowerOfTwo`] look at it, and
    /// every policy while a server's gate is half open.
    pub random: u64,
    /// [`crate::hash_key`] of the request's key. Without one [`Policy::Hash`] goes round robin.
    pub hash: Option<u64>,
    /// The server the client's cookie names ([`Balancer::sticky`]); chosen before all others.
    pub preferred: Option<usize>,
    /// Whether it changes something: servers that only read ([`Gate::set_reads_only`]) are passed
    /// over while another can be chosen.
    pub writes: bool,
}

/// One upstream's choice. Shared by all data-plane threads behind an `Arc`: `&self` only, no locks.
#[derive(Debug)]
pub struct Balancer {
    policy: Policy,
    keys: Box<[Box<str>]>,
    gates: Box<[Arc<Gate>]>,
    /// For each server; none: no server has a limit.
    rooms: Option<Box<[Arc<Room>]>>,
    schedule: Schedule,
    shares: Shares,
    rendezvous: Rendezvous,
    tokens: Tokens,
    flight: Flight,
    latencies: Latencies,
    first_turns: Counter,
    later_turns: Counter,
}

/// On a line of its own: it is the one thing all threads write.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Counter(AtomicU64);

impl Counter {
    #[inline]
    fn take(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }

    fn copied(&self) -> Counter {
        Counter(AtomicU64::new(self.0.load(Relaxed)))
    }
}

impl Balancer {
    /// Lays out the choice among `servers` (at most [`MAX_SERVERS`]; those beyond are left out, so
    /// the configuration must refuse such a list) for data-plane threads numbered `0..workers`.
    ///
    /// With no servers it is valid and [`Balancer::pick`] answers `None`. Costs about 12 bytes for
    /// each worker and server, and [`crate::MAX_TURNS`] says what more.
    #[must_use]
    pub fn new(policy: Policy, servers: &[ServerSpec], workers: usize) -> Balancer {
        let servers = servers.get(..MAX_SERVERS).unwrap_or(servers);
        let identities = identities(servers);
        Balancer {
            policy,
            keys: servers.iter().map(|server| server.key.clone()).collect(),
            gates: servers.iter().map(|server| Arc::clone(&server.gate)).collect(),
            rooms: servers
                .iter()
                .any(|server| server.room.is_some())
                .then(|| servers.iter().map(|one| one.room.clone().unwrap_or_default()).collect()),
            schedule: Schedule::new(servers),
            shares: Shares::new(servers),
            rendezvous: Rendezvous::new(servers, &identities),
            tokens: Tokens::new(&identities),
            flight: Flight::new(workers, servers.len()),
            latencies: Latencies::new(servers.len()),
            first_turns: Counter::default(),
            later_turns: Counter::default(),
        }
    }

    /// Lays the choice out anew, for a list that takes the place of `previous`: another policy,
    /// other weights, servers gone or come. A server whose key is in both keeps its requests in
    /// flight and its total; turns go on from where they were.
    #[must_use]
    pub fn succeeding(policy: Policy, servers: &[ServerSpec], previous: &Balancer) -> Balancer {
        let next = Balancer::new(policy, servers, 1);
        let mut before: HashMap<&str, Vec<usize>> = HashMap::with_capacity(previous.len());
        // Backwards, so that of two with one key the first is taken first.
        for (index, key) in previous.keys.iter().enumerate().rev() {
            before.entry(key).or_default().push(index);
        }
        let kept: Vec<Option<usize>> =
            next.keys.iter().map(|key| before.get_mut(&**key)?.pop()).collect();
        Balancer {
            flight: previous.flight.succeeded(&kept),
            latencies: previous.latencies.succeeded(&kept),
            first_turns: previous.first_turns.copied(),
            later_turns: previous.later_turns.copied(),
            ..next
        }
    }

    /// The server for this request, by its index in the list given to [`Balancer::new`]. `None` if
    /// and only if all have been tried: where no gate is open, one in reserve is chosen, and where
    /// none is in reserve, any.
    ///
    /// Where servers have a limit ([`ServerSpec::room`]) the place is taken by this, and given back by
    /// [`Balancer::leave`]; `None` then also means that all who could be asked are full.
    ///
    /// The caller reports the start and end of the request by [`Balancer::begin`] and
    /// [`Balancer::end`]. Cost: O(1) for round robin, random (O(log servers)) and power of two;
    /// O(servers) for hash and for any pick after the first; O(servers x workers) for least
    /// requests.
    #[must_use]
    pub fn pick(&self, ask: &Ask<'_>) -> Option<usize> {
        if self.rooms.is_some() {
            return self.pick_with_room(ask);
        }
        self.enter(ask, Pass::Open).or_else(|| self.last_resort(ask))
    }

    /// A choice whose gate is gone through: a probe is taken where only so many are given.
    #[inline]
    fn enter(&self, ask: &Ask<'_>, pass: Pass) -> Option<usize> {
        for _ in 0..ENTRIES {
            let server = self.choose(ask, pass)?;
            if self.gates.get(server).is_some_and(|gate| gate.enter()) {
                return Some(server);
            }
        }
        None
    }

    /// No gate admits the request: a server that starts slowly, whatever its share, since a share is
    /// divided among servers that are up and gives nothing to the others; then one in reserve, then
    /// any.
    #[cold]
    fn last_resort(&self, ask: &Ask<'_>) -> Option<usize> {
        self.enter(ask, Pass::Ajar)
            .or_else(|| self.choose(ask, Pass::Reserve))
            .or_else(|| self.choose(ask, Pass::Any))
    }

    fn choose(&self, ask: &Ask<'_>, pass: Pass) -> Option<usize> {
        if let Some(server) = ask.preferred
            && self.is_open_to(ask, pass, server)
        {
            return Some(server);
        }
        match (self.policy, ask.hash) {
            (Policy::Hash, Some(key)) => {
                self.rendezvous.pick(key, |who| self.eligible(ask, pass, who))
            }
            (Policy::RoundRobin | Policy::Hash, _) => self.in_turn(ask, pass),
            (Policy::LeastRequests, _) => self.least(ask, pass),
            (Policy::PowerOfTwo | Policy::PeakEwma, _) => self.less_of_two(ask, pass),
            (Policy::Random, _) => self.draw(ask, pass, ask.random),
        }
    }

    /// Whether `server` may be chosen for this request.
    #[inline]
    fn eligible(&self, ask: &Ask<'_>, pass: Pass, server: usize) -> bool {
        let Some(gate) = self.gates.get(server) else { return false };
        !ask.tried.contains(server) && gate.admits(pass, ask.writes, || lot(ask, server))
    }

    /// The same for a client that is to stay with `server`: a share keeps newcomers out, not those
    /// who are there.
    fn is_open_to(&self, ask: &Ask<'_>, pass: Pass, server: usize) -> bool {
        let Some(gate) = self.gates.get(server) else { return false };
        !ask.tried.contains(server) && gate.admits(pass, ask.writes, || 0)
    }

    /// How the gate of a server stands; closed for a server that does not exist.
    #[must_use]
    pub fn standing(&self, server: usize) -> Standing {
        self.gates.get(server).map_or(Standing::Closed, |gate| gate.standing())
    }

    /// The policy it was made with.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The key of a server; empty for a server that does not exist.
    #[must_use]
    pub fn key(&self, server: usize) -> &str {
        self.keys.get(server).map_or("", |key| key)
    }

    /// How many servers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no server at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The server that a sticky cookie's value names, for [`Ask::preferred`]; `None` for any bytes
    /// that are no token of this upstream.
    #[must_use]
    pub fn sticky(&self, cookie_value: &[u8]) -> Option<usize> {
        self.tokens.server(cookie_value)
    }

    /// The token to put in a sticky cookie: 16 hexadecimal digits, the same for this key always and
    /// everywhere, not showing the address (but see the caution in `sticky.rs`: no secret).
    #[must_use]
    pub fn sticky_value(&self, server: usize) -> &str {
        self.tokens.text(server)
    }
}

/// The request's number from 0 to 999 at this server. It stays for as long as the pick lasts, and for
/// requests with a key for ever: a share that grows draws keys in and moves none back.
fn lot(ask: &Ask<'_>, server: usize) -> u32 {
    let drawn = mix(ask.hash.unwrap_or(ask.random) ^ even_point(server as u64 + 1));
    ((u128::from(drawn) * u128::from(Standing::FULL)) >> 64) as u32
}
