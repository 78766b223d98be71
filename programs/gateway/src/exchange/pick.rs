//! Stage 6: which server of the upstream, and which one after it.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::Context;

use tombolo_balance::{Ask, Tried, hash_key};
use tombolo_daemon::config::HashKey;
use tombolo_http1::{FieldId, RequestHead};

use super::journal::Journal;
use super::refusal::Refusal;
use super::{Failure, Scene};
use crate::data_plane::{Workspace, has_left};
use crate::timing::Phase;
use crate::upstream::{Overload, Unserved, Upstream, Wants, client_hash, wait};

/// The servers of one request, one after the other, each at most once.
pub(super) struct Picker<'u> {
    upstream: &'u Arc<Upstream>,
    tried: Tried,
    hash: Option<u64>,
    /// The server the client's cookie names.
    pub(super) preferred: Option<usize>,
    /// Whether the request changes something.
    writes: bool,
}

impl<'u> Picker<'u> {
    pub(super) fn new(
        scene: &Scene<'_>,
        workspace: &Workspace,
        upstream: &'u Arc<Upstream>,
    ) -> Self {
        let head = workspace.inbound.whole();
        let client = scene.connection.client.ip();
        let Leaning { hash, preferred } = Leaning::of(upstream, &workspace.request, head, client);
        let writes = !workspace.request.method().is_safe();
        Self { upstream, tried: Tried::default(), hash, preferred, writes }
    }

    /// The next server to try; none when all were. Where servers have a limit, the place there is
    /// taken; while all are full the request waits for it, until the tick `deadline` at most.
    ///
    /// # Errors
    /// The queue is full, or the wait over; the client has left.
    pub(super) async fn next(
        &self,
        scene: &Scene<'_>,
        deadline: u64,
        journal: &mut Journal,
    ) -> Result<Option<usize>, Failure> {
        let server = self.pick(scene);
        if server.is_some() || !self.upstream.may_wait(&self.tried) {
            return Ok(server);
        }
        // Boxed: the size of a wait is nothing for those who need none.
        journal.waits(Phase::Queue);
        let waited = Box::pin(self.wait(scene, deadline)).await;
        journal.waited();
        waited.map(Some)
    }

    async fn wait(&self, scene: &Scene<'_>, deadline: u64) -> Result<usize, Failure> {
        // An errand of the gateway's own takes nobody's place in the queue.
        let Some(client) = scene.client else { return Err(Refusal::full(self.upstream).into()) };
        let left = deadline.saturating_sub(scene.connection.core.timers.now());
        let longest = self.upstream.limit.as_ref().map_or(0, |limit| limit.wait);
        let Self { hash, preferred, writes, .. } = *self;
        let wants = Wants { tried: self.tried.clone(), hash, preferred, writes };
        let ticks = longest.min(left);
        let has_left = |cx: &mut Context<'_>| has_left(client, cx);
        match wait(self.upstream, scene.connection, wants, ticks, has_left).await {
            Ok(server) => Ok(server),
            Err(Unserved::Overload(Overload::Full)) => Err(Refusal::full(self.upstream).into()),
            Err(Unserved::Overload(Overload::Late)) => Err(Refusal::waited(self.upstream).into()),
            Err(Unserved::Left) => {
                Err(Failure::Cut("the client left while it waited for a server"))
            }
        }
    }

    fn pick(&self, scene: &Scene<'_>) -> Option<usize> {
        let random = scene.connection.core.random.borrow_mut().u64(..);
        self.upstream.pick(&Ask {
            tried: &self.tried,
            random,
            hash: self.hash,
            preferred: self.preferred,
            writes: self.writes,
        })
    }

    /// Whether a server beside `index` that the request has not been to is up, and has room.
    pub(super) fn has_another(&self, index: usize) -> bool {
        self.upstream.servers.iter().enumerate().any(|(other, server)| {
            other != index
                && !self.tried.contains(other)
                && server.health.is_open()
                && self.upstream.has_room(other)
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
                let path = request.normal_path(head);
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
