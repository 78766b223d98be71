//! The Common Log Format, and the same followed by referer and user agent (combined), which every
//! log analyser reads. Lines are plain ASCII.

use std::io::Write;
use std::net::IpAddr;

use super::record::{Record, keep, kept};
use super::stamp::Stamp;
use super::{escape, json, number};

/// Appends the line of `record` in the common form.
pub(super) fn push_common(line: &mut Vec<u8>, stamp: &mut Stamp, record: &Record<'_>) {
    common(line, stamp, record);
    line.push(b'\n');
}

/// Appends the line of `record` in the combined form.
pub(super) fn push_combined(line: &mut Vec<u8>, stamp: &mut Stamp, record: &Record<'_>) {
    common(line, stamp, record);
    quoted(line, record.referer, keep::REFERER);
    quoted(line, record.user_agent, keep::USER_AGENT);
    line.push(b'\n');
}

/// Client, two fields nobody fills, time, request line, status, bytes sent.
fn common(line: &mut Vec<u8>, stamp: &mut Stamp, record: &Record<'_>) {
    match record.client.ip().to_canonical() {
        IpAddr::V4(ip) => json::push_v4(line, ip),
        // Writing to a vector does not fail.
        IpAddr::V6(ip) => drop(write!(line, "{ip}")),
    }
    line.extend_from_slice(b" - - [");
    stamp.push_common(line, record.unix_millis);
    line.extend_from_slice(b"] \"");
    request_line(line, record);
    line.extend_from_slice(b"\" ");
    number::push(line, record.status.into());
    line.push(b' ');
    number::push(line, record.bytes_out);
}

/// Method, target and protocol; `-` if the request had no readable line.
fn request_line(line: &mut Vec<u8>, record: &Record<'_>) {
    if record.method.is_empty() && record.target.is_empty() {
        line.push(b'-');
        return;
    }
    for (value, limit) in [(record.method, keep::METHOD), (record.target, keep::TARGET)] {
        let (kept, cut) = kept(value, limit);
        escape::bare(line, kept);
        if value.is_empty() {
            line.push(b'-');
        } else if cut {
            line.extend_from_slice(b"...");
        }
        line.push(b' ');
    }
    escape::bare(line, record.protocol.as_bytes());
}

/// A field in quotation marks; `-` if absent.
fn quoted(line: &mut Vec<u8>, value: Option<&[u8]>, limit: usize) {
    line.extend_from_slice(b" \"");
    match value.filter(|value| !value.is_empty()) {
        None => line.push(b'-'),
        Some(value) => {
            let (kept, cut) = kept(value, limit);
            escape::quoted(line, kept);
            if cut {
                line.extend_from_slice(b"...");
            }
        }
    }
    line.push(b'"');
}
