//! Stage 10: what happened in an exchange, noted as it happens and logged once at its end.

mod stopwatch;

use std::borrow::Cow;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tombolo_cache::cache_status::{CacheStatus, Forward};
use tombolo_cache::storability::NotStored;
use tombolo_http1::{FieldId, Span, Version};

use super::Scene;
use super::request_id::RequestId;
use super::trace::Trace;
use crate::access_log::Record;
use crate::data_plane::Workspace;
use crate::metrics::{ErrorReason, Exchange, Outcome};
use crate::rate_limit::Allowance;
use crate::recent::{FAILURES, Failed, Note, Reason};
use crate::timing::{Phase, Spent};
use stopwatch::{Stopwatch, micros};

/// What became of a request whose client left before it was answered (nginx's number for it; it
/// never goes over the wire).
const CLIENT_CLOSED: u16 = 499;

/// Notes on one exchange.
pub(crate) struct Journal {
    watch: Stopwatch,
    head_read: bool,
    unix_millis: u64,
    pub(super) request_id: RequestId,
    /// Index of the route in the configuration.
    pub(super) route: Option<usize>,
    /// Index of the upstream that the request is for, once one is needed.
    pub(super) upstream: Option<usize>,
    /// Indexes of the upstream and the server that was tried last.
    pub(super) backend: Option<(usize, usize)>,
    pub(super) attempts: u32,
    pub(super) status: u16,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    upstream_began: Option<Instant>,
    upstream_micros: Option<u64>,
    /// From the whole request to the head of the answer, of the last attempt.
    first_byte_micros: Option<u64>,
    pub(super) error: Option<Cow<'static, str>>,
    /// The series that counts an answer of the gateway's own.
    pub(super) error_reason: Option<ErrorReason>,
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
            watch: Stopwatch::default(),
            head_read: false,
            unix_millis: 0,
            request_id: RequestId::NONE,
            route: None,
            upstream: None,
            backend: None,
            attempts: 0,
            status: 0,
            bytes_in: 0,
            bytes_out: 0,
            upstream_began: None,
            upstream_micros: None,
            first_byte_micros: None,
            error: None,
            error_reason: None,
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
        self.watch.begin();
    }

    /// True once a request has begun: then it is logged.
    pub(super) fn has_begun(&self) -> bool {
        self.watch.began().is_some()
    }

    /// The head is whole: from here on the log can say what was asked.
    pub(super) fn head_read(&mut self) {
        self.head_read = true;
        if self.watch.phase().is_some() {
            self.watch.leave(Instant::now());
        }
    }

    /// The head did not come in one piece: its rest is waited for.
    pub(super) fn waits_for_head(&mut self) {
        self.watch.waits_for_head();
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
        let now = Instant::now();
        self.upstream_began = Some(now);
        (self.upstream_micros, self.first_byte_micros) = (None, None);
        self.watch.enter(Phase::Connect, now);
    }

    /// There is a connection to the server. How long it took to make, if it is new.
    pub(super) fn connected(&mut self, is_new: bool, has_body: bool) -> Option<u64> {
        let next = if has_body { Phase::Upload } else { Phase::FirstByte };
        if !is_new {
            self.watch.rename(next);
            return None;
        }
        let now = Instant::now();
        let connecting = self.watch.leave(now);
        self.watch.enter(next, now);
        connecting.map(|(_, micros)| micros)
    }

    /// The last byte of the request body went to the server then; none: there is none, or it is
    /// still coming.
    pub(super) fn uploaded(&mut self, ended: Option<Instant>) {
        if let (Some(at), Some(Phase::Upload)) = (ended, self.watch.phase()) {
            self.watch.enter(Phase::FirstByte, at);
        }
    }

    /// The request waits, for a server with room or for what another request brings.
    pub(super) fn waits(&mut self, phase: Phase) {
        self.watch.enter(phase, Instant::now());
    }

    /// It waits no longer.
    pub(super) fn waited(&mut self) {
        self.watch.leave(Instant::now());
    }

    /// What is stored, or is coming in, is being sent to the client.
    pub(super) fn downloads(&mut self) {
        if self.watch.phase() != Some(Phase::Download) {
            self.watch.enter(Phase::Download, Instant::now());
        }
    }

    /// The server that is being asked did not serve the request, and another attempt follows.
    #[cold]
    pub(super) fn failed(&mut self, outcome: Outcome, error: &str) {
        let now = Instant::now();
        self.watch.leave(now);
        if self.failures.len() >= FAILURES {
            return;
        }
        self.failures.push(Failed {
            server: self.backend.map_or(usize::MAX, |(_, server)| server),
            outcome,
            began_micros: self.asked_micros().unwrap_or(0),
            micros: self
                .upstream_began
                .map_or(0, |began| micros(now.saturating_duration_since(began))),
            error: error.to_owned(),
        });
    }

    /// From the first byte of the request to when the last server was asked.
    fn asked_micros(&self) -> Option<u64> {
        Some(micros(self.upstream_began?.saturating_duration_since(self.watch.began()?)))
    }

    /// The server's response head is there.
    pub(super) fn answered(&mut self) {
        let now = Instant::now();
        self.upstream_micros =
            self.upstream_began.map(|began| micros(now.saturating_duration_since(began)));
        match self.watch.leave(now) {
            Some((Phase::FirstByte, micros)) => self.first_byte_micros = Some(micros),
            // It answered before the body was whole.
            _ => {
                self.watch.pass(Phase::FirstByte);
                self.first_byte_micros = Some(0);
            }
        }
        self.watch.enter(Phase::Download, now);
    }

    /// How long the last server took from the whole request to the head of its answer; none: it has
    /// not answered.
    pub(super) fn first_byte_micros(&self) -> Option<u64> {
        self.first_byte_micros
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
            self.error_reason = Some(ErrorReason::ClientLeft);
        }
        self.error.get_or_insert(Cow::Borrowed(error));
    }

    /// Counts the exchange, remembers it and writes its line.
    pub(super) fn log(&mut self, scene: &Scene<'_>, workspace: &Workspace) {
        let core = &scene.connection.core;
        let now = Instant::now();
        let began = self.watch.began().unwrap_or(now);
        let duration_micros = micros(now.saturating_duration_since(began));
        self.watch.leave(now);
        let spent = self.watch.spent();
        let counted = Exchange {
            status: self.status,
            duration_micros,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            cache: self.cache.as_ref().map(CacheStatus::word),
            error: self.error_reason.or_else(|| ErrorReason::of_server(self.status)),
        };
        core.metrics.record(&counted);
        scene.snapshot.routes.counts(self.route).record(core.index, &counted);
        core.recent.took(duration_micros);
        if core.recent.remembers() {
            self.remember(scene, workspace, duration_micros, spent);
        }
        if core.has_log() {
            self.write_line(scene, workspace, duration_micros, spent);
        }
    }

    fn remember(
        &mut self,
        scene: &Scene<'_>,
        workspace: &Workspace,
        duration_micros: u64,
        spent: Spent,
    ) {
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
            spent,
            status: self.status,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            route: self.route,
            upstream: self.upstream,
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
            varies_by: match &self.cache {
                Some(CacheStatus { fwd: Some(Forward::VaryMiss), .. }) => &workspace.varies_by,
                _ => &[],
            },
            error: self.error.as_deref(),
            failures: &self.failures,
            traced: self.trace.as_ref().and_then(Trace::recorded),
        };
        scene.connection.core.recent.note(&note, &scene.snapshot.names);
    }

    fn write_line(
        &self,
        scene: &Scene<'_>,
        workspace: &Workspace,
        duration_micros: u64,
        spent: Spent,
    ) {
        let core = &scene.connection.core;
        let request = &workspace.request;
        let head = if self.head_read { workspace.inbound.whole() } else { &[] };
        let of = |span: Span| span.of(head);
        let field = |id| if self.head_read { request.field(id).map(of) } else { None };
        let upstream = self.upstream.and_then(|upstream| scene.snapshot.upstreams.get(upstream));
        let backend = upstream
            .zip(self.backend)
            .and_then(|(upstream, (_, server))| Some(upstream.servers.get(server)?.name.as_str()));
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
            route: self.route.and_then(|route| scene.snapshot.names.route(route)),
            upstream: upstream.map(|upstream| upstream.name.as_str()),
            head_micros: spent.in_phase(Phase::Head),
            queue_micros: spent.in_phase(Phase::Queue),
            collapsed_micros: spent.in_phase(Phase::Collapsed),
            connect_micros: spent.in_phase(Phase::Connect),
            upload_micros: spent.in_phase(Phase::Upload),
            first_byte_micros: spent.in_phase(Phase::FirstByte),
            download_micros: spent.in_phase(Phase::Download),
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
    micros(then.elapsed())
}
