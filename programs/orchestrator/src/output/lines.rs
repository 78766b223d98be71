//! Cuts a stream of bytes into lines of bounded length, whatever the pieces it arrives in.
//!
//! Pure. A line longer than the bound keeps its beginning; how much of it is missing is said.

/// The longest line kept whole. The gateway's longest access log line (a target of 8 KiB and two
/// header fields, every byte escaped) is in reach of it only for hostile input.
pub(crate) const LINE_MAX: usize = 64 << 10;

/// The line that is not complete yet.
#[derive(Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    missing: usize,
}

impl Lines {
    /// Takes in the next bytes; calls `emit` with each line that is complete, without its end.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut emit: impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.partial.is_empty() && line.len() <= LINE_MAX {
                // The usual case: no copy.
                emit(line.strip_suffix(b"\r").unwrap_or(line));
            } else {
                self.keep(line);
                self.finish(&mut emit);
            }
        }
        self.keep(bytes);
    }

    /// The stream has ended: calls `emit` with a last line that lacked its end.
    pub(crate) fn finish(&mut self, mut emit: impl FnMut(&[u8])) {
        if self.missing > 0 {
            let words = format!(" [{} bytes more]", self.missing);
            self.partial.extend_from_slice(words.as_bytes());
        }
        if !self.partial.is_empty() {
            emit(self.partial.strip_suffix(b"\r").unwrap_or(&self.partial));
        }
        self.partial.clear();
        self.missing = 0;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_MAX.saturating_sub(self.partial.len()).min(bytes.len());
        let (kept, cut) = bytes.split_at(room);
        self.partial.extend_from_slice(kept);
        self.missing += cut.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LINE_MAX, Lines};

    fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let mut emit = |line: &[u8]| found.push(String::from_utf8_lossy(line).into_owned());
        for piece in pieces {
            lines.feed(piece, &mut emit);
        }
        lines.finish(&mut emit);
        found
    }

    #[test]
    fn unfinished_last_line_is_not_lost() {
        assert_eq!(lines_of(&[b"a\r\n\nb", b"c\nd"]), ["a", "", "bc", "d"]);
    }

    #[test]
    fn endless_line_is_cut_and_the_next_is_whole() {
        let long = vec![b'x'; LINE_MAX];
        let found = lines_of(&[&long, b"yyy\nnext\n"]);
        assert_eq!(found[0].len(), LINE_MAX + " [3 bytes more]".len());
        assert!(found[0].ends_with("x [3 bytes more]"));
        assert_eq!(found[1], "next");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(text in "[a-c\n]{0,60}", cuts in proptest::collection::vec(0..60usize, 0..8)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let whole: Vec<_> = text.lines().map(str::to_owned).collect();
            prop_assert_eq!(lines_of(&pieces), whole);
        }
    }
}
