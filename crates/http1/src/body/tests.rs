//! Bodies against the rows of `docs/protocols/http1.md`, at every granularity.

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
    // Taken for 0, these would be whole bodies.
    malformed(b"\r\n\r\n");
    malformed(b";a\r\n\r\n");
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
        "5\rXhello\r\n0\r\n\r\n",
        "5\r\nhelloX\n0\r\n\r\n",
        "5\r\nhello\rX0\r\n\r\n",
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
    assert!(too_large(b"0\r\nA: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n", limits).contains("trailer"));
    let limits = BodyLimits { trailer_fields: 1, ..LIMITS() };
    assert!(too_large(b"0\r\nA: a\r\nB: b\r\n\r\n", limits).contains("trailer"));
    let limits = BodyLimits { body_bytes: 9, ..LIMITS() };
    assert!(too_large("5\r\nhello\r\n".repeat(2).as_bytes(), limits).contains("content"));
}

#[test]
fn limits_are_the_last_value_accepted() {
    let holds = |wire: &[u8], limits| {
        (1..9).all(|step| decode(wire, Framing::Chunked, limits, step).is_ok())
    };
    let line = b"5;ab\r\nhello\r\n0\r\n\r\n";
    assert!(holds(line, BodyLimits { chunk_line_bytes: 6, ..LIMITS() }));
    assert!(!holds(line, BodyLimits { chunk_line_bytes: 5, ..LIMITS() }));
    assert!(holds(line, BodyLimits { extension_bytes_total: 2, ..LIMITS() }));
    assert!(!holds(line, BodyLimits { extension_bytes_total: 1, ..LIMITS() }));
    assert!(holds(line, BodyLimits { body_bytes: 5, ..LIMITS() }));
    assert!(!holds(line, BodyLimits { body_bytes: 4, ..LIMITS() }));
    assert!(holds(line, BodyLimits { tiny_chunks: 1, ..LIMITS() }));
    assert!(!holds(line, BodyLimits { tiny_chunks: 0, ..LIMITS() }));
    assert!(holds(b"8\r\n12345678\r\n0\r\n\r\n", BodyLimits { tiny_chunks: 0, ..LIMITS() }));
    let trailer = b"0\r\nA: b\r\n\r\n";
    assert!(holds(trailer, BodyLimits { trailer_bytes: 8, ..LIMITS() }));
    assert!(!holds(trailer, BodyLimits { trailer_bytes: 7, ..LIMITS() }));
    assert!(holds(trailer, BodyLimits { trailer_fields: 1, ..LIMITS() }));
    assert!(!holds(trailer, BodyLimits { trailer_fields: 0, ..LIMITS() }));
    let limits = BodyLimits { body_bytes: 3, ..LIMITS() };
    assert!(decode(b"abc", Framing::Length(3), limits, 1).is_ok());
    assert!(decode(b"abc", Framing::UntilClose, limits, 1).is_ok());
    let huge = b"7fffffffffffffff\r\n";
    assert_eq!(chunked(huge).unwrap_err().kind(), BodyErrorKind::Truncated);
    malformed(b"8000000000000000\r\n");
}

#[test]
fn reasons_name_the_place() {
    let reason = |wire: &[u8]| chunked(wire).unwrap_err().reason();
    assert!(reason(b"5\nhello").contains("does not end with CRLF"));
    assert!(reason(b"5;a\nhello").contains("does not end with CRLF"));
    assert!(reason(b"\nhello").contains("digits"));
    assert!(reason(b"5;\x01\r\n").contains("extension"));
    assert!(reason(b"5\r\nhello!\r\n").contains("chunk data"));
    assert!(reason(b"0\r\nA: b\n\r\n").contains("trailer line"));
    assert!(reason(b"0\r\nA b\r\n\r\n").contains("trailer field"));
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
