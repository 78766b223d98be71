//! Whose connection it is: the peer's, or a client's that a gateway names in a PROXY protocol header.

use std::net::IpAddr;

use ipnet::IpNet;
use tombolo_daemon::clients::{Place, Places, network};
use tombolo_proxy_protocol::{Header, Parsed, parse};

use crate::limits::CONNECTIONS_EACH;

/// So many bytes of version 2's signature could be empty lines.
const SIGNATURE_BEGINS: usize = 5;

/// What is known of the peers of a replica.
#[derive(Debug)]
pub(crate) struct Peers {
    trusted: Vec<IpNet>,
    trust_loopback: bool,
    places: Places,
}

/// Whose connection it is.
#[derive(Debug)]
pub(crate) struct Client {
    /// Whose turns at the evaluators it takes.
    pub(crate) network: IpAddr,
    /// Whether a header may still name somebody else.
    pub(crate) may_introduce: bool,
    place: Option<Place>,
}

/// A client has as many connections as it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

/// What the beginning of a connection says of its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Introduction {
    /// More bytes are needed to tell.
    Partial,
    /// There is none: these are requests.
    None,
    /// The first `length` bytes are one. `client` is whom it names, if anybody.
    Header { client: Option<IpAddr>, length: usize },
}

impl Peers {
    pub(crate) fn new(trusted: Vec<IpNet>, trust_loopback: bool) -> Self {
        Self { trusted, trust_loopback, places: Places::new(CONNECTIONS_EACH) }
    }

    /// A connection of this peer. One that may be a gateway, for naming its clients or being on this
    /// machine, may have any number.
    pub(crate) fn connected(&self, peer: IpAddr) -> Result<Client, TooMany> {
        let peer = peer.to_canonical();
        let may_introduce = (self.trust_loopback && peer.is_loopback())
            || self.trusted.iter().any(|net| net.contains(&peer));
        let mut client = Client { network: network(peer), may_introduce, place: None };
        if !may_introduce && !peer.is_loopback() {
            client.place = Some(self.places.take(peer).ok_or(TooMany)?);
        }
        Ok(client)
    }

    /// The connection is that of this client.
    pub(crate) fn introduced(&self, client: &mut Client, address: IpAddr) -> Result<(), TooMany> {
        client.network = network(address);
        client.place = Some(self.places.take(address).ok_or(TooMany)?);
        Ok(())
    }
}

/// Looks at the first bytes of a connection. No request begins as either version of a header does.
pub(crate) fn introduction(bytes: &[u8]) -> Introduction {
    match parse(bytes) {
        // Empty lines are requests, and are answered at once: a header comes in one piece.
        Ok(Parsed::Partial) if bytes.starts_with(b"\r") && bytes.len() < SIGNATURE_BEGINS => {
            Introduction::None
        }
        Ok(Parsed::Partial) => Introduction::Partial,
        Ok(Parsed::Whole { header, length }) => {
            let client = match header {
                Header::Proxied { source, .. } => Some(source.ip()),
                _ => None,
            };
            Introduction::Header { client, length }
        }
        // What is no header is a request, and refused as one.
        Err(_) => Introduction::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_no_headers() {
        for (bytes, said) in [
            (&b"PING\n"[..], Introduction::None),
            (b"EVAL 1\n", Introduction::None),
            (b"\r\n", Introduction::None),
            (b"\r\n\r\n", Introduction::None),
            (b"\r\n\r\n\0\r\nQUIT\n", Introduction::Partial),
            (b"\r\nPING\n", Introduction::None),
            (b"", Introduction::Partial),
            (b"P", Introduction::Partial),
            (b"PROXY TCP4 192.0.2.7 127.0.0.1 5000 ", Introduction::Partial),
            (
                b"PROXY TCP4 192.0.2.7 127.0.0.1 5000 7070\r\nPING\n",
                Introduction::Header { client: Some(IpAddr::from([192, 0, 2, 7])), length: 42 },
            ),
        ] {
            assert_eq!(introduction(bytes), said, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn strangers_cannot_name_others_and_have_so_many_connections() {
        let peers = Peers::new(vec!["10.0.0.0/8".parse().unwrap()], true);
        let may = |peer: &str| peers.connected(peer.parse().unwrap()).unwrap().may_introduce;
        assert!(may("127.0.0.1") && may("10.1.2.3") && may("::ffff:10.1.2.3") && !may("192.0.2.1"));
        let stranger = || peers.connected("2001:db8::1".parse().unwrap());
        let held: Vec<_> = (0..CONNECTIONS_EACH).map(|_| stranger().unwrap()).collect();
        assert_eq!(stranger().unwrap_err(), TooMany);
        drop(held);
        assert!(stranger().is_ok());
    }
}
