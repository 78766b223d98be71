//! Who a request comes from: the peer, or the client that a gateway of ours names.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use tombolo_daemon::clients;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Client {
    /// The client at this address.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// Its address.
    #[must_use]
    pub fn address(self) -> IpAddr {
        self.0
    }

    /// Whose rates and quotas it counts to.
    #[must_use]
    pub fn network(self) -> IpAddr {
        clients::network(self.0)
    }
}

/// Tells clients from the gateways in front of us.
#[derive(Debug)]
pub struct Clients {
    trusted: Vec<IpNet>,
    trust_loopback: bool,
}

impl Clients {
    /// Peers of these networks are gateways, and those of this machine if `trust_loopback`.
    #[must_use]
    pub fn new(trusted: Vec<IpNet>, trust_loopback: bool) -> Self {
        Self { trusted, trust_loopback }
    }

    /// The client of a request from this peer: the nearest address in `X-Forwarded-For` that is
    /// not one of ours. A peer that is not trusted is the client, whatever it says. A peer on this
    /// machine may be our gateway; an address of this machine that a gateway names is its client, and
    /// what that client said of others is worth nothing.
    #[must_use]
    pub fn of(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = peer.to_canonical();
        let mut is_trusted = self.is_gateway(client);
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

    /// Whether what this peer says of a request is believed: it is a gateway of ours.
    #[must_use]
    pub fn is_gateway(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.is_trusted(peer) || (self.trust_loopback && peer.is_loopback())
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
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
}
