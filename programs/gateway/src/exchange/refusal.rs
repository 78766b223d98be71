//! The gateway's own answers: each tells the client what is wrong and the log why. Here is every
//! one of them with its status and its words; `refusal/response.rs` sends it.

mod response;

use std::borrow::Cow;

use tombolo_daemon::memory;
use tombolo_http1::{HeadLimits, OtherProtocol, RequestError};

use crate::control_plane::{Bounds, span};
use crate::metrics::ErrorReason;
use crate::upstream::{ConnectError, Upstream};
pub(super) use response::answer;

/// A request that the gateway answers itself.
pub(super) struct Refusal {
    status: u16,
    /// For the client: what is wrong and what to do. Says nothing of what lies behind.
    detail: Cow<'static, str>,
    /// For the log: why.
    cause: Cow<'static, str>,
    /// The series that counts it; none: only its class is counted.
    reason: Option<ErrorReason>,
    /// Seconds after which to ask again, if that is known.
    retry_after: Option<u64>,
    /// The connection cannot go on: where the next request begins is not known, or the client
    /// is not to be trusted with another.
    close: bool,
    /// Sent in place of an answer of HTTP, to a client that speaks another protocol.
    raw: Option<&'static [u8]>,
    /// What it still sends is not waited for: memory is short.
    at_once: bool,
}

/// What a client is told while all servers are full.
const TOO_BUSY: &str =
    "The service behind this gateway has more to do than it can just now. Try again in a moment.";

/// A fatal alert, `protocol_version` (RFC 8446 section 6.2).
const TLS_ALERT: &[u8] = &[0x15, 3, 1, 0, 2, 2, 70];

impl Refusal {
    fn new(
        status: u16,
        detail: impl Into<Cow<'static, str>>,
        cause: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (detail, cause) = (detail.into(), cause.into());
        Self {
            status,
            detail,
            cause,
            reason: None,
            retry_after: None,
            close: false,
            raw: None,
            at_once: false,
        }
    }

    fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The same, counted under what made it.
    fn counted(self, reason: ErrorReason) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// What the client is told.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Why, for the log.
    pub(super) fn cause(&self) -> &str {
        &self.cause
    }

    pub(super) fn bad_head(error: RequestError, limits: &HeadLimits) -> Self {
        let why = format!("{} ({})", error.reason(), error.rule());
        let HeadLimits { head_bytes, fields, target_bytes } = limits;
        let (cause, reason) = match error.status() {
            414 => (
                format!("{why}; limits.target_bytes of [gateway] is {target_bytes}"),
                Some(ErrorReason::TargetTooLong),
            ),
            431 => (
                format!(
                    "{why}; of [gateway], limits.head_bytes is {head_bytes} and limits.head_fields {fields}"
                ),
                Some(ErrorReason::HeadTooLarge),
            ),
            _ => (why.clone(), None),
        };
        Self { reason, ..Self::new(error.status(), why, cause).closing() }
    }

    /// The client does not speak HTTP/1.
    pub(super) fn other_protocol(other: OtherProtocol) -> Self {
        let what_to_do = match other {
            OtherProtocol::Tls => "use http://, or end TLS in front of the gateway",
            OtherProtocol::Http2 => "let the client speak HTTP/1.1",
            OtherProtocol::Ssh => "connections that are not HTTP need a [[tcp]]",
            OtherProtocol::Proxy => {
                "set proxy_protocol = true in [gateway], and list the proxy in trusted"
            }
        };
        let name = other.name();
        let status = if other == OtherProtocol::Http2 { 505 } else { 400 };
        let detail = format!("This port speaks plain HTTP/1.1, and what came is {name}.");
        let cause = format!("the client speaks {name} to a port for plain HTTP/1.1: {what_to_do}");
        let raw = (other == OtherProtocol::Tls).then_some(TLS_ALERT);
        Self { raw, ..Self::new(status, detail, cause).closing() }
    }

    pub(super) fn bad_body(reason: &'static str) -> Self {
        Self::new(400, reason, reason).closing()
    }

    /// `timeout` in ticks.
    pub(super) fn slow_head(timeout: u64) -> Self {
        let cause = format!(
            "the request head took longer than timeouts.head of [gateway] ({})",
            span(timeout)
        );
        Self::new(408, "The request was not complete in time.", cause)
            .counted(ErrorReason::SlowHead)
            .closing()
    }

