//! Every limit of this crate, in one place.

/// Upper bound of [`HeadLimits::fields`]: field slots kept on the stack while a head is parsed.
pub const MAX_FIELDS: usize = 128;

/// Empty lines tolerated before a request line (RFC 9112 section 2.2 asks for at least one).
pub const MAX_LEADING_CRLF: usize = 2;

/// List members accepted over all `Connection` fields of one message. Bounds the work that
/// nominated names can cause.
pub const MAX_CONNECTION_OPTIONS: usize = 32;

/// Largest Content-Length or chunk size accepted: beyond it, backends that keep lengths in
/// signed 64-bit integers disagree with those that do not.
pub(crate) const MAX_LENGTH: u64 = i64::MAX as u64;

/// Hexadecimal digits accepted in a chunk size, leading zeros included.
pub(crate) const MAX_CHUNK_DIGITS: u8 = 16;

/// A chunk below this many bytes counts against [`BodyLimits::tiny_chunks`].
pub(crate) const TINY_CHUNK_BYTES: u64 = 8;

/// Longest host name accepted (RFC 1035's 255 bytes, dots included).
pub(crate) const MAX_HOST_BYTES: usize = 255;

/// Longest method name accepted; the longest registered one has 17 bytes.
pub(crate) const MAX_METHOD_BYTES: usize = 32;

/// Bytes of a request line beside its target: method, version and the two spaces, with
/// some room.
pub(crate) const REQUEST_LINE_SLACK: usize = 64;

/// Limits on one message head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeadLimits {
    /// Bytes from the first byte up to and with the empty line. Default 32 KiB.
    pub head_bytes: usize,
    /// Number of fields; at most [`MAX_FIELDS`]. Default 100.
    pub fields: usize,
    /// Bytes of the request target. Default 8 KiB.
    pub target_bytes: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { head_bytes: 32 * 1024, fields: 100, target_bytes: 8 * 1024 }
    }
}

/// Limits on one message body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BodyLimits {
    /// Content bytes, framing not counted. Default `u64::MAX`: none.
    pub body_bytes: u64,
    /// Bytes of one chunk's size line: digits, extensions, CRLF. Default 256.
    pub chunk_line_bytes: usize,
    /// Bytes of all chunk extensions together. Default 16 KiB.
    pub extension_bytes_total: usize,
    /// Bytes of the trailer section, its empty line included. Default 8 KiB.
    pub trailer_bytes: usize,
    /// Number of trailer fields; at most [`MAX_FIELDS`]. Default 32.
    pub trailer_fields: usize,
    /// Chunks of fewer than 8 bytes. Default 65,536.
    pub tiny_chunks: u64,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            body_bytes: u64::MAX,
            chunk_line_bytes: 256,
            extension_bytes_total: 16 * 1024,
            trailer_bytes: 8 * 1024,
            trailer_fields: 32,
            tiny_chunks: 65_536,
        }
    }
}
