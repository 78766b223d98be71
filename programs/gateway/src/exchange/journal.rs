//! Stage 10: what happened in an exchange, noted as it happens and logged once at its end.

use std::borrow::Cow;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tombolo_cache::cache_status::CacheStatus;
use tombolo_cache::storability::NotStored;
use tombolo_http1::{FieldId, Span, Version};

use super::Scene;
use super::request_id::RequestId;
use super::trace::Trace;
use crate::access_log::Record;
use crate::data_plane::Workspace;
use crate::metrics::{Exchange, Outcome};
use crate::rate_limit::Allowance;
use crate::recent::{FAILURES, Failed, Note, Reason};

/// What became of a request whose client left before it was answered (nginx's number for it; it
/// never goes over the wire).
const CLIENT_CLOSED: u16 = 499;

/// Notes on one exchange.
pub(crate) struct Journal {
    began: Option<Instant>,
    head_read: bool,
    unix_millis: u64,
    pub(super) request_id: RequestId,
    /// Index of the route in the configuration.
    pub(super) route: Option<usize>,
    /// Indexes of the upstream and the server that was tried last.
    pub(super) backend: Option<(usize, usize)>,
    pub(super) attempts: u32,
    pub(super) status: u16,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    upstream_began: Option<Instant>,
    upstream_micros: Option<u64>,
    pub(super) error: Option<Cow<'static, str>>,
    /// What the cache did; none where it has no part.
    pub(super) cache: Option<CacheStatus<'static>>,
    /// Why the cache did that, where its word does not say it.
    pub(super) reason: Option<Reason>,
    /// Why the answer was not stored.
    pub(super) not_stored: Option<NotStored>,
    /// What the answer tells of the route's rate limit; none: nothing.
    pub(super) allowance: Option<Allowance>,
    /// The trace that the request belongs to, where the gateway takes part in traces.
    pub(super) trace: Option<Trace>,
    /// Attempts that failed before the last one.
    failures: Vec<Failed>,
}

impl Journal {
    pub(super) fn new() -> Self {
        Self {
            began: None,
            head_read: false,
            unix_millis: 0,
            request_id: RequestId::NONE,
            route: None,
            backend: None,
            attempts: 0,
            status: 0,
            bytes_in: 0,
            bytes_out: 0,
            upstream_began: None,
            upstream_micros: None,
            error: None,
            cache: None,
            reason: None,
            not_stored: None,
            allowance: None,
            trace: None,
            failures: Vec::new(),
        }
    }

    /// The first byte of a request is there.
    pub(super) fn begin(&mut self) {
        if self.began.is_none() {
            self.began = Some(Instant::now());
        }
    }

    /// True once a request has begun: then it is logged.
    pub(super) fn has_begun(&self) -> bool {
        self.began.is_some()
    }

    /// The head is whole: from here on the log can say what was asked.
    pub(super) fn head_read(&mut self) {
        self.head_read = true;
    }

    /// Gives the request an id of its own.
    pub(super) fn identify(&mut self, random: &mut fastrand::Rng) {
        let millis = self.unix_millis();
        self.request_id.renew(millis, random);
    }

    /// About when the request came, by the wall clock: milliseconds since 1970. Asked of the
    /// clock once.
    pub(super) fn unix_millis(&mut self) -> u64 {
        if self.unix_millis == 0 {
            self.unix_millis = now_millis();
        }
        self.unix_millis
    }

    /// A server is being asked.
    pub(super) fn asks(&mut self, upstream: usize, server: usize) {
        self.backend = Some((upstream, server));
        self.attempts = self.attempts.saturating_add(1);
        self.upstream_began = Some(Instant::now());
    }

    /// The server that is being asked did not serve the request, and another attempt follows.
    #[cold]
    pub(super) fn failed(&mut self, outcome: Outcome, error: &str) {
        if self.failures.len() >= FAILURES {
            return;
        }
        self.failures.push(Failed {
            server: self.backend.map_or(usize::MAX, |(_, server)| server),
            outcome,
            began_micros: self.asked_micros().unwrap_or(0),
            micros: self.upstream_began.map_or(0, micros_since),
            error: error.to_owned(),
        });
    }

    /// From the first byte of the request to when the last server was asked.
    fn asked_micros(&self) -> Option<u64> {
        let asked = self.upstream_began?.saturating_duration_since(self.began?);
        Some(u64::try_from(asked.as_micros()).unwrap_or(u64::MAX))
    }

