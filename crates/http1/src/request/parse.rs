//! Reads a request head. Owns the order of the checks, and the two ways through them: one pass
//! for heads that are whole and good, a resumable scan first for all others.

use std::mem::MaybeUninit;

use super::{Line, RequestHead};
use crate::error::Fault;
use crate::limits::{MAX_FIELDS, MAX_LEADING_CRLF, MAX_METHOD_BYTES, REQUEST_LINE_SLACK};
use crate::scan::{Scan, is_leading_crlf};
use crate::section::{diagnose, fault_of};
use crate::target::Target;
use crate::version::{Unusual, unusual};
use crate::{FieldId, HeadLimits, Method, RequestError, Span, Version, framing, host, upgrade};

impl RequestHead {
    /// Tries to read one head from the start of `buf`. `Ok(None)`: more bytes are needed.
    /// `Ok(Some(n))`: the head takes `n` bytes, its empty line and any skipped leading CRLF
    /// included.
    ///
    /// Between calls that answer `Ok(None)`, `buf` must only grow; bytes already scanned are
    /// not scanned again. A finished parse, an error or [`reset`](Self::reset) starts anew.
    ///
    /// # Errors
    /// Whatever makes the request malformed, ambiguous or larger than `limits`; answer with its
    /// status and close. Afterwards the head is empty, except for method and target if the
    /// request line could be taken apart: a log wants them.
    pub fn parse(
        &mut self,
        buf: &[u8],
        limits: &HeadLimits,
    ) -> Result<Option<usize>, RequestError> {
        let outcome = self.try_parse(buf, limits);
        if outcome.is_err() {
            let line_end = self.scan.start_line_end;
            let line = Line::salvage(buf, self.scan.start, line_end);
            self.reset();
            self.line = line;
        }
        if !matches!(outcome, Ok(None)) {
            self.scan = Scan::default();
        }
        outcome.map_err(RequestError)
    }

    fn try_parse(&mut self, buf: &[u8], limits: &HeadLimits) -> Result<Option<usize>, Fault> {
        let allowed = buf.get(..limits.head_bytes).unwrap_or(buf);
        // Most heads arrive whole and are good: one pass. All others take the careful way.
        if self.scan.is_fresh()
            && let Ok(Some(taken)) = self.read(allowed, limits)
        {
            return Ok(Some(taken));
        }
        if self.scan.is_fresh() {
            self.reset();
        }
        let Some(end) = self.scan.advance(allowed, MAX_LEADING_CRLF)? else {
            return self.check_unfinished(allowed, limits).map(|()| None);
        };
        let head = allowed.get(..end).unwrap_or_default();
        match self.read(head, limits) {
            Err(Fault::VERSION) => self.read_other_version(head, limits),
            Err(Fault::FIELD_LINE) => Err(diagnose(head, self.scan.start_line_end)),
            outcome => outcome,
        }
    }

    /// Refuses a head that can no longer fit, while it is still arriving.
    fn check_unfinished(&self, buf: &[u8], limits: &HeadLimits) -> Result<(), Fault> {
        let line_end = match self.scan.start_line_end {
            0 if buf.len() >= limits.head_bytes => return Err(Fault::TARGET_TOO_LONG),
            0 => self.scan.position,
            end => end,
        };
        let line_limit = limits.target_bytes.saturating_add(REQUEST_LINE_SLACK);
        if line_end.saturating_sub(self.scan.start) > line_limit {
            return Err(Fault::TARGET_TOO_LONG);
        }
        if buf.len() >= limits.head_bytes {
            return Err(Fault::HEAD_TOO_LARGE);
        }
        Ok(())
    }

    /// Reads the head at the front of `buf`: grammar, then target, then fields, then their
    /// meaning together. `None`: it is not complete.
    fn read(&mut self, buf: &[u8], limits: &HeadLimits) -> Result<Option<usize>, Fault> {
        let mut slots = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MAX_FIELDS];
        let slots = slots.get_mut(..limits.fields.min(MAX_FIELDS)).unwrap_or_default();
        let mut parsed = httparse::Request::new(&mut []);
        let head = match parsed.parse_with_uninit_headers(buf, slots) {
            Ok(httparse::Status::Complete(taken)) => buf.get(..taken).unwrap_or_default(),
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(fault_of(error, Fault::REQUEST_LINE)),
        };
        let method = parsed.method.unwrap_or_default().as_bytes();
        self.line = Line {
            method: Method::from_token(method),
            method_span: Span::within(head, method),
            target: Span::within(head, parsed.path.unwrap_or_default().as_bytes()),
            version: Version::from_minor(parsed.version),
        };
        if !is_leading_crlf(self.line.method_span.before(head)) {
            return Err(Fault::LEADING_LINES);
        }
        if method.len() > MAX_METHOD_BYTES {
            return Err(Fault::METHOD_TOO_LONG);
        }
        if self.line.target.len() > limits.target_bytes {
            return Err(Fault::TARGET_TOO_LONG);
        }
        self.target = Target::read(head, self.line.target, self.line.method)?;
        self.path.read_scanned(self.target.path(head), self.target.is_odd)?;
        self.section.fill(head, parsed.headers)?;
        self.framing = framing::of_request(&self.section, head, self.line.version)?;
        self.authority = self.read_authority(head)?;
        self.expects_continue = self.read_expectation(head)?;
        self.accepts_trailers = self.section.accepts_trailers(head);
        self.upgrade = self.read_upgrade(head);
        if self.line.method == Method::Trace && self.has_content() {
            return Err(Fault::TRACE_CONTENT);
        }
        Ok(Some(head.len()))
    }

    /// HTTP/1.2 to 1.9 are read as 1.1. httparse knows 1.0 and 1.1 only, so it is given a copy
    /// that says 1.1; offsets are the same. Rare enough for the copy not to matter.
    #[cold]
    fn read_other_version(
        &mut self,
        head: &[u8],
        limits: &HeadLimits,
    ) -> Result<Option<usize>, Fault> {
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
}

impl Line {
    /// What a refused request line says, if it has three parts; for logs only.
    #[cold]
    fn salvage(buf: &[u8], start: usize, end: usize) -> Self {
        let line = buf.get(start..end).unwrap_or_default();
        let mut parts = line.split(|&b| b == b' ');
        let (Some(method), Some(target), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Self::default();
        };
        Self {
            method: Method::from_token(method),
            method_span: Span::within(buf, method),
            target: Span::within(buf, target),
            version: Version::Http11,
        }
    }
}
