//! Who a request comes from, and how much they may post.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use tombolo_daemon::clients;

use super::refusal::Refusal;
use crate::limits;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client(IpAddr);

impl Client {
    /// Whose rates and quotas it counts to.
    pub(super) fn network(self) -> IpAddr {
        clients::network(self.0)
    }
}

/// Tells clients from the gateways in front of us.
#[derive(Debug)]
pub(super) struct Clients {
    trusted: Vec<IpNet>,
    trust_loopback: bool,
}

impl Clients {
    pub(super) fn new(trusted: Vec<IpNet>, trust_loopback: bool) -> Self {
        Self { trusted, trust_loopback }
    }

    /// The client of a request from this peer: the nearest address in `X-Forwarded-For` that is
    /// not one of ours. A peer that is not trusted is the client, whatever it says. A peer on this
    /// machine may be our gateway; an address of this machine that a gateway names is its client, and
    /// what that client said of others is worth nothing.
    pub(super) fn of(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = peer.to_canonical();
        let mut is_trusted =
            self.is_trusted(client) || (self.trust_loopback && client.is_loopback());
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
        let hops = lines.iter().rev().filter_map(|line| line.to_str().ok());
        for hop in hops.flat_map(|line| line.rsplit(',')) {
            if !is_trusted {
                break;
            }
            let Ok(address) = hop.trim().trim_matches(['[', ']']).parse::<IpAddr>() else { break };
            client = address.to_canonical();
            is_trusted = self.is_trusted(client);
        }
        Client(client)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }
}

/// How fast each client may do something.
#[derive(Debug)]
pub(super) struct Rates {
    rates: Option<(DefaultKeyedRateLimiter<IpAddr>, DefaultDirectRateLimiter)>,
    clock: DefaultClock,
}

impl Rates {
    /// So many each second, and a few seconds' worth at once; 0 for any number.
    pub(super) fn new(rate: u32) -> Self {
        Self::of(NonZeroU32::new(rate).map(|rate| {
            let burst =
                rate.saturating_mul(NonZeroU32::MIN.saturating_add(limits::BURST_SECONDS - 1));
            Quota::per_second(rate).allow_burst(burst)
        }))
    }

    /// How fast clients may begin rooms.
    pub(super) fn of_new_rooms() -> Self {
        let burst = NonZeroU32::new(limits::NEW_ROOMS).unwrap_or(NonZeroU32::MIN);
        Self::of(Quota::with_period(limits::NEW_ROOM_TIME).map(|quota| quota.allow_burst(burst)))
    }

    fn of(quota: Option<Quota>) -> Self {
        let rates = quota.map(|quota| (RateLimiter::keyed(quota), RateLimiter::direct(quota)));
        Self { rates, clock: DefaultClock::default() }
    }

    /// Whether nothing is counted.
    pub(super) fn is_off(&self) -> bool {
        self.rates.is_none()
    }

    /// Counts one.
    pub(super) fn count(&self, client: Client) -> Result<(), Refusal> {
        let Some((each, newcomers)) = &self.rates else { return Ok(()) };
        if each.len() >= limits::CLIENTS {
            each.retain_recent();
        }
        let counted = if each.len() >= limits::CLIENTS {
            newcomers.check()
        } else {
            each.check_key(&client.network())
        };
        counted.map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Refusal::TooFast(wait.as_secs().saturating_add(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        let clients = Clients::new(vec!["10.0.0.0/8".parse().unwrap()], true);
        clients.of(peer.parse().unwrap(), &headers).0.to_string()
    }

    #[test]
    fn only_trusted_peers_may_name_the_client() {
        for (peer, forwarded, expected) in [
            ("192.0.2.1", &["203.0.113.5"][..], "192.0.2.1"),
            ("127.0.0.1", &["203.0.113.5"], "203.0.113.5"),
            ("127.0.0.1", &["1.1.1.1, 203.0.113.5", "10.1.2.3"], "203.0.113.5"),
            ("::ffff:127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", &["203.0.113.5, 127.0.0.1"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.5, 10.1.2.3, ::1"], "::1"),
            ("10.1.2.3", &["203.0.113.5, 127.0.0.1"], "127.0.0.1"),
            ("127.0.0.1", &["nonsense"], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
        ] {
            assert_eq!(client(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn peers_of_this_machine_may_be_strangers() {
        let mut headers = HeaderMap::new();
        headers.append(X_FORWARDED_FOR, "203.0.113.5".parse().unwrap());
        let clients = Clients::new(Vec::new(), false);
        let peer = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(clients.of(peer, &headers), Client(peer));
    }

    #[test]
    fn rooms_are_begun_a_few_at_once() {
        let rates = Rates::of_new_rooms();
        let ana = Client("2001:db8::1".parse().unwrap());
        assert!((0..limits::NEW_ROOMS).all(|_| rates.count(ana).is_ok()));
        assert!(matches!(rates.count(ana), Err(Refusal::TooFast(1..=60))));
    }

    #[test]
    fn a_client_that_posts_too_fast_is_told_when_to_go_on() {
        let rates = Rates::new(5);
        let ana = Client("2001:db8::1".parse().unwrap());
        let eva = Client("2001:db9::1".parse().unwrap());
        let mut taken = 0;
        while rates.count(ana).is_ok() {
            taken += 1;
        }
        assert!((20..25).contains(&taken), "{taken}");
        assert!(matches!(
            rates.count(Client("2001:db8::2".parse().unwrap())),
            Err(Refusal::TooFast(1))
        ));
        assert!(rates.count(eva).is_ok());
        assert!((0..100).all(|_| Rates::new(0).count(ana).is_ok()));
    }
}