    /// The memory for heads that come in pieces is used up.
    pub(super) fn too_many_half_heads() -> Self {
        let refusal = Self::new(
            503,
            "Too many requests are arriving piece by piece just now. Try again in a moment.",
            "limits.half_heads is reached: too many request heads have begun to come and are not whole, in all or of this client",
        );
        Self { at_once: true, ..refusal.counted(ErrorReason::HalfHeads).closing() }
    }

    /// The process has reached its bound of memory.
    pub(super) fn out_of_memory() -> Self {
        let refusal =
            Self::new(503, memory::DETAIL, memory::cause()).counted(ErrorReason::Memory).closing();
        Self { retry_after: Some(2), at_once: true, ..refusal }
    }

    /// The client's requests hold its share of the memory that requests may hold.
    pub(super) fn beyond_share() -> Self {
        let cause = format!(
            "the requests under way hold all the memory they may within the bound of the process ({}), and this client's hold its share",
            memory::in_words(memory::bound())
        );
        let detail =
            "Too many of your requests are under way. Let some of them end, and try again.";
        let refusal = Self::new(503, detail, cause).counted(ErrorReason::MemoryShare).closing();
        Self { retry_after: Some(2), at_once: true, ..refusal }
    }

    pub(super) fn slow_body(bounds: &Bounds) -> Self {
        let cause = format!(
            "no byte of the request body within timeouts.body_gap of {} ({})",
            bounds.written.body_gap,
            span(bounds.body_gap)
        );
        Self::new(408, "The body of the request stopped coming.", cause)
            .counted(ErrorReason::SlowBody)
            .closing()
    }

    pub(super) fn slow_rate(bounds: &Bounds) -> Self {
        let cause = format!(
            "the client sent the request body slower than limits.client_rate of {} ({} bytes in {})",
            bounds.written.client_rate,
            bounds.client_bytes,
            span(bounds.body_gap)
        );
        Self::new(408, "The body of the request came too slowly.", cause)
            .counted(ErrorReason::SlowRate)
            .closing()
    }

    pub(super) fn no_route() -> Self {
        Self::new(404, "Nothing is served at this address.", "no route matches the host and path")
    }

    pub(super) fn connect() -> Self {
        Self::new(
            501,
            "This server is a gateway to fixed services, not a proxy that connects to any host.",
            "CONNECT is not served",
        )
        .closing()
    }

    pub(super) fn trace() -> Self {
        Self::new(405, "TRACE is not served here.", "TRACE is not served")
    }

    /// An OPTIONS request whose `Max-Forwards` ends here (RFC 9110 section 7.6.2).
    pub(super) fn options() -> Self {
        Self::new(204, "", "")
    }

    /// Beyond these rate limits of the route, for so many seconds.
    pub(super) fn beyond(limits: &[String], seconds: u64) -> Self {
        let plural = if seconds == 1 { "" } else { "s" };
        let refusal = Self::new(
            429,
            format!("There were too many requests. Try again in {seconds} second{plural}."),
            format!("beyond rate_limit of the route ({})", limits.join("; ")),
        );
        Self { retry_after: Some(seconds), ..refusal.counted(ErrorReason::RateLimit) }
    }

    pub(super) fn body_too_large(bounds: &Bounds) -> Self {
        let limit = bounds.body_bytes;
        let cause = format!(
            "the request body is larger than limits.body_bytes of {} ({limit})",
            bounds.written.body_bytes
        );
        let detail = format!("The body is larger than the {limit} bytes allowed here.");
        Self::new(413, detail, cause).counted(ErrorReason::BodyTooLarge).closing()
    }

    pub(super) fn going_in_circles() -> Self {
        Self::new(
            508,
            "The request came back to this gateway again and again.",
            "a loop: an upstream leads back to this gateway (Via)",
        )
    }

    pub(super) fn no_server(error: &ConnectError, bounds: &Bounds) -> Self {
        match error {
            ConnectError::TimedOut(_) => {
                let place = bounds.written.connect;
                let cause =
                    format!("{error}: timeouts.connect of {place} is {}", span(bounds.connect));
                Self::late(cause, ErrorReason::ConnectTimeout)
            }
            _ => {
                let detail = "The service behind this gateway cannot be reached just now.";
                Self::new(502, detail, error.to_string()).counted(ErrorReason::Unreachable)
            }
        }
    }

