//! Host and port in one spelling (RFC 3986 section 6.2.2.1, RFC 9110 section 4.2.3).

use tombolo_http1::write;

use super::Scheme;

/// Appends `authority` with its host in lower case, its port without leading zeros, and without
/// the port that `scheme` implies. An authority that has no readable port is taken as it is.
pub fn write_authority(scheme: Scheme, authority: &[u8], out: &mut Vec<u8>) {
    let (host, port) = split_port(authority);
    let start = out.len();
    out.extend_from_slice(host);
    if let Some(written) = out.get_mut(start..) {
        written.make_ascii_lowercase();
    }
    if let Some(port) = port
        && port != scheme.port()
    {
        out.push(b':');
        write::number(out, u64::from(port));
    }
}

/// Host and port. The port is the digits after the last colon outside brackets.
fn split_port(authority: &[u8]) -> (&[u8], Option<u32>) {
    let digits = authority.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let Some((before, port)) = authority.split_at_checked(authority.len() - digits) else {
        return (authority, None);
    };
    let Some(host) = before.strip_suffix(b":") else { return (authority, None) };
    let is_plain = host.ends_with(b"]") || !host.contains(&b':');
    match std::str::from_utf8(port).ok().and_then(|port| port.parse().ok()) {
        Some(port) if is_plain => (host, Some(port)),
        None if is_plain && port.is_empty() => (host, None),
        _ => (authority, None),
    }
}
