//! Invariants of body decoding.

use tombolo_http1::{BodyDecoder, BodyErrorKind, BodyLimits, Framing, write};

/// What a decoder made of some bytes.
#[derive(PartialEq, Eq, Debug)]
pub struct Reading {
    /// The content.
    pub content: Vec<u8>,
    /// Bytes of the input that belong to the body.
    pub taken: usize,
    /// Clean trailer lines.
    pub trailers: Vec<u8>,
    /// Whether the body ended before the input did.
    pub done: bool,
}

/// Decodes `buf` as it grows by `step` bytes at a time.
pub fn decode(
    buf: &[u8],
    step: usize,
    framing: Framing,
    limits: BodyLimits,
) -> Result<Reading, BodyErrorKind> {
    let mut decoder = BodyDecoder::new(framing, limits);
    let (mut content, mut taken, mut end) = (Vec::new(), 0, 0);
    loop {
        let input = &buf[taken..end];
        let piece = decoder.next(input).map_err(|error| error.kind())?;
        assert!(piece.consumed <= input.len(), "consumed what was not there");
        assert!(piece.data.len() <= piece.consumed);
        assert_eq!(piece.done, decoder.is_done());
        content.extend_from_slice(piece.data);
        taken += piece.consumed;
        if piece.done {
            let after = decoder.next(b"next message").map_err(|error| error.kind())?;
            assert!(after.consumed == 0 && after.done, "took bytes of the next message");
        }
        if piece.done || (piece.consumed == 0 && end == buf.len()) {
            let trailers = decoder.trailers().to_vec();
            assert!(trailers.is_empty() || trailers.ends_with(b"\r\n"));
            return Ok(Reading { content, taken, trailers, done: piece.done });
        }
        if piece.consumed == 0 {
            end = end.saturating_add(step.max(1)).min(buf.len());
        }
    }
}

/// Checks everything that must hold for `buf` as a body. Tells whether it held a whole one.
pub fn check(buf: &[u8], step: usize, framing: Framing, limits: BodyLimits) -> bool {
    let whole = decode(buf, usize::MAX, framing, limits);
    let split = decode(buf, step, framing, limits);
    let (Ok(whole), Ok(split)) = (&whole, &split) else {
        assert_eq!(whole.as_ref().err(), split.as_ref().err(), "split and whole differ");
        return false;
    };
    assert_eq!(whole, split, "split and whole differ");
    assert!(whole.content.len() as u64 <= limits.body_bytes);
    match framing {
        Framing::None => assert!(whole.done && whole.taken == 0),
        Framing::Length(length) => {
            assert_eq!(whole.content.len() as u64, length.min(buf.len() as u64));
            assert_eq!(whole.done, length <= buf.len() as u64);
        }
        Framing::UntilClose => assert_eq!((whole.content.as_slice(), whole.done), (buf, false)),
        Framing::Chunked if whole.done => check_rewritten(whole),
        Framing::Chunked => {}
    }
    whole.done
}

/// What the gateway would send is accepted again and means the same.
fn check_rewritten(read: &Reading) {
    let wire = encode(&read.content, &[7, 4096, 1], &read.trailers);
    let again = decode(&wire, 5, Framing::Chunked, BodyLimits::default()).unwrap();
    let Reading { content, taken, trailers, done } = again;
    assert!(done && taken == wire.len());
    assert_eq!((&content, &trailers), (&read.content, &read.trailers));
    let forbidden = [&b"content-length:"[..], b"transfer-encoding:", b"host:", b"authorization:"];
    for line in trailers.split(|&b| b == b'\n') {
        let line = line.to_ascii_lowercase();
        assert!(!forbidden.iter().any(|name| line.starts_with(name)));
    }
}

/// Encodes `content` in chunks whose sizes go round in `sizes`.
pub fn encode(content: &[u8], sizes: &[usize], trailers: &[u8]) -> Vec<u8> {
    let (mut wire, mut rest) = (Vec::new(), content);
    for &size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at(size.clamp(1, rest.len().max(1)).min(rest.len()));
        if chunk.is_empty() {
            break;
        }
        write::chunk_head(&mut wire, chunk.len());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(write::CHUNK_END);
        rest = after;
    }
    write::last_chunk(&mut wire, trailers);
    wire
}
