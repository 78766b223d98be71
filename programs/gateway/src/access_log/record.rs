//! One finished request as the access log sees it. Owns how much of each field is kept.

use std::net::SocketAddr;

/// What is logged of one request. Bytes the client chose are given as they came: making them
/// harmless is the log's work. An empty field is an absent one (a request too broken to have a
/// method, HTTP/1.0 without a host).
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When the exchange was over, which is when it is logged: milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
    /// The value of `X-Request-Id`, the one that was sent on.
    pub request_id: &'a [u8],
    /// The client. The JSON form shows address and port, the others the address.
    pub client: SocketAddr,
    /// The request's method.
    pub method: &'a [u8],
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The host the request was for.
    pub host: &'a [u8],
    /// The request's target as it was written, with its query.
    pub target: &'a [u8],
    /// The protocol of the client's side: `HTTP/1.1`.
    pub protocol: &'static str,
    /// The status that was answered.
    pub status: u16,
    /// Bytes received from the client for this request.
    pub bytes_in: u64,
    /// Bytes sent to the client for this request.
    pub bytes_out: u64,
    /// From the first byte of the request to the last of the answer, in microseconds.
    pub duration_micros: u64,
    /// From sending to the backend to the first byte of its answer, in microseconds.
    pub upstream_micros: Option<u64>,
    /// The backend that answered.
    pub backend: Option<&'a str>,
    /// Backends that were tried.
    pub attempts: u32,
    /// What the cache did, as in `Cache-Status` (RFC 9211).
    pub cache: Option<&'a str>,
    /// The `User-Agent` header.
    pub user_agent: Option<&'a [u8]>,
    /// The `Referer` header.
    pub referer: Option<&'a [u8]>,
    /// Why the gateway answered itself, in its own words.
    pub error: Option<&'a str>,
    /// The route, as the metrics call it.
    pub route: Option<&'a str>,
    /// The upstream.
    pub upstream: Option<&'a str>,
    /// Microseconds until the request head was whole; none: it came in one piece.
    pub head_micros: Option<u64>,
    /// Microseconds in the queue of the upstream; none: there was room.
    pub queue_micros: Option<u64>,
    /// Microseconds of waiting for the answer to another request for the same; none: it did not.
    pub collapsed_micros: Option<u64>,
    /// Microseconds of making connections to servers; none: idle ones were there.
    pub connect_micros: Option<u64>,
    /// Microseconds of sending the request body; none: there is none.
    pub upload_micros: Option<u64>,
    /// Microseconds from the whole request to the head of the answer; none: no server was asked.
    pub first_byte_micros: Option<u64>,
    /// Microseconds of sending the answer; none: it was sent at once.
    pub download_micros: Option<u64>,
}

/// Bytes kept of each field. Together and with every byte escaped they bound a line.
pub(super) mod keep {
    pub(in super::super) const REQUEST_ID: usize = 128;
    pub(in super::super) const METHOD: usize = 32;
    pub(in super::super) const HOST: usize = 256;
    pub(in super::super) const TARGET: usize = 8192;
    pub(in super::super) const USER_AGENT: usize = 1024;
    pub(in super::super) const REFERER: usize = 2048;
    pub(in super::super) const OURS: usize = 512;
}

/// The part of a field that is kept, and whether that is less than all. Does not end within a
/// UTF-8 character if there is a whole one before.
pub(super) fn kept(field: &[u8], limit: usize) -> (&[u8], bool) {
    let Some((head, rest)) = field.split_at_checked(limit) else { return (field, false) };
    if rest.is_empty() {
        return (field, false);
    }
    let continues = |byte: Option<&u8>| byte.is_some_and(|byte| byte & 0xc0 == 0x80);
    if !continues(rest.first()) {
        return (head, true);
    }
    // At most three bytes of one character can lie before the cut.
    let tail = head.iter().rev().take(3).take_while(|byte| continues(Some(byte))).count();
    let end = head.len().saturating_sub(tail + 1);
    (head.get(..end).unwrap_or(head), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_cut_between_characters() {
        assert_eq!(kept(b"abc", 3), (&b"abc"[..], false));
        assert_eq!(kept(b"abcd", 3), (&b"abc"[..], true));
        assert_eq!(kept("abñd".as_bytes(), 3), (&b"ab"[..], true));
        assert_eq!(kept("añbd".as_bytes(), 3), ("añ".as_bytes(), true));
        assert_eq!(kept("a😀b".as_bytes(), 4), (&b"a"[..], true));
        assert_eq!(kept(b"", 0), (&b""[..], false));
    }
}
