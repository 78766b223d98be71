//! Writing a header, for the server behind us.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::Version;
use crate::binary::SIGNATURE;

/// Version 2 and the command PROXY.
const PROXY: u8 = 0x21;

/// Appends a header that says: from `source`, who meant to reach `destination`. At most 107 bytes.
///
/// IPv4 addresses in the form of IPv6 are written as what they are. One of each family becomes
/// two of IPv6, since a header has one family.
pub fn write(version: Version, source: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) {
    let (from, to) = (source.ip().to_canonical(), destination.ip().to_canonical());
    let ports = (source.port(), destination.port());
    match version {
        Version::One => line(from, to, ports, out),
        Version::Two => binary(from, to, ports, out),
    }
}

fn line(from: IpAddr, to: IpAddr, (from_port, to_port): (u16, u16), out: &mut Vec<u8>) {
    let text = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            format!("PROXY TCP4 {from} {to} {from_port} {to_port}\r\n")
        }
        _ => format!("PROXY TCP6 {} {} {from_port} {to_port}\r\n", mapped(from), mapped(to)),
    };
    out.extend_from_slice(text.as_bytes());
}

fn binary(from: IpAddr, to: IpAddr, (from_port, to_port): (u16, u16), out: &mut Vec<u8>) {
    out.extend_from_slice(&SIGNATURE);
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend_from_slice(&[PROXY, 0x11, 0, 12]);
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
        }
        _ => {
            out.extend_from_slice(&[PROXY, 0x21, 0, 36]);
            out.extend_from_slice(&mapped(from).octets());
            out.extend_from_slice(&mapped(to).octets());
        }
    }
    out.extend_from_slice(&from_port.to_be_bytes());
    out.extend_from_slice(&to_port.to_be_bytes());
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}
