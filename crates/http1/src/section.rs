//! The field section of a head: fields in order, and what was learnt about them in one pass.
//! Shared by requests and responses; refuses to know start lines.

use crate::connection::{ConnectionOptions, options};
use crate::error::Fault;
use crate::forward::Forwardable;
use crate::framing::is_token;
use crate::name::classify;
use crate::{Field, FieldId, FieldSet, Span, Version};

/// Fields that may be present once only, with the fault of the second.
fn repeated(id: FieldId) -> Option<Fault> {
    match id {
        FieldId::ContentLength => Some(Fault::LENGTH_TWICE),
        FieldId::TransferEncoding => Some(Fault::CODING_TWICE),
        FieldId::Host => Some(Fault::HOST_TWICE),
        FieldId::Expect => Some(Fault::EXPECTATION),
        _ => None,
    }
}

/// A parsed field section. Reused from message to message to keep its allocation.
#[derive(Clone, Default, Debug)]
pub(crate) struct Section {
    pub(crate) fields: Vec<Field>,
    pub(crate) present: FieldSet,
    pub(crate) options: ConnectionOptions,
}

impl Section {
    pub(crate) fn clear(&mut self) {
        self.fields.clear();
        self.present = FieldSet::default();
        self.options = ConnectionOptions::default();
    }

    /// Takes the fields httparse found in `head`, which ends with its empty line. Tells where the
    /// start line ends.
    ///
    /// httparse lets LF alone end a line. Names begin right behind the line before, so what
    /// precedes each of them, and the end of the head, show whether one did.
    pub(crate) fn fill(
        &mut self,
        head: &[u8],
        headers: &[httparse::Header<'_>],
    ) -> Result<usize, Fault> {
        self.clear();
        self.fields.reserve(headers.len());
        let body = head.strip_suffix(b"\r\n\r\n").ok_or(Fault::BARE_LF)?;
        for header in headers {
            let name = Span::within(head, header.name.as_bytes());
            if !name.before(head).ends_with(b"\r\n") {
                return Err(Fault::BARE_LF);
            }
            let id = classify(header.name.as_bytes());
            if self.present.add(id)
                && let Some(fault) = repeated(id)
            {
                return Err(fault);
            }
            if id == FieldId::Connection {
                self.options.note(header.value)?;
            }
            self.fields.push(Field { name, value: Span::within(head, header.value), id });
        }
        Ok(self.fields.first().map_or(body.len(), |first| first.name.start as usize - 2))
    }

    /// Value of the first field known as `id`.
    #[inline]
    pub(crate) fn value(&self, id: FieldId) -> Option<Span> {
        if !self.present.contains(id) {
            return None;
        }
        self.fields.iter().find(|field| field.id == id).map(|field| field.value)
    }

    /// Whether the sender would keep the connection (RFC 9112 section 9.3).
    #[inline]
    pub(crate) fn keep_alive(&self, version: Version) -> bool {
        !self.options.close && (version == Version::Http11 || self.options.keep_alive)
    }

    /// Whether `TE` lists `trailers` (RFC 9110 section 10.1.4).
    #[inline]
    pub(crate) fn accepts_trailers(&self, head: &[u8]) -> bool {
        self.present.contains(FieldId::Te)
            && self.fields.iter().filter(|field| field.id == FieldId::Te).any(|field| {
                options(field.value.of(head)).any(|coding| coding.eq_ignore_ascii_case(b"trailers"))
            })
    }

    /// The fields to pass on, without `also`.
    #[inline]
    pub(crate) fn forwardable<'h>(&'h self, buf: &'h [u8], also: FieldSet) -> Forwardable<'h> {
        Forwardable::new(self, buf, also)
    }
}

/// Finds what httparse objected to in a field section, for a reason a person can act on. The
/// start line of `head` ends at `line_end`.
#[cold]
pub(crate) fn diagnose(head: &[u8], line_end: usize) -> Fault {
    let section = head.get(line_end + 2..).unwrap_or_default();
    for (index, line) in section.split(|&b| b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.iter().position(|&b| b == b':') {
            _ if matches!(line, [b' ' | b'\t', ..]) && index == 0 => {
                return Fault::SPACE_AFTER_START_LINE;
            }
            _ if matches!(line, [b' ' | b'\t', ..]) => return Fault::FOLDED_LINE,
            _ if line.is_empty() => break,
            None => return Fault::NO_COLON,
            Some(colon) => {
                let name = line.get(..colon).unwrap_or_default();
                if matches!(name, [.., b' ' | b'\t']) {
                    return Fault::SPACE_BEFORE_COLON;
                }
                if !is_token(name) {
                    return Fault::FIELD_NAME;
                }
            }
        }
    }
    Fault::FIELD_VALUE
}

/// From httparse's objection to ours; `line` stands for one to the start line.
#[cold]
pub(crate) fn fault_of(error: httparse::Error, line: Fault) -> Fault {
    match error {
        httparse::Error::TooManyHeaders => Fault::TOO_MANY_FIELDS,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => Fault::FIELD_LINE,
        httparse::Error::Version => Fault::VERSION,
        httparse::Error::NewLine | httparse::Error::Status | httparse::Error::Token => line,
    }
}
