//! Finds the empty line that ends a head, and refuses bare CR and bare LF on the way.
//!
//! Remembers how far it came, so a sender of single bytes costs linear work in all.

use crate::error::Fault;
use crate::limits::MAX_LEADING_CRLF;

/// Progress through one head.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Scan {
    /// Next byte to look at; a CR that ends the input is looked at again.
    pub(crate) position: usize,
    /// Start of the line being looked at.
    line: usize,
    /// Where the start line begins, after any empty lines.
    pub(crate) start: usize,
    /// Where the start line ends (its CR); 0 while it has not ended.
    pub(crate) start_line_end: usize,
}

impl Scan {
    /// Whether no byte was looked at yet.
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        self.position == 0
    }

    /// Looks at the bytes of `buf` not seen yet. `Some(n)`: the head takes `n` bytes.
    pub(crate) fn advance(
        &mut self,
        buf: &[u8],
        leading_lines: usize,
    ) -> Result<Option<usize>, Fault> {
        while let Some(found) =
            memchr::memchr2(b'\r', b'\n', buf.get(self.position..).unwrap_or_default())
        {
            let at = self.position + found;
            match buf.get(at..) {
                Some([b'\r', b'\n', ..]) => {}
                Some([b'\r']) => {
                    self.position = at;
                    return Ok(None);
                }
                Some([b'\r', ..]) => return Err(Fault::BARE_CR),
                _ => return Err(Fault::BARE_LF),
            }
            self.position = at + 2;
            if at != self.line {
                if self.start_line_end == 0 {
                    self.start_line_end = at;
                }
            } else if self.start_line_end != 0 {
                return Ok(Some(self.position));
            } else if self.position > leading_lines * 2 {
                return Err(Fault::LEADING_LINES);
            } else {
                self.start = self.position;
            }
            self.line = self.position;
        }
        self.position = buf.len().max(self.position);
        Ok(None)
    }
}

/// Whether `bytes`, what a parser skipped before a request line, may be skipped.
#[inline]
pub(crate) fn is_leading_crlf(bytes: &[u8]) -> bool {
    bytes.is_empty()
        || (bytes.len() <= MAX_LEADING_CRLF * 2 && bytes.chunks(2).all(|line| line == b"\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> Result<Option<usize>, Fault> {
        Scan::default().advance(bytes, 2)
    }

    #[test]
    fn finds_the_end_however_the_bytes_arrive() {
        let bytes = b"\r\nGET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        assert_eq!(whole(bytes), Ok(Some(bytes.len() - 4)));
        let mut scan = Scan::default();
        for n in 0..bytes.len() - 4 {
            assert_eq!(scan.advance(&bytes[..n], 2), Ok(None));
        }
        assert_eq!(scan.advance(&bytes[..bytes.len() - 4], 2), Ok(Some(bytes.len() - 4)));
        assert_eq!((scan.start, scan.start_line_end), (2, 16));
    }

    #[test]
    fn refuses_bare_line_ends_before_the_head_is_complete() {
        assert_eq!(whole(b"GET / HTTP/1.1\nA"), Err(Fault::BARE_LF));
        assert_eq!(whole(b"GET / HTTP/1.1\rA"), Err(Fault::BARE_CR));
        assert_eq!(whole(b"GET / HTTP/1.1\r\nA: b\r\r\n"), Err(Fault::BARE_CR));
        assert_eq!(whole(b"\r\n\r\nGET"), Ok(None));
        assert_eq!(whole(b"\r\n\r\n\r\nGET"), Err(Fault::LEADING_LINES));
    }
}
