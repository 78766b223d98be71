//! The JSON form: one object a line, always with every field, in the order of the documentation.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use super::record::{Record, keep, kept};
use super::stamp::Stamp;
use super::{escape, number};

/// Appends the line of `record`.
pub(super) fn push(line: &mut Vec<u8>, stamp: &mut Stamp, record: &Record<'_>) {
    line.extend_from_slice(b"{\"time\":\"");
    stamp.push_rfc3339(line, record.unix_millis);
    line.push(b'"');
    text(line, b",\"request_id\":", record.request_id, keep::REQUEST_ID);
    line.extend_from_slice(b",\"client\":\"");
    client(line, record.client);
    line.push(b'"');
    text(line, b",\"method\":", record.method, keep::METHOD);
    text(line, b",\"scheme\":", record.scheme.as_bytes(), keep::OURS);
    text(line, b",\"host\":", record.host, keep::HOST);
    text(line, b",\"target\":", record.target, keep::TARGET);
    text(line, b",\"protocol\":", record.protocol.as_bytes(), keep::OURS);
    whole(line, b",\"status\":", record.status.into());
    whole(line, b",\"bytes_in\":", record.bytes_in);
    whole(line, b",\"bytes_out\":", record.bytes_out);
    millis(line, b",\"duration_ms\":", Some(record.duration_micros));
    millis(line, b",\"upstream_ms\":", record.upstream_micros);
    ours(line, b",\"backend\":", record.backend);
    whole(line, b",\"attempts\":", record.attempts.into());
    ours(line, b",\"cache\":", record.cache);
    text(line, b",\"user_agent\":", record.user_agent.unwrap_or_default(), keep::USER_AGENT);
    text(line, b",\"referer\":", record.referer.unwrap_or_default(), keep::REFERER);
    ours(line, b",\"error\":", record.error);
    ours(line, b",\"route\":", record.route);
    ours(line, b",\"upstream\":", record.upstream);
    millis(line, b",\"head_ms\":", record.head_micros);
    millis(line, b",\"queue_ms\":", record.queue_micros);
    millis(line, b",\"collapsed_ms\":", record.collapsed_micros);
    millis(line, b",\"connect_ms\":", record.connect_micros);
    millis(line, b",\"upload_ms\":", record.upload_micros);
    millis(line, b",\"first_byte_ms\":", record.first_byte_micros);
    millis(line, b",\"download_ms\":", record.download_micros);
    line.extend_from_slice(b"}\n");
}

fn whole(line: &mut Vec<u8>, name: &[u8], value: u64) {
    line.extend_from_slice(name);
    number::push(line, value);
}

fn millis(line: &mut Vec<u8>, name: &[u8], micros: Option<u64>) {
    line.extend_from_slice(name);
    match micros {
        Some(micros) => number::push_millis(line, micros),
        None => line.extend_from_slice(b"null"),
    }
}

fn ours(line: &mut Vec<u8>, name: &[u8], value: Option<&str>) {
    text(line, name, value.unwrap_or_default().as_bytes(), keep::OURS);
}

/// A string, or null if it is empty.
fn text(line: &mut Vec<u8>, name: &[u8], value: &[u8], limit: usize) {
    line.extend_from_slice(name);
    if value.is_empty() {
        line.extend_from_slice(b"null");
        return;
    }
    let (kept, cut) = kept(value, limit);
    line.push(b'"');
    escape::json(line, kept);
    if cut {
        line.extend_from_slice("…".as_bytes());
    }
    line.push(b'"');
}

/// Address and port. The common case is written by hand, the other by the standard library.
fn client(line: &mut Vec<u8>, client: SocketAddr) {
    match client.ip().to_canonical() {
        IpAddr::V4(ip) => {
            push_v4(line, ip);
            line.push(b':');
            number::push(line, client.port().into());
        }
        // Writing to a vector does not fail.
        IpAddr::V6(ip) => drop(write!(line, "[{ip}]:{}", client.port())),
    }
}

/// Appends an IPv4 address with its dots.
pub(super) fn push_v4(line: &mut Vec<u8>, ip: std::net::Ipv4Addr) {
    let [a, b, c, d] = ip.octets();
    number::push(line, a.into());
    for octet in [b, c, d] {
        line.push(b'.');
        number::push(line, octet.into());
    }
}
