//! The request head as it goes upstream: the client's fields in their order and spelling, less
//! those of this hop, and what the gateway adds.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

use tombolo_cache::conditional::CONDITIONS;
use tombolo_daemon::config::ForwardPath;
use tombolo_http1::{FieldId, Method, RequestHead, TargetForm, Version, write};

use super::Scene;
use super::guard::{Asked, max_forwards};
use super::journal::Journal;
use super::trace;
use crate::data_plane::Workspace;
use crate::upstream::Upstream;

/// Conditions and a range that the cache asks by, in place of the client's. Empty: not sent.
#[derive(Default)]
pub(super) struct Conditions {
    pub(super) if_none_match: Vec<u8>,
    pub(super) if_modified_since: Vec<u8>,
    pub(super) range: Vec<u8>,
    pub(super) if_range: Vec<u8>,
}

impl Conditions {
    fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in [
            (&b"If-None-Match"[..], &self.if_none_match),
            (b"If-Modified-Since", &self.if_modified_since),
            (b"Range", &self.range),
            (b"If-Range", &self.if_range),
        ] {
            if !value.is_empty() {
                write::field(out, name, value);
            }
        }
    }
}

/// Writes the head into `workspace.onward`. The same bytes serve every attempt.
pub(super) fn compose(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    asked: &Asked,
    journal: &Journal,
    upstream: &Upstream,
    conditions: Option<&Conditions>,
) {
    let Workspace { inbound, request, onward, .. } = workspace;
    let head = inbound.whole();
    onward.clear();
    write::request_line(
        onward,
        request.method_span().of(head),
        &target(request, head, asked.forward_path),
    );
    let authority = request.authority().of(head);
    // HTTP/1.0 may leave the host out; the server's own name stands in for it.
    let fallback = upstream.servers.first().map_or("", |server| server.name.as_str());
    let host = if authority.is_empty() { fallback.as_bytes() } else { authority };
    write::field(onward, b"Host", host);
    let mut forwarded_for = None;
    let mut forwarded = None;
    for field in request.forwardable(head) {
        match field.id {
            FieldId::XForwardedFor => {
                append(&mut forwarded_for, field.value.of(head));
                continue;
            }
            FieldId::Forwarded => {
                append(&mut forwarded, field.value.of(head));
                continue;
            }
            FieldId::XForwardedProto | FieldId::XForwardedHost if !asked.trusted => continue,
            FieldId::XRequestId => continue,
            _ if journal.trace.is_some() && trace::is_field(field.name.of(head)) => continue,
            id if conditions.is_some() && CONDITIONS.contains(id) => continue,
            FieldId::MaxForwards if request.method() == Method::Options => {
                if let Some(left) = max_forwards(request, head) {
                    onward.extend_from_slice(b"Max-Forwards: ");
                    write::number(onward, u64::from(left.saturating_sub(1)));
                    onward.extend_from_slice(b"\r\n");
                }
                continue;
            }
            _ => {}
        }
        write::field(onward, field.name.of(head), field.value.of(head));
    }
    if let Some(conditions) = conditions {
        conditions.write(onward);
    }
    write::framing(onward, asked.framing);
    let said = |id| asked.trusted && request.field(id).is_some();
    add_forwarding(onward, scene.connection.client, host, forwarded_for, forwarded);
    if !said(FieldId::XForwardedProto) {
        write::field(onward, b"X-Forwarded-Proto", b"http");
    }
    if !said(FieldId::XForwardedHost) {
        write::field(onward, b"X-Forwarded-Host", host);
    }
    let via: &[u8] = match request.version() {
        Version::Http10 => b"1.0 tombolo",
        Version::Http11 => b"1.1 tombolo",
    };
    write::field(onward, b"Via", via);
    write::field(onward, b"X-Request-Id", journal.request_id.as_bytes());
    if let Some(trace) = &journal.trace {
        trace.write(request, head, onward);
    }
    add_connection(onward, request, head, asked);
    write::end(onward);
}

/// What is said to the next hop about this connection alone.
fn add_connection(onward: &mut Vec<u8>, request: &RequestHead, head: &[u8], asked: &Asked) {
    if let Some(protocol) = request.upgrade() {
        write::field(onward, b"Connection", b"upgrade");
        write::field(onward, b"Upgrade", protocol.of(head));
    } else if asked.accepts_trailers {
        write::field(onward, b"Connection", b"TE");
        write::field(onward, b"TE", b"trailers");
    }
}

/// The target in origin form (RFC 9112 section 3.2).
fn target<'h>(
    request: &'h RequestHead,
    head: &'h [u8],
    forward_path: ForwardPath,
) -> Cow<'h, [u8]> {
    let target = match forward_path {
        ForwardPath::Resolved => request.resolved_path(head),
        ForwardPath::AsSent => request.path_and_query().of(head),
        // `*` and an empty path of OPTIONS are no paths.
        ForwardPath::Normal if request.path_and_query().of(head).starts_with(b"/") => {
            request.normal_path(head)
        }
        ForwardPath::Normal => request.path_and_query().of(head),
    };
    match (request.form(), target) {
        (TargetForm::Asterisk, _) => Cow::Borrowed(b"*"),
        (_, [b'/', ..]) => Cow::Borrowed(target),
        (TargetForm::Absolute, []) if request.method() == Method::Options => Cow::Borrowed(b"*"),
        // An absolute form may leave the path out: "http://host?query".
        (_, query) => Cow::Owned([b"/", query].concat()),
    }
}

/// Joins the values of a field that was sent more than once. Most requests have none and pay
/// nothing.
fn append(list: &mut Option<Vec<u8>>, value: &[u8]) {
    let list = list.get_or_insert_default();
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(value);
}

/// `X-Forwarded-For` and `Forwarded` (RFC 7239), with this client at their end.
fn add_forwarding(
    onward: &mut Vec<u8>,
    client: SocketAddr,
    host: &[u8],
    forwarded_for: Option<Vec<u8>>,
    forwarded: Option<Vec<u8>>,
) {
    let so_far = |onward: &mut Vec<u8>, list: Option<Vec<u8>>| {
        if let Some(list) = list.filter(|list| !list.is_empty()) {
            onward.extend_from_slice(&list);
            onward.extend_from_slice(b", ");
        }
    };
    onward.extend_from_slice(b"X-Forwarded-For: ");
    so_far(onward, forwarded_for);
    address(onward, client.ip());
    onward.extend_from_slice(b"\r\nForwarded: ");
    so_far(onward, forwarded);
    onward.extend_from_slice(b"for=");
    if client.is_ipv6() {
        onward.extend_from_slice(b"\"[");
        address(onward, client.ip());
        onward.extend_from_slice(b"]\"");
    } else {
        address(onward, client.ip());
    }
    onward.extend_from_slice(b";host=\"");
    for byte in host {
        if matches!(byte, b'"' | b'\\') {
            onward.push(b'\\');
        }
        onward.push(*byte);
    }
    onward.extend_from_slice(b"\";proto=http\r\n");
}

/// An IP address in its usual form.
fn address(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            for (index, octet) in [a, b, c, d].into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                write::number(out, u64::from(octet));
            }
        }
        // Writing to a Vec cannot fail.
        IpAddr::V6(ip) => drop(write!(out, "{ip}")),
    }
}
