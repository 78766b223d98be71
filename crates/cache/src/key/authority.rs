//! Host and port in their one form (RFC 3986 section 6.2.2.1, RFC 9110 section 4.2.3).

use tombolo_http1::{normal, write};

use super::Scheme;

/// Appends `authority` with its host in normal form ([`normal`]), its port without leading zeros,
/// and without the port that `scheme` implies. An authority that has no readable port is all host.
pub fn write_authority(scheme: Scheme, authority: &[u8], out: &mut Vec<u8>) {
    let (host, port) = normal::split_port(authority);
    normal::write_host(host, out);
    if let Some(port) = port.map(u32::from)
        && port != scheme.port()
    {
        out.push(b':');
        write::number(out, u64::from(port));
    }
}