    /// The server's response head is there.
    pub(super) fn answered(&mut self) {
        self.upstream_micros = self.upstream_began.map(micros_since);
    }

    /// How long the last server has taken: to the head of its answer, or until now.
    pub(super) fn asked_for(&self) -> Option<u64> {
        self.upstream_micros.or_else(|| self.upstream_began.map(micros_since))
    }

    /// True once a server's response head is there.
    pub(super) fn is_answered(&self) -> bool {
        self.upstream_micros.is_some()
    }

    /// The exchange ends here, without a whole answer.
    pub(super) fn cut(&mut self, error: &'static str) {
        if self.status == 0 {
            self.status = CLIENT_CLOSED;
        }
        self.error.get_or_insert(Cow::Borrowed(error));
    }

    /// Counts the exchange, remembers it and writes its line.
    pub(super) fn log(&mut self, scene: &Scene<'_>, workspace: &Workspace) {
        let core = &scene.connection.core;
        let duration_micros = self.began.map_or(0, micros_since);
        let counted = Exchange {
            status: self.status,
            duration_micros,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            cache: self.cache.as_ref().map(CacheStatus::word),
        };
        core.metrics.record(&counted);
        scene.snapshot.routes.counts(self.route).record(core.index, &counted);
        core.recent.took(duration_micros);
        if core.recent.remembers() {
            self.remember(scene, workspace, duration_micros);
        }
        if core.has_log() {
            self.write_line(scene, workspace, duration_micros);
        }
    }

    fn remember(&mut self, scene: &Scene<'_>, workspace: &Workspace, duration_micros: u64) {
        if self.unix_millis == 0 {
            // Nobody asked the clock yet: it is later now than when the request came.
            self.unix_millis = now_millis().saturating_sub(duration_micros / 1000);
        }
        let unix_millis = self.unix_millis;
        let request = &workspace.request;
        let head = if self.head_read { workspace.inbound.whole() } else { &[] };
        let note = Note {
            unix_millis,
            duration_micros,
            asked_micros: self.asked_micros(),
            upstream_micros: self.upstream_micros,
            status: self.status,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            route: self.route,
            backend: self.backend,
            attempts: self.attempts,
            client: scene.connection.client,
            is_http10: request.version() == Version::Http10,
            request_id: self.request_id.as_bytes(),
            method: request.method_span().of(head),
            host: request.authority().of(head),
            target: request.target().of(head),
            cache: self.cache.as_ref(),
            reason: self.reason,
            not_stored: self.not_stored,
            error: self.error.as_deref(),
            failures: &self.failures,
            traced: self.trace.as_ref().and_then(Trace::recorded),
        };
        scene.connection.core.recent.note(&note, &scene.snapshot.names);
    }

    fn write_line(&self, scene: &Scene<'_>, workspace: &Workspace, duration_micros: u64) {
        let core = &scene.connection.core;
        let request = &workspace.request;
        let head = if self.head_read { workspace.inbound.whole() } else { &[] };
        let of = |span: Span| span.of(head);
        let field = |id| if self.head_read { request.field(id).map(of) } else { None };
        let backend = self.backend.and_then(|(upstream, server)| {
            let server = scene.snapshot.upstreams.get(upstream)?.servers.get(server)?;
            Some(server.name.as_str())
        });
        let record = Record {
            unix_millis: now_millis(),
            request_id: self.request_id.as_bytes(),
            client: scene.connection.client,
            method: of(request.method_span()),
            scheme: "http",
            host: of(request.authority()),
            target: of(request.target()),
            protocol: match request.version() {
                Version::Http10 => "HTTP/1.0",
                Version::Http11 => "HTTP/1.1",
            },
            status: self.status,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            duration_micros,
            upstream_micros: self.upstream_micros,
            backend,
            attempts: self.attempts,
            cache: self.cache.as_ref().map(CacheStatus::word),
            user_agent: field(FieldId::UserAgent),
            referer: field(FieldId::Referer),
            error: self.error.as_deref(),
        };
        core.log(|lane| lane.write(&record));
    }
}

fn now_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn micros_since(then: Instant) -> u64 {
    u64::try_from(then.elapsed().as_micros()).unwrap_or(u64::MAX)
}
