//! The response head as it goes to the client: the upstream's fields in their order and spelling,
//! less those of that hop, and what the gateway adds.

use std::time::{SystemTime, UNIX_EPOCH};

use tombolo_http1::{FieldId, Framing, Method, ResponseHead, Version, write};

use super::Scene;
use super::guard::Asked;
use super::journal::Journal;

/// How the body goes on, and what becomes of both connections after it.
pub(super) struct Plan {
    /// Framed as chunks towards the client.
    pub(super) chunked: bool,
    /// Ends with the client's connection: an HTTP/1.0 client and a body of unknown length.
    pub(super) until_close: bool,
    /// The client's connection can go on.
    pub(super) keep_alive: bool,
    /// The upstream keeps its connection.
    pub(super) upstream_keeps: bool,
}

/// What a head is composed from.
pub(super) struct Parts<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) asked: &'a Asked,
    pub(super) journal: &'a Journal,
    pub(super) response: &'a ResponseHead,
    /// The bytes the response head refers to.
    pub(super) head: &'a [u8],
    pub(super) server: &'a str,
    pub(super) cookie: Option<(&'a str, &'a str)>,
    /// The request went upstream whole.
    pub(super) sent: bool,
}

/// Writes a final response head into `out`.
pub(super) fn compose(parts: &Parts<'_>, out: &mut Vec<u8>) -> Plan {
    let Parts { scene, asked, journal, response, head, .. } = *parts;
    let incoming = response.framing();
    let (outgoing, until_close) = match incoming {
        Framing::Chunked | Framing::UntilClose if asked.version == Version::Http10 => {
            (Framing::None, true)
        }
        Framing::Chunked | Framing::UntilClose => (Framing::Chunked, false),
        Framing::Length(length) => (Framing::Length(length), false),
        Framing::None => (declared(asked, response), false),
    };
    let keep_alive =
        asked.keep_alive && parts.sent && !until_close && !scene.connection.is_leaving();
    out.clear();
    write::status_line(out, response.status(), response.reason().of(head));
    let mut dated = false;
    for field in response.forwardable(head) {
        match field.id {
            FieldId::XRequestId => continue,
            FieldId::XServedBy if scene.snapshot.served_by => continue,
            FieldId::Date => dated = true,
            _ => {}
        }
        write::field(out, field.name.of(head), field.value.of(head));
    }
    write::framing(out, outgoing);
    if !dated {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
        scene.connection.core.date.with(now, |date| write::field(out, b"Date", date));
    }
    write::field(out, b"Via", via(response));
    write::field(out, b"X-Request-Id", journal.request_id.as_bytes());
    if let Some(cache) = &journal.cache {
        cache.write_field(out);
    }
    if let Some(allowance) = &journal.allowance {
        allowance.write_fields(out);
    }
    if scene.snapshot.served_by {
        write::field(out, b"X-Served-By", parts.server.as_bytes());
    }
    if let Some((name, value)) = parts.cookie {
        out.extend_from_slice(b"Set-Cookie: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        out.extend_from_slice(value.as_bytes());
        if let Some(upstream) = scene.snapshot.upstreams.get(asked.upstream) {
            out.extend_from_slice(upstream.sticky_attributes.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
    if !keep_alive {
        write::field(out, b"Connection", b"close");
    } else if asked.version == Version::Http10 {
        write::field(out, b"Connection", b"keep-alive");
    }
    write::end(out);
    Plan {
        chunked: outgoing == Framing::Chunked,
        until_close,
        keep_alive,
        upstream_keeps: response.keep_alive() && incoming != Framing::UntilClose,
    }
}

/// The length that a response without a body declares for the body it leaves out: that of a GET
/// for HEAD and 304 (RFC 9110 section 8.6), none for 204.
fn declared(asked: &Asked, response: &ResponseHead) -> Framing {
    let speaks_of_get = asked.method == Method::Head || response.status() == 304;
    match response.declared_length() {
        Some(length) if speaks_of_get && response.status() != 204 => Framing::Length(length),
        _ => Framing::None,
    }
}

/// Writes an interim response head into `out`.
pub(super) fn interim(out: &mut Vec<u8>, response: &ResponseHead, head: &[u8]) {
    out.clear();
    write::status_line(out, response.status(), response.reason().of(head));
    for field in response.forwardable(head) {
        write::field(out, field.name.of(head), field.value.of(head));
    }
    write::end(out);
}

/// Writes a 101 head into `out`: the one response whose `Upgrade` is passed on.
pub(super) fn switching(
    out: &mut Vec<u8>,
    response: &ResponseHead,
    head: &[u8],
    journal: &Journal,
) {
    out.clear();
    write::status_line(out, 101, response.reason().of(head));
    for field in response.forwardable(head) {
        if field.id != FieldId::XRequestId {
            write::field(out, field.name.of(head), field.value.of(head));
        }
    }
    write::field(out, b"Via", via(response));
    write::field(out, b"X-Request-Id", journal.request_id.as_bytes());
    if let Some(allowance) = &journal.allowance {
        allowance.write_fields(out);
    }
    write::field(out, b"Connection", b"upgrade");
    if let Some(protocol) = response.field(FieldId::Upgrade) {
        write::field(out, b"Upgrade", protocol.of(head));
    }
    write::end(out);
}

fn via(response: &ResponseHead) -> &'static [u8] {
    match response.version() {
        Version::Http10 => b"1.0 tombolo",
        Version::Http11 => b"1.1 tombolo",
    }
}
