//! The head of a response from an upstream. Owns the order of the checks; refuses policy.

use std::mem::MaybeUninit;

use crate::error::Fault;
use crate::framing::{self, Framing};
use crate::limits::MAX_FIELDS;
use crate::scan::Scan;
use crate::section::{Section, diagnose, fault_of};
use crate::version::{Unusual, unusual};
use crate::{Field, FieldId, FieldSet, HeadLimits, Method, ResponseError, Span, Version};

/// Bytes of `HTTP/1.1 200`, the part of a status line that must be there.
const STATUS_END: usize = 12;

/// A response head (RFC 9112 sections 2 and 4). Reusable like [`RequestHead`](crate::RequestHead).
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    scan: Scan,
    section: Section,
    status: u16,
    reason: Span,
    is_http10: bool,
    framing: Framing,
    declared_length: Option<u64>,
}

impl ResponseHead {
    /// An empty head.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tries to read one head from the start of `buf`, the answer to a request with
    /// `request_method`. Answers and resumes like
    /// [`RequestHead::parse`](crate::RequestHead::parse).
    ///
    /// # Errors
    /// Whatever makes the response malformed, ambiguous or larger than `limits`; the head is
    /// empty afterwards.
    pub fn parse(
        &mut self,
        buf: &[u8],
        limits: &HeadLimits,
        request_method: Method,
    ) -> Result<Option<usize>, ResponseError> {
        let outcome = self.try_parse(buf, limits, request_method);
        match outcome {
            Ok(None) => {}
            Ok(Some(_)) => self.scan = Scan::default(),
            Err(_) => self.reset(),
        }
        outcome.map_err(ResponseError)
    }

    fn try_parse(
        &mut self,
        buf: &[u8],
        limits: &HeadLimits,
        method: Method,
    ) -> Result<Option<usize>, Fault> {
        let allowed = buf.get(..limits.head_bytes).unwrap_or(buf);
        // Most heads arrive whole and are good: one pass. All others take the careful way.
        if self.scan.is_fresh()
            && let Ok(Some(taken)) = self.read(allowed, limits, method)
        {
            return Ok(Some(taken));
        }
        if self.scan.is_fresh() {
            self.reset();
        }
        let Some(end) = self.scan.advance(allowed, 0)? else {
            let full = allowed.len() >= limits.head_bytes;
            return if full { Err(Fault::HEAD_TOO_LARGE) } else { Ok(None) };
        };
        let head = allowed.get(..end).unwrap_or_default();
        match self.read(head, limits, method) {
            Err(Fault::VERSION) => self.read_other_version(head, limits, method),
            Err(Fault::FIELD_LINE) => Err(diagnose(head, self.scan.start_line_end)),
            outcome => outcome,
        }
    }

    /// Reads the head at the front of `buf`. `None`: it is not complete.
    fn read(
        &mut self,
        buf: &[u8],
        limits: &HeadLimits,
        method: Method,
    ) -> Result<Option<usize>, Fault> {
        let mut slots = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MAX_FIELDS];
        let slots = slots.get_mut(..limits.fields.min(MAX_FIELDS)).unwrap_or_default();
        let mut config = httparse::ParserConfig::default();
        config.allow_spaces_after_header_name_in_responses(true);
        let mut parsed = httparse::Response::new(&mut []);
        let head = match config.parse_response_with_uninit_headers(&mut parsed, buf, slots) {
            Ok(httparse::Status::Complete(taken)) => buf.get(..taken).unwrap_or_default(),
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(fault_of(error, Fault::STATUS_LINE)),
        };
        // httparse would skip empty lines; before a response they are stray bytes.
        if !head.starts_with(b"HTTP/") {
            return Err(Fault::STATUS_LINE);
        }
        self.status = parsed.code.unwrap_or_default();
        if self.status < 100 {
            return Err(Fault::STATUS_RANGE);
        }
        self.is_http10 = parsed.version == Some(0);
        let line_end = self.section.fill(head, parsed.headers)?;
        self.reason = Span::new((STATUS_END + 1).min(line_end), line_end);
        (self.framing, self.declared_length) =
            framing::of_response(&self.section, head, self.version(), self.status, method)?;
        Ok(Some(head.len()))
    }

    /// HTTP/1.2 to 1.9 are read as 1.1, by way of a copy that says so.
    #[cold]
    fn read_other_version(
        &mut self,
        head: &[u8],
        limits: &HeadLimits,
        method: Method,
    ) -> Result<Option<usize>, Fault> {
        match unusual(head.get(..8).unwrap_or_default()) {
            Unusual::OtherMajor => Err(Fault::MAJOR_VERSION),
            Unusual::Malformed => Err(Fault::VERSION),
            Unusual::LaterMinor => {
                let mut copy = head.to_vec();
                if let Some(minor) = copy.get_mut(7) {
                    *minor = b'1';
                }
                self.read(&copy, limits, method)
            }
        }
    }

    /// Forgets everything, progress through an unfinished head included.
    pub fn reset(&mut self) {
        let mut section = std::mem::take(&mut self.section);
        section.clear();
        *self = Self { section, ..Self::default() };
    }

    /// Status code, 100 to 999; 0 before a head was parsed.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Reason phrase as it was sent; may be empty.
    pub fn reason(&self) -> Span {
        self.reason
    }

    /// Protocol version of the sender.
    pub fn version(&self) -> Version {
        if self.is_http10 { Version::Http10 } else { Version::Http11 }
    }

    /// All fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.section.fields
    }

    /// Value of the first field known as `id`.
    #[inline]
    pub fn field(&self, id: FieldId) -> Option<Span> {
        self.section.value(id)
    }

    /// How the body that follows is framed, method and status considered (RFC 9112 section 6.3):
    /// answers to HEAD, 1xx, 204 and 304 have none.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Content-Length as it was declared, also where no content follows: HEAD and 304 answers
    /// pass it on.
    pub fn declared_length(&self) -> Option<u64> {
        self.declared_length
    }

    /// Whether the upstream would keep the connection (RFC 9112 section 9.3); never with
    /// [`Framing::UntilClose`].
    pub fn keep_alive(&self) -> bool {
        self.framing != Framing::UntilClose && self.section.keep_alive(self.version())
    }

    /// Whether another head will follow: any 1xx, known or not, except 101 (RFC 9110 section
    /// 15.2).
    pub fn is_interim(&self) -> bool {
        self.status != 101 && (100..200).contains(&self.status)
    }

    /// The fields to send on, in order, without hop-by-hop, Connection-nominated and framing
    /// fields.
    pub fn forwardable<'h>(&'h self, buf: &'h [u8]) -> impl Iterator<Item = Field> + 'h {
        self.section.forwardable(buf, FieldSet::default())
    }
}

#[cfg(test)]
mod tests;
