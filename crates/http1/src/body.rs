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
mod tests {
    use super::*;
    use crate::BodyErrorKind;

    /// Content, bytes left over, trailers.
    type Decoded = (Vec<u8>, Vec<u8>, Vec<u8>);

    const LIMITS: fn() -> BodyLimits = BodyLimits::default;

    /// Decodes `wire` handed over in pieces of `step` bytes: content, rest, trailers.
    fn decode(
        wire: &[u8],
        framing: Framing,
        limits: BodyLimits,
        step: usize,
    ) -> Result<Decoded, BodyError> {
        let mut decoder = BodyDecoder::new(framing, limits);
        let (mut content, mut start, mut end) = (Vec::new(), 0, 0);
        loop {
            let piece = decoder.next(&wire[start..end])?;
            content.extend_from_slice(piece.data);
            start += piece.consumed;
            if piece.done {
                return Ok((content, wire[start..].to_vec(), decoder.trailers().to_vec()));
            }
            if piece.consumed == 0 {
                if end == wire.len() {
                    decoder.finish()?;
                    return Ok((content, Vec::new(), Vec::new()));
                }
                end = (end + step).min(wire.len());
            }
        }
    }

    /// Decodes at several granularities, which must agree.
    fn chunked(wire: &[u8]) -> Result<Decoded, BodyError> {
        let whole = decode(wire, Framing::Chunked, LIMITS(), usize::MAX / 2);
        for step in 1..4 {
            assert_eq!(decode(wire, Framing::Chunked, LIMITS(), step), whole, "step {step}");
        }
        whole
    }

