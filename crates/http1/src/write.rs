//! Writes heads and chunk framing. Every function appends to a buffer that the caller reuses.
//!
//! The writers trust their input: names, values and targets come out of a parsed head or are the
//! gateway's own.

use crate::Framing;

/// Ends the data of a chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// Request line, always HTTP/1.1 (RFC 9112 section 3).
#[inline]
pub fn request_line(out: &mut Vec<u8>, method: &[u8], target: &[u8]) {
    out.reserve(method.len() + target.len() + 12);
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(target);
    out.extend_from_slice(b" HTTP/1.1\r\n");
}

/// Status line, always HTTP/1.1 (RFC 9112 section 4). `status` has three digits. An empty
/// `reason` becomes the standard phrase of a known status.
#[inline]
pub fn status_line(out: &mut Vec<u8>, status: u16, reason: &[u8]) {
    if status == 200 && (reason.is_empty() || reason == b"OK") {
        return out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    let reason = if reason.is_empty() { standard_reason(status) } else { reason };
    out.extend_from_slice(b"HTTP/1.1 ");
    number(out, u64::from(status));
    out.push(b' ');
    out.extend_from_slice(reason);
    out.extend_from_slice(b"\r\n");
}

/// One field line.
#[inline]
pub fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The one field that announces `framing`, or nothing.
#[inline]
pub fn framing(out: &mut Vec<u8>, framing: Framing) {
    match framing {
        Framing::None | Framing::UntilClose => {}
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Framing::Length(length) => {
            out.extend_from_slice(b"Content-Length: ");
            number(out, length);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// A number in decimal.
#[inline]
pub fn number(out: &mut Vec<u8>, n: u64) {
    digits::<10>(out, n);
}

/// The empty line that ends a head.
#[inline]
pub fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// Size line of a chunk with `len` bytes of data. `len` is not 0: that is
/// [`last_chunk`]'s.
#[inline]
pub fn chunk_head(out: &mut Vec<u8>, len: usize) {
    digits::<16>(out, len as u64);
    out.extend_from_slice(b"\r\n");
}

/// The last chunk, and `trailers`: whole lines with their CRLF, as
/// [`BodyDecoder::trailers`](crate::BodyDecoder::trailers) gives them.
#[inline]
pub fn last_chunk(out: &mut Vec<u8>, trailers: &[u8]) {
    out.extend_from_slice(b"0\r\n");
    out.extend_from_slice(trailers);
    out.extend_from_slice(b"\r\n");
}

/// Digits from the right into a small buffer, then all at once.
#[inline]
fn digits<const BASE: u64>(out: &mut Vec<u8>, mut n: u64) {
    const SIGNS: &[u8; 16] = b"0123456789abcdef";
    let mut buffer = [0_u8; 20];
    let mut used = 0;
    for slot in buffer.iter_mut().rev() {
        *slot = SIGNS.get((n % BASE) as usize).copied().unwrap_or(b'0');
        used += 1;
        n /= BASE;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(buffer.get(buffer.len() - used..).unwrap_or_default());
}

/// Standard reason phrases (RFC 9110 section 15 and the IANA registry).
fn standard_reason(status: u16) -> &'static [u8] {
    match status {
        100 => b"Continue",
        101 => b"Switching Protocols",
        103 => b"Early Hints",
        104 => b"Upload Resumption Supported",
        200 => b"OK",
        201 => b"Created",
        202 => b"Accepted",
        203 => b"Non-Authoritative Information",
        204 => b"No Content",
        205 => b"Reset Content",
        206 => b"Partial Content",
        300 => b"Multiple Choices",
        301 => b"Moved Permanently",
        302 => b"Found",
        303 => b"See Other",
        304 => b"Not Modified",
        307 => b"Temporary Redirect",
        308 => b"Permanent Redirect",
        400 => b"Bad Request",
        401 => b"Unauthorized",
        403 => b"Forbidden",
        404 => b"Not Found",
        405 => b"Method Not Allowed",
        406 => b"Not Acceptable",
        408 => b"Request Timeout",
        409 => b"Conflict",
        410 => b"Gone",
        411 => b"Length Required",
        412 => b"Precondition Failed",
        413 => b"Content Too Large",
        414 => b"URI Too Long",
        415 => b"Unsupported Media Type",
        416 => b"Range Not Satisfiable",
        417 => b"Expectation Failed",
        421 => b"Misdirected Request",
        422 => b"Unprocessable Content",
        425 => b"Too Early",
        426 => b"Upgrade Required",
        428 => b"Precondition Required",
        429 => b"Too Many Requests",
        431 => b"Request Header Fields Too Large",
        500 => b"Internal Server Error",
        501 => b"Not Implemented",
        502 => b"Bad Gateway",
        503 => b"Service Unavailable",
        504 => b"Gateway Timeout",
        505 => b"HTTP Version Not Supported",
        507 => b"Insufficient Storage",
        508 => b"Loop Detected",
        511 => b"Network Authentication Required",
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn status_lines() {
        assert_eq!(written(|out| status_line(out, 200, b"")), "HTTP/1.1 200 OK\r\n");
        assert_eq!(written(|out| status_line(out, 200, b"Fine")), "HTTP/1.1 200 Fine\r\n");
        assert_eq!(written(|out| status_line(out, 502, b"")), "HTTP/1.1 502 Bad Gateway\r\n");
        assert_eq!(written(|out| status_line(out, 299, b"")), "HTTP/1.1 299 \r\n");
    }

    #[test]
    fn numbers_to_the_last_digit() {
        for n in [0, 1, 9, 10, 4096, u64::MAX] {
            assert_eq!(written(|out| number(out, n)), n.to_string());
            assert_eq!(written(|out| chunk_head(out, n as usize)), format!("{n:x}\r\n"));
        }
    }

    #[test]
    fn framing_says_exactly_one_thing() {
        assert_eq!(written(|out| framing(out, Framing::Length(5))), "Content-Length: 5\r\n");
        assert_eq!(written(|out| framing(out, Framing::Chunked)), "Transfer-Encoding: chunked\r\n");
        assert_eq!(written(|out| framing(out, Framing::None)), "");
        assert_eq!(written(|out| last_chunk(out, b"A: b\r\n")), "0\r\nA: b\r\n\r\n");
    }
}
