//! The head of a request: start line, fields, framing, and what the client asked of the
//! connection. Owns the order of the checks; refuses to decide routing or policy.

use std::mem::MaybeUninit;

use crate::error::Fault;
use crate::forward::REQUEST_ONLY;
use crate::framing::{self, Framing};
use crate::limits::{MAX_FIELDS, MAX_LEADING_CRLF, REQUEST_LINE_SLACK};
use crate::scan::Scan;
use crate::section::{Section, fault_of};
use crate::target::Target;
use crate::version::{Unusual, unusual};
use crate::{
    Field, FieldId, FieldSet, HeadLimits, Method, RequestError, Span, TargetForm, Version,
};
use crate::{host, upgrade};

/// A request head (RFC 9112 sections 2 to 3).
///
/// Reusable: [`parse`](Self::parse) refills it and keeps its allocation, so a connection's
/// second request allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    scan: Scan,
    section: Section,
    line: Line,
    target: Target,
    authority: Span,
    framing: Framing,
    expects_continue: bool,
    accepts_trailers: bool,
    upgrade: Option<Span>,
}

/// The request line.
#[derive(Clone, Copy, Debug)]
struct Line {
    method: Method,
    method_span: Span,
    target: Span,
    version: Version,
}

impl Default for Line {
    fn default() -> Self {
        let method_span = Span::default();
        Self { method: Method::Get, method_span, target: method_span, version: Version::Http11 }
    }
}

impl RequestHead {
    /// An empty head.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tries to read one head from the start of `buf`. `Ok(None)`: more bytes are needed.
    /// `Ok(Some(n))`: the head takes `n` bytes, its empty line and any skipped leading CRLF
    /// included.
    ///
    /// Between calls that answer `Ok(None)`, `buf` must only grow; bytes already scanned are
    /// not scanned again. A finished parse, an error or [`reset`](Self::reset) starts anew.
    ///
    /// # Errors
    /// Whatever makes the request malformed, ambiguous or larger than `limits`; answer with its
    /// status and close.
    pub fn parse(
        &mut self,
        buf: &[u8],
        limits: &HeadLimits,
    ) -> Result<Option<usize>, RequestError> {
        let outcome = self.try_parse(buf, limits);
        if !matches!(outcome, Ok(None)) {
            self.scan = Scan::default();
        }
        outcome.map_err(RequestError)
    }

    fn try_parse(&mut self, buf: &[u8], limits: &HeadLimits) -> Result<Option<usize>, Fault> {
        let allowed = buf.get(..limits.head_bytes).unwrap_or(buf);
        let Some(end) = self.scan.advance(allowed, MAX_LEADING_CRLF)? else {
            return self.check_unfinished(allowed, limits).map(|()| None);
        };
        let head = allowed.get(..end).unwrap_or_default();
        match self.read(head, limits) {
            Err(Fault::VERSION) => self.read_other_version(head, limits)?,
            outcome => outcome?,
        }
        Ok(Some(end))
    }

    /// Refuses a head that can no longer fit, while it is still arriving.
    fn check_unfinished(&self, buf: &[u8], limits: &HeadLimits) -> Result<(), Fault> {
        let in_line = self.scan.start_line_end == 0;
        let line_limit = limits.target_bytes.saturating_add(REQUEST_LINE_SLACK);
        if in_line && (buf.len() - self.scan.start > line_limit || buf.len() >= limits.head_bytes) {
            return Err(Fault::TARGET_TOO_LONG);
        }
        if buf.len() >= limits.head_bytes {
            return Err(Fault::HEAD_TOO_LARGE);
        }
        Ok(())
    }

