//! Hosts (RFC 3986 sections 3.2.2 and 6.2.2.1).

use std::borrow::Cow;
use std::io::Write as _;
use std::net::Ipv6Addr;

/// The normal form of the host in `authority`, without its port.
///
/// Allocates only if the host is not in that form.
pub fn host(authority: &[u8]) -> Cow<'_, [u8]> {
    let (host, _) = split_port(authority);
    let host = without_dots(host);
    let is_normal = !host.iter().any(u8::is_ascii_uppercase) && !host.starts_with(b"[");
    if is_normal {
        return Cow::Borrowed(host);
    }
    let mut out = Vec::with_capacity(host.len());
    write_host(host, &mut out);
    if out == host { Cow::Borrowed(host) } else { Cow::Owned(out) }
}

/// Appends the normal form of `host`, which has no port.
pub fn write_host(host: &[u8], out: &mut Vec<u8>) {
    if let Some(ip) = ipv6(host) {
        // Writing to a Vec cannot fail.
        let _: std::io::Result<()> = write!(out, "[{ip}]");
        return;
    }
    let start = out.len();
    out.extend_from_slice(without_dots(host));
    if let Some(written) = out.get_mut(start..) {
        written.make_ascii_lowercase();
    }
}

/// Host and port of an authority. The port is the digits after the last colon outside brackets;
/// an authority that has no readable port is all host.
pub fn split_port(authority: &[u8]) -> (&[u8], Option<u16>) {
    let digits = authority.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let end = authority.len().saturating_sub(digits);
    let Some((before, port)) = authority.split_at_checked(end) else { return (authority, None) };
    let Some(host) = before.strip_suffix(b":") else { return (authority, None) };
    // The colons of an IPv6 address stand inside its brackets.
    if host.contains(&b':') && !host.ends_with(b"]") {
        return (authority, None);
    }
    let number = port.iter().try_fold(0_u16, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u16::from(digit.saturating_sub(b'0')))
    });
    match number {
        Some(_) if port.is_empty() => (host, None),
        Some(number) => (host, Some(number)),
        None => (authority, None),
    }
}

/// Without the dots that end a fully qualified name. A host of dots alone keeps one. What has a
/// colon is no name.
fn without_dots(mut host: &[u8]) -> &[u8] {
    if host.contains(&b':') {
        return host;
    }
    while let [rest @ .., b'.'] = host
        && !rest.is_empty()
    {
        host = rest;
    }
    host
}

fn ipv6(host: &[u8]) -> Option<Ipv6Addr> {
    let inner = host.strip_prefix(b"[")?.strip_suffix(b"]")?;
    std::str::from_utf8(inner).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(authority: &str) -> String {
        String::from_utf8(host(authority.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn rfc3986_6_2_2_1_one_form_of_a_host() {
        for same in
            ["example.org", "Example.ORG", "example.org.", "EXAMPLE.org.:80", "example.org:"]
        {
            assert_eq!(of(same), "example.org", "{same}");
        }
        for same in ["[::1]", "[0:0:0:0:0:0:0:1]:8080", "[::0001]"] {
            assert_eq!(of(same), "[::1]", "{same}");
        }
        for (odd, form) in [("", ""), (".", "."), ("..", "."), ("a..", "a"), ("A:b", "a:b")] {
            assert_eq!(of(odd), form);
        }
    }

    #[test]
    fn a_host_in_its_form_is_not_copied() {
        assert!(matches!(host(b"example.org.:80"), Cow::Borrowed(b"example.org")));
    }

    #[test]
    fn ports_are_numbers() {
        let port = |authority: &'static str| split_port(authority.as_bytes()).1;
        assert_eq!(port("a:080"), Some(80));
        assert_eq!(port("[::1]:443"), Some(443));
        for none in ["a", "a:", "[::1]", "::1", "a:65536", "a:b"] {
            assert_eq!(port(none), None, "{none}");
        }
    }
}
