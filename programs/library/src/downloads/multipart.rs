//! Several ranges in one response: `multipart/byteranges` (RFC 9110, section 14.6). Pure: gives the
//! pieces and their length; the bytes of the parts come later.

use std::ops::Range;

use super::body::Piece;

/// A body of several parts.
#[derive(Debug)]
pub(super) struct Multipart {
    pub(super) content_type: String,
    pub(super) pieces: Vec<Piece>,
}

/// The body with these parts of content of that size. `boundary` must not be guessable: whoever
/// wrote the content could end a part with it.
pub(super) fn body(parts: &[Range<u64>], size: u64, media_type: &str, boundary: &str) -> Multipart {
    let mut pieces = Vec::with_capacity(parts.len().saturating_mul(2).saturating_add(1));
    for (number, part) in parts.iter().enumerate() {
        let line = if number == 0 { "" } else { "\r\n" };
        let last = part.end.saturating_sub(1);
        let head = format!(
            "{line}--{boundary}\r\nContent-Type: {media_type}\r\n\
             Content-Range: bytes {}-{last}/{size}\r\n\r\n",
            part.start
        );
        pieces.push(Piece::Bytes(head.into()));
        pieces.push(Piece::Content(part.clone()));
    }
    pieces.push(Piece::Bytes(format!("\r\n--{boundary}--\r\n").into()));
    Multipart { content_type: format!("multipart/byteranges; boundary={boundary}"), pieces }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_framed() {
        let Multipart { content_type, pieces } = body(&[0..2, 5..9], 10, "text/plain", "B");
        assert_eq!(content_type, "multipart/byteranges; boundary=B");
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Piece::Content(range) => "x".repeat((range.end - range.start) as usize),
            })
            .collect();
        assert_eq!(
            text,
            "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\nxx\r\n\
             --B\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-8/10\r\n\r\nxxxx\r\n--B--\r\n"
        );
    }
}
