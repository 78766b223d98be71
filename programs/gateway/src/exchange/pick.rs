//! Stage 6: which server of the upstream, and which one after it.

use std::net::IpAddr;

use tombolo_balance::{Ask, Tried, hash_key};
use tombolo_daemon::config::HashKey;
use tombolo_http1::{FieldId, RequestHead};

use super::Scene;
use crate::data_plane::Workspace;
use crate::upstream::{Upstream, client_hash};

/// The servers of one request, one after the other, each at most once.
pub(super) struct Picker<'u> {
    upstream: &'u Upstream,
    tried: Tried,
    hash: Option<u64>,
    /// The server the client's cookie names.
    pub(super) preferred: Option<usize>,
}

impl<'u> Picker<'u> {
    pub(super) fn new(scene: &Scene<'_>, workspace: &Workspace, upstream: &'u Upstream) -> Self {
        let head = workspace.inbound.whole();
        let client = scene.connection.client.ip();
        let Leaning { hash, preferred } = Leaning::of(upstream, &workspace.request, head, client);
        Self { upstream, tried: Tried::default(), hash, preferred }
    }

    /// The next server to try; none when all were.
    pub(super) fn next(&self, scene: &Scene<'_>) -> Option<usize> {
        let random = scene.connection.core.random.borrow_mut().u64(..);
        self.upstream.balancer.pick(&Ask {
            tried: &self.tried,
            random,
            hash: self.hash,
            preferred: self.preferred,
        })
    }

    /// Whether a server beside `index` that the request has not been to is up.
    pub(super) fn has_another(&self, index: usize) -> bool {
        self.upstream.servers.iter().enumerate().any(|(other, server)| {
            other != index && !self.tried.contains(other) && server.health.is_open()
        })
    }

    /// Notes that a server could not serve the request.
    pub(super) fn failed(&mut self, server: usize) {
        self.tried.insert(server);
    }
}

/// What in a request leans it towards a server.
pub(super) struct Leaning {
    /// Of its key, where the policy is by key.
    pub(super) hash: Option<u64>,
    /// The server the client's cookie names.
    pub(super) preferred: Option<usize>,
}

impl Leaning {
    pub(super) fn of(
        upstream: &Upstream,
        request: &RequestHead,
        head: &[u8],
        client: IpAddr,
    ) -> Self {
        let hash = upstream.hash_on.as_ref().and_then(|key| match key {
            HashKey::Path => {
                let path = request.path_and_query().of(head);
                let end = memchr::memchr(b'?', path).unwrap_or(path.len());
                Some(hash_key(path.get(..end).unwrap_or_default()))
            }
            HashKey::Header(name) => named(request, head, name.as_bytes()).map(hash_key),
            HashKey::Cookie(name) => cookie(request, head, name.as_bytes()).map(hash_key),
            HashKey::Client => Some(client_hash(client)),
        });
        let preferred = upstream.sticky.as_ref().and_then(|sticky| {
            upstream.balancer.sticky(cookie(request, head, sticky.cookie.as_bytes())?)
        });
        Self { hash, preferred }
    }
}

fn named<'h>(request: &RequestHead, head: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    let field =
        request.fields().iter().find(|field| field.name.of(head).eq_ignore_ascii_case(name))?;
    Some(field.value.of(head))
}

/// The value of a cookie (RFC 6265 section 4.2.1).
pub(super) fn cookie<'h>(request: &RequestHead, head: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    request
        .fields()
        .iter()
        .filter(|field| field.id == FieldId::Cookie)
        .flat_map(|field| field.value.of(head).split(|byte| *byte == b';'))
        .find_map(|pair| pair.trim_ascii().strip_prefix(name)?.strip_prefix(b"="))
}