    pub(super) fn no_descriptor(error: &ConnectError) -> Self {
        let cause = format!("{error}; raise LimitNOFILE= or lower [gateway.limits] connections");
        Self::new(503, "The gateway has too much to do just now.", cause)
            .counted(ErrorReason::Descriptors)
    }

    /// The answer did not begin in time: that for one attempt, or with `of_all` that for all of them.
    pub(super) fn no_first_byte(bounds: &Bounds, of_all: bool) -> Self {
        if of_all {
            let (place, total) = (bounds.written.total, span(bounds.total));
            let cause = format!(
                "no response from the upstream within timeouts.total of {place} ({total}), which all attempts have together"
            );
            return Self::late(cause, ErrorReason::Total);
        }
        let (place, time) = (bounds.written.first_byte, span(bounds.first_byte));
        let cause =
            format!("no response from the upstream within timeouts.first_byte of {place} ({time})");
        Self::late(cause, ErrorReason::FirstByte)
    }

    /// The server took nothing of the request body.
    pub(super) fn body_not_taken(bounds: &Bounds) -> Self {
        let (place, time) = (bounds.written.body_gap, span(bounds.body_gap));
        let cause = format!(
            "the upstream took nothing of the request body within timeouts.body_gap of {place} ({time})"
        );
        Self::late(cause, ErrorReason::BodyNotTaken)
    }

    /// The server was found to fail while its answer was awaited.
    pub(super) fn server_is_out() -> Self {
        let cause = "the server was found to fail before it answered";
        Self::late(cause, ErrorReason::ServerOut)
    }

    fn late(cause: impl Into<Cow<'static, str>>, reason: ErrorReason) -> Self {
        let detail = "The service behind this gateway did not answer in time.";
        Self::new(504, detail, cause).counted(reason)
    }

    pub(super) fn broken_upstream(cause: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            502,
            "The service behind this gateway gave no answer that could be passed on.",
            cause,
        )
        .counted(ErrorReason::BrokenAnswer)
    }

    /// Another server is asked instead, by this rule; sent if none can be.
    pub(super) fn answered_badly(status: u16, rule: &str) -> Self {
        let words = format!("the upstream answered {status}, and another server is asked: {rule}");
        Self::broken_upstream(words).counted(ErrorReason::Retried)
    }

    /// Only a stored answer is wanted (RFC 9111 section 5.2.1.7).
    pub(super) fn only_if_cached() -> Self {
        Self::new(
            504,
            "The request asks for a stored response only, and no stored response can answer it.",
            "only-if-cached, and no stored response can be used",
        )
        .counted(ErrorReason::OnlyIfCached)
    }

    /// True where the fault lies upstream: a stale answer may stand in (RFC 5861 section 4).
    pub(super) fn is_of_upstream(&self) -> bool {
        matches!(self.status, 502..=504)
    }

    pub(super) fn drained() -> Self {
        Self::new(
            503,
            "No server can take the request just now.",
            "the upstream is drained: an operator stopped new requests to it (tombolo undrain ends that)",
        )
        .counted(ErrorReason::Drained)
    }

    /// All servers have as much to do as they may, and as many wait as may.
    pub(super) fn full(upstream: &Upstream) -> Self {
        let most = upstream.limit.as_ref().map_or(0, |limit| limit.queue);
        let cause = format!(
            "every server is full (limit of the upstream), and so is the queue (limit.queue of {} is {most})",
            upstream.name
        );
        Self::new(503, TOO_BUSY, cause).counted(ErrorReason::QueueFull)
    }

    /// The same, and it has waited as long as it may.
    pub(super) fn waited(upstream: &Upstream) -> Self {
        let longest = upstream.limit.as_ref().map_or(0, |limit| limit.wait);
        let cause = format!(
            "every server was full (limit of the upstream) for as long as a request waits in the queue (limit.wait of {} is {})",
            upstream.name,
            span(longest)
        );
        Self::new(503, TOO_BUSY, cause).counted(ErrorReason::QueueWait)
    }

    pub(super) fn no_backend() -> Self {
        Self::new(
            503,
            "No server can take the request just now.",
            "the upstream has no server to try",
        )
        .counted(ErrorReason::NoServer)
    }
}
