//! Trailer sections (RFC 9110 section 6.5, RFC 9112 section 7.1.2): collected, checked, and
//! cleaned of everything that must not arrive after the content.

use crate::error::BodyError;
use crate::limits::MAX_FIELDS;
use crate::name::classify;
use crate::{BodyLimits, FieldId, write};

/// A trailer section while it arrives, and its clean form afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trailers {
    /// Raw lines while collecting, then clean lines.
    bytes: Vec<u8>,
    line: usize,
}

impl Trailers {
    /// Takes bytes of the section out of `input`; returns how many and whether that was the
    /// whole section.
    pub(crate) fn collect(
        &mut self,
        input: &[u8],
        limits: &BodyLimits,
    ) -> Result<(usize, bool), BodyError> {
        let mut taken = 0;
        while let Some(rest) = input.get(taken..).filter(|rest| !rest.is_empty()) {
            let room = limits.trailer_bytes.saturating_sub(self.bytes.len());
            let end = memchr::memchr(b'\n', rest).map(|at| at + 1);
            let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            if part.len() > room {
                return Err(BodyError::TRAILERS_LONG);
            }
            self.bytes.extend_from_slice(part);
            taken += part.len();
            if end.is_some() && self.end_line()? {
                self.clean(limits)?;
                return Ok((taken, true));
            }
        }
        Ok((taken, false))
    }

    /// Checks the line just completed; tells whether it was the empty one.
    fn end_line(&mut self) -> Result<bool, BodyError> {
        let line = self.bytes.get(self.line..).unwrap_or_default();
        match line {
            [b'\r', b'\n'] => Ok(true),
            [text @ .., b'\r', b'\n'] if !text.contains(&b'\r') => {
                self.line = self.bytes.len();
                Ok(false)
            }
            _ => Err(BodyError::TRAILER_LINE_END),
        }
    }

    /// Replaces the raw section by clean lines of the fields that may be trailers.
    fn clean(&mut self, limits: &BodyLimits) -> Result<(), BodyError> {
        if self.bytes == b"\r\n" {
            self.bytes.clear();
            return Ok(());
        }
        let raw = std::mem::take(&mut self.bytes);
        // httparse takes a field section without a start line only into initialised slots.
        let mut slots = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let slots = slots.get_mut(..limits.trailer_fields.min(MAX_FIELDS)).unwrap_or_default();
        let fields = match httparse::parse_headers(&raw, slots) {
            Ok(httparse::Status::Complete((n, fields))) if n == raw.len() => fields,
            Err(httparse::Error::TooManyHeaders) => return Err(BodyError::TRAILERS_LONG),
            _ => return Err(BodyError::TRAILER_FIELD),
        };
        for field in fields.iter().filter(|field| may_be_trailer(field.name.as_bytes())) {
            write::field(&mut self.bytes, field.name.as_bytes(), field.value);
        }
        Ok(())
    }

    /// Clean `Name: value` lines, each with its CRLF.
    pub(crate) fn lines(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether a field may arrive after the content. Every name this crate knows steers framing,
/// routing, access, caching or the reading of the content, and is dropped (RFC 9110 section
/// 6.5.1); except ETag, which is defined for trailers (section 8.8.3).
fn may_be_trailer(name: &[u8]) -> bool {
    matches!(classify(name), FieldId::Other | FieldId::Etag)
}
