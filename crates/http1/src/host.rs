//! Host and optional port (RFC 3986 section 3.2, without userinfo). Stricter than the grammar:
//! letters, digits and `-._~` or a bracketed IPv6 address; no percent-encoding, no list.

use std::net::Ipv6Addr;

use crate::limits::MAX_HOST_BYTES;

/// Whether `bytes` are one host with an optional port.
pub(crate) fn is_host(bytes: &[u8]) -> bool {
    split(bytes).is_some_and(|(_, port)| port.is_none_or(is_port))
}

/// Whether `bytes` are a host with a port, as CONNECT needs (RFC 9110 section 9.3.6).
pub(crate) fn is_host_with_port(bytes: &[u8]) -> bool {
    split(bytes).is_some_and(|(_, port)| port.is_some_and(is_port))
}

/// Host and port, the host being well-formed. `None` if it is not, or if what follows it is no
/// port.
fn split(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let length = match bytes {
        [b'[', rest @ ..] => address_length(rest)? + 2,
        name => name.iter().take_while(|&&byte| is_name_byte(byte)).count(),
    };
    let (host, rest) = bytes.split_at_checked(length)?;
    if host.is_empty() || host.len() > MAX_HOST_BYTES {
        return None;
    }
    match rest {
        [] => Some((host, None)),
        [b':', port @ ..] => Some((host, Some(port))),
        _ => None,
    }
}

/// Length of the IPv6 address before the closing bracket.
fn address_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.iter().position(|&b| b == b']')?;
    let address = std::str::from_utf8(bytes.get(..length)?).ok()?;
    address.parse::<Ipv6Addr>().ok().map(|_| length)
}

/// Bytes of a host name, a bit each.
const NAME_BYTES: u128 = {
    let mut bits = 0;
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            bits |= 1 << byte;
        }
        byte += 1;
    }
    bits
};

#[inline]
fn is_name_byte(byte: u8) -> bool {
    byte < 128 && NAME_BYTES >> byte & 1 == 1
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
        assert!(is_host(&[b'a'; 255]) && !is_host(&[b'a'; 256]));
        assert!(!is_host(b"a\x80") && !is_host(b"a\xe1b"));
        assert!(is_host_with_port(b"a:443") && !is_host_with_port(b"a"));
    }
}
