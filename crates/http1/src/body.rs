//! Bodies, cut into pieces where they lie. Owns the end of a body; refuses to hold content.

use crate::chunked::Chunked;
use crate::error::BodyError;
use crate::{BodyLimits, Framing};

/// Decoder of one message body.
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    kind: Kind,
    limits: BodyLimits,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Bytes left.
    Length(u64),
    Chunked(Chunked),
    /// Bytes seen, and whether the end of input was.
    UntilClose {
        seen: u64,
        ended: bool,
    },
}

/// Part of the input that was understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece<'i> {
    /// Bytes to drop from the front of the input: framing and `data` together.
    pub consumed: usize,
    /// Content found among them; may be empty.
    pub data: &'i [u8],
    /// Whether the body ends here. Bytes beyond `consumed` belong to what follows.
    pub done: bool,
}

impl BodyDecoder {
    /// A decoder for a body framed like `framing`.
    pub fn new(framing: Framing, limits: BodyLimits) -> Self {
        let kind = match framing {
            Framing::None => Kind::Length(0),
            Framing::Length(length) => Kind::Length(length),
            Framing::Chunked => Kind::Chunked(Chunked::new()),
            Framing::UntilClose => Kind::UntilClose { seen: 0, ended: false },
        };
        Self { kind, limits }
    }

    /// Takes the next piece out of `input`, which begins where the last piece ended.
    /// `consumed == 0 && !done`: more bytes are needed. Bytes after the end are never consumed.
    ///
    /// # Errors
    /// Malformed framing, or a limit was passed. A declared length beyond the limit is refused
    /// at the first call. The decoder must not be used after an error.
    pub fn next<'i>(&mut self, input: &'i [u8]) -> Result<Piece<'i>, BodyError> {
        match &mut self.kind {
            Kind::Length(left) => {
                if *left > self.limits.body_bytes {
                    return Err(BodyError::CONTENT_LARGE);
                }
                let data = input.get(..*left as usize).unwrap_or(input);
                *left -= data.len() as u64;
                Ok(Piece { consumed: data.len(), data, done: *left == 0 })
            }
            Kind::Chunked(chunked) => {
                let step = chunked.next(input, &self.limits)?;
                Ok(Piece { consumed: step.consumed, data: step.data, done: chunked.is_done() })
            }
            Kind::UntilClose { seen, ended } => {
                let data = if *ended { &[] } else { input };
                *seen = seen.saturating_add(data.len() as u64);
                if *seen > self.limits.body_bytes {
                    return Err(BodyError::CONTENT_LARGE);
                }
                Ok(Piece { consumed: data.len(), data, done: *ended })
            }
        }
    }

    /// Whether the whole body was taken.
    pub fn is_done(&self) -> bool {
        match &self.kind {
            Kind::Length(left) => *left == 0,
            Kind::Chunked(chunked) => chunked.is_done(),
            Kind::UntilClose { ended, .. } => *ended,
        }
    }

    /// Says that the input has ended: fine when done, and the end of an until-close body.
    ///
    /// # Errors
    /// The body was cut off (RFC 9112 section 8): it must not be passed on as complete.
    pub fn finish(&mut self) -> Result<(), BodyError> {
        if let Kind::UntilClose { ended, .. } = &mut self.kind {
            *ended = true;
        }
        if self.is_done() { Ok(()) } else { Err(BodyError::ENDED_EARLY) }
    }

    /// Bytes still to come, where the framing says so in advance.
    pub fn remaining_length(&self) -> Option<u64> {
        match self.kind {
            Kind::Length(left) => Some(left),
            _ => None,
        }
    }

    /// Notes that `n` content bytes were moved past the decoder (splice). Does nothing for
    /// chunked bodies, whose bytes must pass through.
    pub fn advance(&mut self, n: u64) {
        match &mut self.kind {
            Kind::Length(left) => *left = left.saturating_sub(n),
            Kind::UntilClose { seen, .. } => *seen = seen.saturating_add(n),
            Kind::Chunked(_) => {}
        }
    }

    /// Trailers, once done: clean `Name: value` lines, each with CRLF, without the fields that
    /// may not be trailers (RFC 9110 section 6.5.1). Empty for other framings.
    pub fn trailers(&self) -> &[u8] {
        match &self.kind {
            Kind::Chunked(chunked) => chunked.trailers(),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests;
