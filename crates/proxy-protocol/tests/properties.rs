//! What holds for any bytes and any addresses.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;
use tombolo_proxy_protocol::{HEADER_BYTES_MAX, Header, Parsed, Version, parse, write};

/// The same address with an IPv4 one in its IPv6 form, for comparing across families.
fn wide(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped(), address.port()).into(),
        IpAddr::V6(ip) => (ip, address.port()).into(),
    }
}

/// Bytes that look like a header for longer than chance would have it.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    let signature = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    let tail = prop::collection::vec(any::<u8>(), 0..300);
    let line = "PROXY (TCP4|TCP6|UNKNOWN)( [0-9a-f.:]{1,15}){0,4} ?\r?\n?[a-z]{0,3}";
    let binary = (0x1f_u8..0x23, 0_u8..0x50, 0_u16..300, tail).prop_map(move |(c, f, l, tail)| {
        [&signature[..], &[c, f], &l.to_be_bytes(), &tail].concat()
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        line.prop_map(String::into_bytes),
        binary
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        source: SocketAddr,
        destination: SocketAddr,
        version in prop_oneof![Just(Version::One), Just(Version::Two)],
        after in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let mut bytes = Vec::new();
        write(version, source, destination, &mut bytes);
        prop_assert!(bytes.len() <= 107);
        let written = bytes.len();
        bytes.extend(after);
        let Ok(Parsed::Whole { header, length }) = parse(&bytes) else { panic!("{bytes:?}") };
        prop_assert_eq!(length, written);
        let Header::Proxied { source: from, destination: to } = header else { panic!("own") };
        prop_assert_eq!(wide(from), wide(source));
        prop_assert_eq!(wide(to), wide(destination));
    }

    /// A verdict never changes with more bytes, and comes no later than the limit.
    #[test]
    fn cuts_do_not_matter(bytes in likely()) {
        let last = parse(&bytes);
        for end in 0..bytes.len() {
            match parse(&bytes[..end]) {
                Ok(Parsed::Partial) => {}
                verdict => prop_assert_eq!(verdict, last),
            }
        }
        match last {
            Ok(Parsed::Whole { length, .. }) => {
                prop_assert!(length <= bytes.len().min(HEADER_BYTES_MAX));
                prop_assert_eq!(parse(&bytes[..length - 1]), Ok(Parsed::Partial));
            }
            Ok(Parsed::Partial) => prop_assert!(bytes.len() < HEADER_BYTES_MAX),
            Err(_) => {}
        }
    }
}
