//! Cuts a stream of bytes into lines, and gives an account of those that cannot be requests.
//!
//! A line that is too long is told once, as soon as it is known, and the rest of it is thrown away
//! as it comes, so that a line without an end costs no memory.

use bytes::{Buf, BytesMut};

use crate::limits::LINE_BYTES;

/// What arrived in place of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line of text, without its end.
    Text(String),
    /// More than [`LINE_BYTES`] bytes.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
    /// The stream ended before the line did.
    Incomplete,
}

/// The bytes that were read and not yet taken as lines.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: BytesMut,
    /// So many bytes at the front hold no line feed.
    scanned: usize,
    /// The line that is arriving was too long, and was told.
    discarding: bool,
}

impl Lines {
    /// Where to put bytes that arrive: behind those that are there.
    pub(crate) fn arriving(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next line, if it has arrived whole or is known to be too long.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            let fresh = self.bytes.get(self.scanned..).unwrap_or_default();
            let Some(found) = memchr::memchr(b'\n', fresh) else {
                self.scanned = self.bytes.len();
                return self.overlong();
            };
            let line = self.bytes.split_to(self.scanned + found);
            self.bytes.advance(1);
            self.scanned = 0;
            if !std::mem::take(&mut self.discarding) {
                return Some(read(&line));
            }
        }
    }

    /// What is left once the stream has ended; a line needs its end to be a request.
    pub fn end(&mut self) -> Option<Line> {
        let left = !self.bytes.is_empty() && !self.discarding;
        self.bytes.clear();
        self.scanned = 0;
        left.then_some(Line::Incomplete)
    }

    /// Whether a line has begun to arrive.
    #[must_use]
    pub fn is_within_line(&self) -> bool {
        self.discarding || !self.bytes.is_empty()
    }

    /// Gives the memory back if nothing is in it.
    pub(crate) fn rest(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
    }

    /// Deals with a beginning without an end: throws it away if it is too long for a line.
    fn overlong(&mut self) -> Option<Line> {
        // One more for a carriage return, which does not count.
        if !self.discarding && self.bytes.len() <= LINE_BYTES + 1 {
            return None;
        }
        self.bytes.clear();
        self.scanned = 0;
        let told = std::mem::replace(&mut self.discarding, true);
        (!told).then_some(Line::TooLong)
    }
}

/// Reads a whole line. A carriage return before the line feed is tolerated.
fn read(line: &[u8]) -> Line {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LINE_BYTES {
        return Line::TooLong;
    }
    match std::str::from_utf8(line) {
        Ok(text) => Line::Text(text.to_owned()),
        Err(_) => Line::NotUtf8,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for piece in pieces {
            lines.push(piece);
            found.extend(std::iter::from_fn(|| lines.next_line()));
        }
        found.extend(lines.end());
        found
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn lines_are_cut_and_a_carriage_return_is_tolerated() {
        assert_eq!(all(&[b"a\r\n\nb\rc\n"]), [text("a"), text(""), text("b\rc")]);
        assert_eq!(all(&[b"EVAL ", b"1\nEV"]), [text("EVAL 1"), Line::Incomplete]);
    }

    #[test]
    fn a_long_line_is_told_once_and_the_next_is_read() {
        let long = vec![b'1'; LINE_BYTES + 2];
        assert_eq!(all(&[&long, &long, b"1\nPING\n"]), [Line::TooLong, text("PING")]);
        let just = vec![b'1'; LINE_BYTES];
        assert!(matches!(&all(&[&just, b"\r\n"])[..], [Line::Text(_)]));
        assert_eq!(all(&[&just, b"1\n"]), [Line::TooLong]);
        assert_eq!(all(&[&long]), [Line::TooLong]);
    }

    #[test]
    fn what_is_not_utf8_is_told() {
        assert_eq!(all(&[b"EVAL \xff\nPING\n"]), [Line::NotUtf8, text("PING")]);
    }

    proptest! {
        #[test]
        fn how_bytes_arrive_makes_no_difference(
            stream in prop::collection::vec(
                prop_oneof![4 => Just(b'\n'), 1 => Just(b'\r'), 9 => any::<u8>()], 0..300),
            stretch in 0..3_usize,
            cuts in prop::collection::vec(1..40_usize, 1..20),
        ) {
            // One byte is repeated so that some lines are too long.
            let mut bytes = stream;
            if let Some(first) = bytes.first().copied() {
                bytes.splice(0..0, std::iter::repeat_n(first, stretch * 2500));
            }
            let mut pieces = Vec::new();
            let mut rest = bytes.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (piece, others) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = others;
            }
            let whole = all(&[&bytes]);
            prop_assert_eq!(&all(&pieces), &whole);
            let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
            prop_assert!(whole.len() == ends || whole.len() == ends + 1);
        }
    }
}
