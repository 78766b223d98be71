//! Whose bucket a request takes from.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use tombolo_http1::{FieldId, RequestHead};

/// What one subscriber has: an IPv4 address, or an IPv6 network of 64 bits. Limits for each client
/// count by it.
pub(crate) fn subscriber(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

/// The address of the client: the peer's, or, from a trusted hop, the last address in
/// `X-Forwarded-For` that is not trusted itself. An IPv6 client is its /64, which is what one
/// subscriber has.
pub(crate) fn client(
    request: &RequestHead,
    head: &[u8],
    peer: IpAddr,
    trusted: &[IpNet],
) -> [u8; 16] {
    match subscriber(client_address(request, head, peer, trusted)) {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// The address of the client, as [`client`] finds it.
pub(crate) fn client_address(
    request: &RequestHead,
    head: &[u8],
    peer: IpAddr,
    trusted: &[IpNet],
) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|hop| hop.contains(ip));
    let mut client = peer;
    if is_trusted(&peer) {
        let values = request.fields().iter().rev();
        let values = values.filter(|field| field.id == FieldId::XForwardedFor);
        let listed = values.flat_map(|field| field.value.of(head).rsplit(|byte| *byte == b','));
        for text in listed {
            let Some(ip) = address(text.trim_ascii()) else { break };
            client = ip;
            if !is_trusted(&ip) {
                break;
            }
        }
    }
    client
}

fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let ip = text.parse().ok().or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

/// The value of a header; none if it is not there.
pub(super) fn header<'h>(request: &RequestHead, head: &'h [u8], name: &str) -> Option<&'h [u8]> {
    let named =
        |field: &&tombolo_http1::Field| field.name.of(head).eq_ignore_ascii_case(name.as_bytes());
    Some(request.fields().iter().find(named)?.value.of(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tombolo_http1::HeadLimits;

    fn client_of(fields: &str, peer: &str) -> String {
        let wire = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        let mut head = RequestHead::new();
        head.parse(wire.as_bytes(), &HeadLimits::default()).unwrap().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let key = client(&head, wire.as_bytes(), peer.parse().unwrap(), &trusted);
        std::net::Ipv6Addr::from(key).to_canonical().to_string()
    }

    #[test]
    fn only_trusted_hops_are_believed() {
        let forged = "X-Forwarded-For: 192.0.2.1\r\n";
        assert_eq!(client_of(forged, "198.51.100.7"), "198.51.100.7");
        assert_eq!(client_of(forged, "10.0.0.1"), "192.0.2.1");
        assert_eq!(client_of("", "10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn the_last_address_that_is_not_trusted_is_the_client() {
        let chain = "X-Forwarded-For: 1.1.1.1, 192.0.2.9\r\nX-Forwarded-For: 10.0.0.8\r\n";
        assert_eq!(client_of(chain, "10.0.0.1"), "192.0.2.9");
        let mapped = "X-Forwarded-For: ::ffff:192.0.2.9, ::ffff:10.0.0.8\r\n";
        assert_eq!(client_of(mapped, "10.0.0.1"), "192.0.2.9");
        let odd = "X-Forwarded-For: 192.0.2.9, unknown, 10.0.0.8\r\n";
        assert_eq!(client_of(odd, "10.0.0.1"), "10.0.0.8", "nothing before it is believed");
        assert_eq!(client_of("X-Forwarded-For: 192.0.2.9:4711\r\n", "10.0.0.1"), "192.0.2.9");
    }

    #[test]
    fn ipv6_clients_are_their_network() {
        assert_eq!(client_of("", "2001:db8::1"), client_of("", "2001:db8::ffff"));
        assert_ne!(client_of("", "2001:db8:0:1::1"), client_of("", "2001:db8:0:2::1"));
    }
}
