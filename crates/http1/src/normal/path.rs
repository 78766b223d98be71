//! Paths (RFC 3986 sections 5.2.4, 6.2.2 and 6.2.3).

use std::fmt;

/// Capacity that a [`NormalPath`] keeps for reuse; bytes.
const KEPT: usize = 4 * 1024;

/// Why a path has no normal form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathError {
    /// `..` leads above the root.
    AboveRoot,
    /// `%00`: servers end the path there, or refuse it.
    Nul,
    /// A `.` or `..` stands next to an encoded slash or a backslash, or before a semicolon. Some
    /// servers resolve such a segment, others do not.
    HiddenDots,
}

impl PathError {
    /// What is wrong, as one clause.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AboveRoot => "a '..' segment of the path leads above its root",
            Self::Nul => "the path holds an encoded NUL (%00)",
            Self::HiddenDots => {
                "the path has '.' or '..' next to an encoded slash, a backslash or a semicolon"
            }
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.reason())
    }
}

impl std::error::Error for PathError {}

/// The normal form of a path with its query. Reusable: it keeps its allocations. Where the bytes
/// as they were sent are the normal form already, which is so for nearly all, it holds nothing and
/// refers to those.
#[derive(Clone, Debug, Default)]
pub struct NormalPath {
    rewritten: bool,
    has_dots: bool,
    is_respelled: bool,
    normal: Vec<u8>,
    resolved: Vec<u8>,
}

impl NormalPath {
    /// Reads `sent`, a path with or without a query. A path that does not begin with a slash is
    /// taken to follow one: `?q` is `/?q` (RFC 9110 section 4.2.3).
    ///
    /// # Errors
    /// The path has no normal form.
    pub fn read(&mut self, sent: &[u8]) -> Result<(), PathError> {
        self.read_scanned(sent, scan(sent) & (BAD | ODD) != 0)
    }

    /// As [`read`](Self::read), for bytes that were scanned before: `may_differ` is whether
    /// anything in them may not be in normal form.
    #[inline]
    pub(crate) fn read_scanned(&mut self, sent: &[u8], may_differ: bool) -> Result<(), PathError> {
        (self.rewritten, self.has_dots, self.is_respelled) = (false, false, false);
        if may_differ || !sent.starts_with(b"/") { self.read_odd(sent) } else { Ok(()) }
    }

    /// The path in normal form, and the query as it was sent. `sent` is what was read.
    #[inline]
    pub fn normal<'a>(&'a self, sent: &'a [u8]) -> &'a [u8] {
        if self.rewritten { &self.normal } else { sent }
    }

    /// The path without its dot segments, all else byte for byte, and the query. Its normal form
    /// is that of the path as it was sent.
    #[inline]
    pub fn resolved<'a>(&'a self, sent: &'a [u8]) -> &'a [u8] {
        if self.has_dots { &self.resolved } else { sent }
    }

    /// Whether there were dot segments.
    pub fn has_dots(&self) -> bool {
        self.has_dots
    }

    /// Whether the normal form is another path to a server that compares bytes: an unreserved
    /// character was encoded, a percent sign encoded nothing, or slashes were repeated. The case
    /// of hexadecimal digits, and bytes that a URI must have encoded, do not count.
    pub fn is_respelled(&self) -> bool {
        self.is_respelled
    }

    /// Forgets what was read.
    pub(crate) fn clear(&mut self) {
        (self.rewritten, self.has_dots, self.is_respelled) = (false, false, false);
        for text in [&mut self.normal, &mut self.resolved] {
            text.clear();
            text.shrink_to(KEPT);
        }
    }

    /// Percent-encodings are common in queries: looks at the path alone.
    fn read_odd(&mut self, sent: &[u8]) -> Result<(), PathError> {
        let end = memchr::memchr(b'?', sent).unwrap_or(sent.len());
        let (path, query) = sent.split_at_checked(end).unwrap_or((sent, b""));
        if path.starts_with(b"/") && scan(path) & (BAD | ODD) == 0 {
            return Ok(());
        }
        self.rewrite(path, query)
    }

    #[cold]
    fn rewrite(&mut self, path: &[u8], query: &[u8]) -> Result<(), PathError> {
        self.normal.clear();
        self.resolved.clear();
        let segments = path.strip_prefix(b"/").unwrap_or(path);
        let mut segments = segments.split(|&byte| byte == b'/').peekable();
        while let Some(segment) = segments.next() {
            self.segment(segment, segments.peek().is_none())?;
        }
        self.normal.extend_from_slice(query);
        self.resolved.extend_from_slice(query);
        self.rewritten = true;
        Ok(())
    }

    /// Appends one segment, or does what it says.
    fn segment(&mut self, segment: &[u8], is_last: bool) -> Result<(), PathError> {
        let at = self.normal.len();
        self.normal.push(b'/');
        self.is_respelled |= write_segment(segment, &mut self.normal)?;
        let written = self.normal.get(at.saturating_add(1)..).unwrap_or_default();
        match written {
            b"." | b".." => {
                let is_up = written.len() == 2;
                self.has_dots = true;
                self.normal.truncate(at);
                if is_up {
                    self.up()?;
                }
                if is_last {
                    self.normal.push(b'/');
                    self.resolved.push(b'/');
                }
                return Ok(());
            }
            b"" if !is_last => {
                self.normal.truncate(at);
                self.is_respelled = true;
            }
            _ if has_hidden_dots(written) => return Err(PathError::HiddenDots),
            _ => {}
        }
        self.resolved.push(b'/');
        self.resolved.extend_from_slice(segment);
        Ok(())
    }

