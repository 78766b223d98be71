//! Host and optional port (RFC 3986 section 3.2, without userinfo). Stricter than the grammar:
//! letters, digits and `-._~` or a bracketed IPv6 address; no percent-encoding, no list.

use std::net::Ipv6Addr;

use crate::limits::MAX_HOST_BYTES;

/// Whether `bytes` are one host with an optional port.
pub(crate) fn is_host(bytes: &[u8]) -> bool {
    split(bytes).is_some_and(|(host, port)| host_is_valid(host) && port.is_none_or(is_port))
}

/// Whether `bytes` are a host with a port, as CONNECT needs (RFC 9110 section 9.3.6).
pub(crate) fn is_host_with_port(bytes: &[u8]) -> bool {
    is_host(bytes) && split(bytes).is_some_and(|(_, port)| port.is_some())
}

/// Host and port; `None` if there is something behind a bracketed address that is no port.
fn split(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    if bytes.first() == Some(&b'[') {
        let (host, rest) = bytes.split_at_checked(bytes.iter().position(|&b| b == b']')? + 1)?;
        return match rest {
            [] => Some((host, None)),
            [b':', port @ ..] => Some((host, Some(port))),
            _ => None,
        };
    }
    Some(match bytes.iter().position(|&b| b == b':') {
        Some(colon) => (bytes.get(..colon)?, bytes.get(colon + 1..)),
        None => (bytes, None),
    })
}

fn host_is_valid(host: &[u8]) -> bool {
    match host {
        [] => false,
        [b'[', address @ .., b']'] => {
            std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        name => {
            name.len() <= MAX_HOST_BYTES
                && name.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(b))
        }
    }
}

fn is_port(port: &[u8]) -> bool {
    let digits = (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
    digits && port.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0')) <= 65535
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_21_hosts() {
        for good in ["a", "example.org", "a_b:80", "127.0.0.1:8080", "[::1]", "[::1]:80", "A~"] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a, b",
            "a b",
            "user@a",
            "a/b",
            "a:",
            "a:b",
            "a:80:80",
            "a:65536",
            "a:-1",
            "a:+80",
            "[::1",
            "[::1]x",
            "[::g]",
            "[fe80::1%25eth0]",
            "::1",
            "a%2eb",
            "a\\b",
            "a?b",
            "a:000080",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
        assert!(!is_host(&[b'a'; 256]));
        assert!(is_host_with_port(b"a:443") && !is_host_with_port(b"a"));
    }
}
