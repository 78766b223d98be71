//! The request head as it goes upstream: the client's fields in their order and spelling, less
//! those of this hop, and what the gateway adds.

use std::borrow::Cow;

use tombolo_cache::conditional::CONDITIONS;
use tombolo_cache::credentials::cookies;
use tombolo_cache::key::{QueryRule, write_authority};
use tombolo_daemon::config::ForwardPath;
use tombolo_http1::{FieldId, Method, RequestHead, TargetForm, Version, normal, write};

use super::Scene;
use super::forward::{Errand, KeyForm};
use super::forwarding::{self, is_forwarding};
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
    errand: Errand<'_>,
) {
    let Errand { conditions, key, .. } = errand;
    let Workspace { inbound, request, onward, .. } = workspace;
    let head = inbound.whole();
    onward.clear();
    write::request_line(
        onward,
        request.method_span().of(head),
        &target(request, head, asked.forward_path, key.map(|key| key.query)),
    );
    let authority = request.authority().of(head);
    // HTTP/1.0 may leave the host out; the server's own name stands in for it.
    let fallback = upstream.servers.first().map_or("", |server| server.host());
    let host = if authority.is_empty() { fallback.as_bytes() } else { authority };
    let host = &*host_of_key(host, key);
    write::field(onward, b"Host", host);
    let own_cookie = upstream.sticky.as_ref().map(|sticky| sticky.cookie.as_bytes());
    let stays =
        |cookie: &[u8]| own_cookie == Some(cookie) || scene.snapshot.hides(cookie, &upstream.name);
    let mut replaced = false;
    for field in request.forwardable(head) {
        match field.id {
            FieldId::XForwardedFor | FieldId::Forwarded if asked.trusted => continue,
            id if !asked.trusted && is_forwarding(id, field.name.of(head)) => {
                replaced = true;
                continue;
            }
            FieldId::XRequestId => continue,
            FieldId::XForwardedHost => {
                let told = host_of_key(field.value.of(head), key);
                write::field(onward, field.name.of(head), &told);
                continue;
            }
            FieldId::Cookie if cookies(field.value.of(head)).any(|(_, name)| stays(name)) => {
                write_cookies(onward, field.name.of(head), field.value.of(head), stays);
                continue;
            }
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
    forwarding::add(onward, scene, asked, (request, head), host);
    if replaced {
        forwarding::hint(scene.connection.client.ip());
    }
    sign(onward, asked, journal, (request, head));
}

/// Ends the head with what names this hop, the request and its trace.
fn sign(
    onward: &mut Vec<u8>,
    asked: &Asked,
    journal: &Journal,
    (request, head): (&RequestHead, &[u8]),
) {
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

/// A host as the cache's key has it, if the answer is for all who share one: a server that takes
/// `A.example.` for another host than `a.example` would answer all others with that one's page.
fn host_of_key<'h>(authority: &'h [u8], key: Option<KeyForm<'_>>) -> Cow<'h, [u8]> {
    let is_normal = matches!(normal::host(authority), Cow::Borrowed(host) if host == authority);
    let Some(key) = key.filter(|_| !is_normal) else { return Cow::Borrowed(authority) };
    let mut out = Vec::with_capacity(authority.len());
    write_authority(key.scheme, authority, &mut out);
    Cow::Owned(out)
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

/// The cookies but for those that stay here: the one that the gateway itself set, and those that are
/// another service's alone. No field where none is left.
fn write_cookies(onward: &mut Vec<u8>, name: &[u8], line: &[u8], stays: impl Fn(&[u8]) -> bool) {
    let start = onward.len();
    for (cookie, of_name) in cookies(line) {
        if stays(of_name) {
            continue;
        }
        if onward.len() == start {
            onward.extend_from_slice(name);
            onward.extend_from_slice(b": ");
        } else {
            onward.extend_from_slice(b"; ");
        }
        onward.extend_from_slice(cookie);
    }
    if onward.len() > start {
        onward.extend_from_slice(b"\r\n");
    }
}

/// The target in origin form (RFC 9112 section 3.2). With a rule of the cache's key, the query has
/// what the rule lets count: the answer is for all who share the key.
fn target<'h>(
    request: &'h RequestHead,
    head: &'h [u8],
    forward_path: ForwardPath,
    rule: Option<&QueryRule>,
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
    if let Some(rule) = rule.filter(|rule| **rule != QueryRule::Exact) {
        let mut out = Vec::with_capacity(target.len().saturating_add(1));
        if !target.starts_with(b"/") {
            out.push(b'/');
        }
        rule.write(target, &mut out);
        return Cow::Owned(out);
    }
    match (request.form(), target) {
        (TargetForm::Asterisk, _) => Cow::Borrowed(b"*"),
        (_, [b'/', ..]) => Cow::Borrowed(target),
        (TargetForm::Absolute, []) if request.method() == Method::Options => Cow::Borrowed(b"*"),
        // An absolute form may leave the path out: "http://host?query".
        (_, query) => Cow::Owned([b"/", query].concat()),
    }
}