    /// Takes the last segment away. Empty segments before a `..` count for nothing, as they do
    /// where slashes are merged first.
    fn up(&mut self) -> Result<(), PathError> {
        let start = memchr::memrchr(b'/', &self.normal).ok_or(PathError::AboveRoot)?;
        self.normal.truncate(start);
        while self.resolved.ends_with(b"/") {
            self.resolved.pop();
        }
        self.resolved.truncate(memchr::memrchr(b'/', &self.resolved).unwrap_or(0));
        Ok(())
    }
}

/// The normal form of a path with its query, for a caller that has no [`NormalPath`] to reuse.
///
/// # Errors
/// The path has no normal form.
pub fn path(sent: &[u8]) -> Result<Vec<u8>, PathError> {
    let mut form = NormalPath::default();
    form.read(sent)?;
    Ok(if form.rewritten { form.normal } else { sent.to_vec() })
}

/// Whether `path`, perhaps with a query, is `prefix` or lies below it: `/api` takes `/api`,
/// `/api?q`, `/api/x` and `/api;x` (parameters of a segment, RFC 3986 section 3.3), not `/apix`. Both
/// are in normal form.
#[inline]
pub fn lies_below(prefix: &[u8], path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(prefix) else { return false };
    prefix.ends_with(b"/") || matches!(rest.first(), None | Some(b'/' | b'?' | b';'))
}

/// The byte is a slash.
const SLASH: u8 = 1;
/// The byte needs a closer look after a slash. Twice [`SLASH`], so that a shift makes one the
/// other.
const AFTER_SLASH: u8 = 2;
/// The byte needs a closer look.
pub(crate) const ODD: u8 = 4;
/// No target may hold the byte.
pub(crate) const BAD: u8 = 8;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks it")]
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'/' => SLASH | AFTER_SLASH,
            b'.' => AFTER_SLASH,
            b'%' => ODD,
            b'#' | 0..=b' ' | 0x7f..=0xff => BAD,
            _ if must_be_encoded(byte) => ODD,
            _ => 0,
        };
        if byte == 255 {
            break;
        }
        byte += 1;
    }
    classes
};

/// Looks at every byte once. [`BAD`]: one of them no target may hold. [`ODD`]: what is a path in
/// them may not be in normal form.
#[inline]
pub(crate) fn scan(bytes: &[u8]) -> u8 {
    let (mut seen, mut pairs, mut before) = (0, 0, 0_u8);
    for &byte in bytes {
        let class = CLASSES.get(usize::from(byte)).copied().unwrap_or(BAD);
        seen |= class;
        pairs |= before << 1 & class;
        before = class;
    }
    let odd = if pairs & AFTER_SLASH != 0 { ODD } else { 0 };
    seen & (BAD | ODD) | odd
}

/// Bytes that no URI may hold as they are.
const fn must_be_encoded(byte: u8) -> bool {
    byte <= b' '
        || byte >= 0x7f
        || matches!(byte, b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// RFC 3986 section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Appends a segment in normal form. True: it was spelled otherwise.
fn write_segment(mut segment: &[u8], out: &mut Vec<u8>) -> Result<bool, PathError> {
    let mut is_respelled = false;
    while let [byte, rest @ ..] = segment {
        segment = rest;
        match (*byte, rest) {
            (b'%', [high, low, rest @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                segment = rest;
                let value = hex(*high) << 4 | hex(*low);
                match value {
                    0 => return Err(PathError::Nul),
                    _ if is_unreserved(value) => {
                        out.push(value);
                        is_respelled = true;
                    }
                    _ => encode(value, out),
                }
            }
            // It encodes nothing, so it is a percent sign.
            (b'%', _) => {
                encode(b'%', out);
                is_respelled = true;
            }
            (0, _) => return Err(PathError::Nul),
            (byte, _) if must_be_encoded(byte) => encode(byte, out),
            (byte, _) => out.push(byte),
        }
    }
    Ok(is_respelled)
}

fn encode(byte: u8, out: &mut Vec<u8>) {
    let digit = |value: u8| match value {
        0..=9 => b'0' + value,
        _ => b'A' + (value & 15) - 10,
    };
    out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
}

/// The value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10) & 15,
    }
}

/// Whether a segment in normal form has a `.` or `..` that only some servers see.
fn has_hidden_dots(segment: &[u8]) -> bool {
    let mut rest = segment;
    // What some servers take for segments of their own. The whole is none of `.` and `..`.
    loop {
        let slash = memchr::memchr_iter(b'%', rest)
            .find(|&at| matches!(rest.get(at..at.saturating_add(3)), Some(b"%2F" | b"%5C")));
        let part = rest.get(..slash.unwrap_or(rest.len())).unwrap_or_default();
        let name = part.split(|&byte| byte == b';').next().unwrap_or_default();
        if matches!(name, b"." | b"..") {
            return true;
        }
        let Some(at) = slash else { return false };
        rest = rest.get(at.saturating_add(3)..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