    /// Reads a complete head: grammar, then target, then fields, then their meaning together.
    fn read(&mut self, head: &[u8], limits: &HeadLimits) -> Result<(), Fault> {
        let mut slots = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MAX_FIELDS];
        let slots = slots.get_mut(..limits.fields.min(MAX_FIELDS)).unwrap_or_default();
        let mut parsed = httparse::Request::new(&mut []);
        let end = self.scan.start_line_end;
        match parsed.parse_with_uninit_headers(head, slots) {
            Ok(httparse::Status::Complete(n)) if n == head.len() => {}
            Ok(_) => return Err(Fault::REQUEST_LINE),
            Err(error) => return Err(fault_of(error, head, end, Fault::REQUEST_LINE)),
        }
        let method = parsed.method.unwrap_or_default().as_bytes();
        self.line = Line {
            method: Method::from_token(method),
            method_span: Span::within(head, method),
            target: Span::within(head, parsed.path.unwrap_or_default().as_bytes()),
            version: Version::from_minor(parsed.version),
        };
        if self.line.target.len() > limits.target_bytes {
            return Err(Fault::TARGET_TOO_LONG);
        }
        self.target = Target::read(head, self.line.target, self.line.method)?;
        self.section.fill(head, parsed.headers)?;
        self.framing = framing::of_request(&self.section, head, self.line.version)?;
        self.authority = self.read_authority(head)?;
        self.expects_continue = self.read_expectation(head)?;
        self.accepts_trailers = self.section.accepts_trailers(head);
        self.upgrade = self.read_upgrade(head);
        if self.line.method == Method::Trace && self.has_content() {
            return Err(Fault::TRACE_CONTENT);
        }
        Ok(())
    }

    /// HTTP/1.2 to 1.9 are read as 1.1. httparse knows 1.0 and 1.1 only, so it is given a copy
    /// that says 1.1; offsets are the same. Rare enough for the copy not to matter.
    #[cold]
    fn read_other_version(&mut self, head: &[u8], limits: &HeadLimits) -> Result<(), Fault> {
        let end = self.scan.start_line_end;
        match unusual(head.get(end.saturating_sub(8)..end).unwrap_or_default()) {
            Unusual::OtherMajor => Err(Fault::MAJOR_VERSION),
            Unusual::Malformed => Err(Fault::VERSION),
            Unusual::LaterMinor => {
                let mut copy = head.to_vec();
                if let Some(minor) = copy.get_mut(end - 1) {
                    *minor = b'1';
                }
                self.read(&copy, limits)
            }
        }
    }

    /// The authority that counts (RFC 9112 sections 3.2 and 3.2.2).
    fn read_authority(&self, head: &[u8]) -> Result<Span, Fault> {
        let host = self.section.value(FieldId::Host);
        match host {
            Some(host) if !host::is_host(host.of(head)) => return Err(Fault::HOST_MALFORMED),
            None if self.line.version == Version::Http11 => return Err(Fault::HOST_MISSING),
            _ => {}
        }
        if self.target.authority.is_empty() {
            return Ok(host.unwrap_or_default());
        }
        Ok(self.target.authority)
    }

    /// Whether the client waits for 100 (RFC 9110 section 10.1.1). HTTP/1.0 cannot expect
    /// anything, and without content there is nothing to wait with.
    fn read_expectation(&self, head: &[u8]) -> Result<bool, Fault> {
        let Some(value) = self.section.value(FieldId::Expect) else { return Ok(false) };
        if self.line.version == Version::Http10 {
            return Ok(false);
        }
        if !value.of(head).eq_ignore_ascii_case(b"100-continue") {
            return Err(Fault::EXPECTATION);
        }
        Ok(self.has_content())
    }

    fn read_upgrade(&self, head: &[u8]) -> Option<Span> {
        let possible = self.section.options.upgrade
            && self.line.version == Version::Http11
            && !self.has_content();
        if possible { upgrade::offered(&self.section, head) } else { None }
    }

    /// Forgets everything, progress through an unfinished head included.
    pub fn reset(&mut self) {
        let mut section = std::mem::take(&mut self.section);
        section.clear();
        *self = Self { section, ..Self::default() };
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.line.method
    }

    /// The method as it was sent.
    pub fn method_span(&self) -> Span {
        self.line.method_span
    }

    /// The request target as it was sent.
    pub fn target(&self) -> Span {
        self.line.target
    }

    /// Form of the request target.
    pub fn form(&self) -> TargetForm {
        self.target.form
    }

    /// Path and query to send on in origin-form. Empty for an absolute-form target without a
    /// path (send `/`, or `*` for OPTIONS: RFC 9112 section 3.2.4) and for CONNECT.
    pub fn path_and_query(&self) -> Span {
        self.target.path_and_query
    }

    /// The authority that counts: the target's if it has one, else Host's value. Empty for an
    /// HTTP/1.0 request without either.
    pub fn authority(&self) -> Span {
        self.authority
    }

    /// Protocol version of the sender.
    pub fn version(&self) -> Version {
        self.line.version
    }

    /// All fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.section.fields
    }

    /// How the body is framed; never [`Framing::UntilClose`].
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the body has, or may turn out to have, bytes.
    pub fn has_content(&self) -> bool {
        !matches!(self.framing, Framing::None | Framing::Length(0))
    }

    /// Whether the client would keep the connection (RFC 9112 section 9.3).
    pub fn keep_alive(&self) -> bool {
        self.section.keep_alive(self.line.version)
    }

    /// Whether the client waits for 100 before it sends its content. True for HTTP/1.1 with
    /// exactly `Expect: 100-continue` and content to come.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// Protocols the client would switch to (RFC 9110 section 7.8): Connection nominates Upgrade,
    /// which is present once, in HTTP/1.1, without content. `h2c` is never reported.
    pub fn upgrade(&self) -> Option<Span> {
        self.upgrade
    }

    /// Whether the client takes trailers: `TE` lists `trailers` (RFC 9110 section 10.1.4).
    pub fn accepts_trailers(&self) -> bool {
        self.accepts_trailers
    }

    /// Value of the first field known as `id`.
    #[inline]
    pub fn field(&self, id: FieldId) -> Option<Span> {
        self.section.value(id)
    }

    /// The fields to send on, in order.
    ///
    /// Left out: hop-by-hop and Connection-nominated fields, Content-Length and
    /// Transfer-Encoding and Host (written anew), `Proxy`, names that fold onto known ones, and
    /// Expect unless [`expects_continue`](Self::expects_continue).
    pub fn forwardable<'h>(&'h self, buf: &'h [u8]) -> impl Iterator<Item = Field> + 'h {
        const WITHOUT_EXPECT: FieldSet = REQUEST_ONLY.and(FieldSet::of(&[FieldId::Expect]));
        let also = if self.expects_continue { REQUEST_ONLY } else { WITHOUT_EXPECT };
        self.section.forwardable(buf, also)
    }
}

#[cfg(test)]
mod tests;