    fn malformed(wire: &[u8]) {
        let error = chunked(wire).unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::Malformed, "{:?}", wire.escape_ascii().to_string());
    }

    #[test]
    fn chunks_trailers_and_what_follows() {
        let wire = b"4\r\nWiki\r\n0005;a=b\r\npedia\r\n0\r\nX-Sum : 1\r\n\r\nGET";
        assert!(chunked(wire).is_err(), "space before colon in a trailer");
        let wire = b"4\r\nWiki\r\n0A;a=\"b c\"\r\npedia 1234\r\n0\r\nX-Sum:  1 \r\n\r\nGET";
        let (content, rest, trailers) = chunked(wire).unwrap();
        assert_eq!(content, b"Wikipedia 1234");
        assert_eq!(rest, b"GET");
        assert_eq!(trailers, b"X-Sum: 1\r\n");
    }

    #[test]
    fn row_16_chunk_sizes() {
        for size in [
            "0x5",
            "+5",
            "-0",
            "5_0",
            " 5",
            "5 ",
            "",
            "00000000000000005",
            "g",
            "\t5",
            "ffffffffffffffff",
        ] {
            malformed(format!("{size}\r\nhello\r\n0\r\n\r\n").as_bytes());
        }
        assert_eq!(chunked(b"0000000000000005\r\nhello\r\n0\r\n\r\n").unwrap().0, b"hello");
    }

    #[test]
    fn row_17_chunk_line_ends() {
        for wire in [
            "5\nhello\r\n0\r\n\r\n",
            "5\rhello\r\n0\r\n\r\n",
            "5;a\nhello\r\n0\r\n\r\n",
            "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "5;a\0\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhello\r0\r\n\r\n",
            "0\n\r\n",
            "0\r\n\n",
            "0\r\nA: b\n\r\n",
            "0\r\nA: b\rc\r\n\r\n",
            "5;a\n;b\r\nhello\r\n0\r\n\r\n",
        ] {
            malformed(wire.as_bytes());
        }
    }

    #[test]
    fn row_18_data_and_size_disagree() {
        malformed(b"4\r\nhello\r\n0\r\n\r\n");
        malformed(b"6\r\nhello\r\n0\r\n\r\n");
        malformed(b"5\r\nhello0\r\n\r\n");
        let cut = chunked(b"5\r\nhel").unwrap_err();
        assert_eq!(cut.kind(), BodyErrorKind::Truncated);
        assert_eq!(chunked(b"5\r\nhello\r\n0\r\n").unwrap_err().kind(), BodyErrorKind::Truncated);
    }

    #[test]
    fn row_19_overhead_is_capped() {
        let too_large = |wire: &[u8], limits| {
            let error = decode(wire, Framing::Chunked, limits, 7).unwrap_err();
            assert_eq!(error.kind(), BodyErrorKind::TooLarge);
            error.reason()
        };
        let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(300));
        assert!(too_large(long.as_bytes(), LIMITS()).contains("line"));
        let many = "5;aaaaaaaaaa\r\nhello\r\n".repeat(3);
        let limits = BodyLimits { extension_bytes_total: 25, ..LIMITS() };
        assert!(too_large(many.as_bytes(), limits).contains("extensions"));
        let limits = BodyLimits { tiny_chunks: 2, ..LIMITS() };
        assert!(too_large("1\r\na\r\n".repeat(3).as_bytes(), limits).contains("tiny"));
        let limits = BodyLimits { trailer_bytes: 20, ..LIMITS() };
        assert!(
            too_large(b"0\r\nA: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n", limits).contains("trailer")
        );
        let limits = BodyLimits { trailer_fields: 1, ..LIMITS() };
        assert!(too_large(b"0\r\nA: a\r\nB: b\r\n\r\n", limits).contains("trailer"));
        let limits = BodyLimits { body_bytes: 9, ..LIMITS() };
        assert!(too_large("5\r\nhello\r\n".repeat(2).as_bytes(), limits).contains("content"));
    }

    #[test]
    fn the_line_end_behind_data_is_no_chunk_line() {
        let limits = BodyLimits { chunk_line_bytes: 3, ..LIMITS() };
        let wire = b"5\r\nhello\r\n0\r\n\r\n";
        for step in 1..wire.len() {
            assert_eq!(decode(wire, Framing::Chunked, limits, step).unwrap().0, b"hello");
        }
    }

    #[test]
    fn row_20_forbidden_trailers_are_dropped() {
        let wire = b"0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\
            Authorization: b\r\nContent-Type: c\r\nTransfer_Encoding: chunked\r\nSet-Cookie: d\r\n\
            ETag: \"e\"\r\nServer-Timing: f\r\nX-Forwarded-For: g\r\n\r\n";
        assert_eq!(chunked(wire).unwrap().2, b"ETag: \"e\"\r\nServer-Timing: f\r\n");
        malformed(b"0\r\nno colon\r\n\r\n");
        malformed(b"0\r\nA: b\r\n folded\r\n\r\n");
        malformed(b"0\r\nA: \x01\r\n\r\n");
    }

    #[test]
    fn length_and_until_close() {
        let got = decode(b"helloGET", Framing::Length(5), LIMITS(), 3).unwrap();
        assert_eq!((got.0, got.1), (b"hello".to_vec(), b"GET".to_vec()));
        assert!(BodyDecoder::new(Framing::None, LIMITS()).next(b"GET").unwrap().done);
        let mut decoder = BodyDecoder::new(Framing::Length(10), LIMITS());
        decoder.advance(4);
        assert_eq!(decoder.remaining_length(), Some(6));
        assert_eq!(decoder.finish().unwrap_err().kind(), BodyErrorKind::Truncated);
        decoder.advance(99);
        assert!(decoder.is_done() && decoder.finish().is_ok());

        let mut decoder = BodyDecoder::new(Framing::UntilClose, LIMITS());
        assert_eq!(decoder.next(b"abc").unwrap().data, b"abc");
        assert!(!decoder.is_done());
        decoder.finish().unwrap();
        assert!(decoder.next(b"").unwrap().done);

        let limits = BodyLimits { body_bytes: 3, ..LIMITS() };
        assert!(BodyDecoder::new(Framing::Length(4), limits).next(b"").is_err());
        assert!(BodyDecoder::new(Framing::UntilClose, limits).next(b"1234").is_err());
    }
}
