//! The part of a growing body that is in memory.

use std::collections::VecDeque;

use bytes::Bytes;

/// Pieces of a body, one after the other.
#[derive(Default)]
pub(super) struct Window {
    pieces: VecDeque<(u64, Bytes)>,
    end: u64,
}

impl Window {
    /// Where the first byte that is held is in the body.
    pub(super) fn start(&self) -> u64 {
        self.pieces.front().map_or(self.end, |(at, _)| *at)
    }

    /// How long the body is so far.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        let at = self.end;
        self.end += piece.len() as u64;
        self.pieces.push_back((at, piece));
    }

    /// What is held from `at` on of the piece that holds it.
    pub(super) fn piece(&self, at: u64) -> Option<Bytes> {
        let index = self.pieces.partition_point(|(from, _)| *from <= at).checked_sub(1)?;
        let (from, piece) = self.pieces.get(index)?;
        let skip = usize::try_from(at - from).ok().filter(|&skip| skip < piece.len())?;
        Some(piece.slice(skip..))
    }

    /// All from `at` on, in pieces, until they are `enough` bytes.
    pub(super) fn from(&self, at: u64, enough: u64) -> Vec<Bytes> {
        let (mut at, mut out, mut length) = (at, Vec::new(), 0);
        while length < enough
            && let Some(piece) = self.piece(at)
        {
            at += piece.len() as u64;
            length += piece.len() as u64;
            out.push(piece);
        }
        out
    }

    /// So many bytes from `at` on, or all there are.
    pub(super) fn exactly(&self, at: u64, length: u64) -> Vec<Bytes> {
        let mut out = self.from(at, length);
        let surplus =
            out.iter().map(|piece| piece.len() as u64).sum::<u64>().saturating_sub(length);
        if let Some(last) = out.last_mut() {
            let kept = last.len().saturating_sub(usize::try_from(surplus).unwrap_or(usize::MAX));
            last.truncate(kept);
        }
        out
    }

    /// Lets go of the pieces that end before `at`; gives their bytes.
    pub(super) fn drop_before(&mut self, at: u64) -> u64 {
        let before = self.start();
        while self.pieces.front().is_some_and(|(from, piece)| from + piece.len() as u64 <= at) {
            self.pieces.pop_front();
        }
        self.start() - before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_and_dropped_by_place() {
        let mut window = Window::default();
        for piece in ["abc", "d", "efgh"] {
            window.push(Bytes::from_static(piece.as_bytes()));
        }
        assert_eq!(window.piece(1).unwrap(), "bc");
        assert_eq!(window.piece(3).unwrap(), "d");
        assert_eq!(window.piece(7).unwrap(), "h");
        assert_eq!(window.piece(8), None);
        assert_eq!(window.from(2, 2).concat(), b"cd");
        assert_eq!(window.from(2, 99).concat(), b"cdefgh");
        assert_eq!(window.exactly(2, 4).concat(), b"cdef");
        assert_eq!(window.exactly(2, 99).concat(), b"cdefgh");
        assert_eq!(window.drop_before(5), 4);
        assert_eq!((window.start(), window.end()), (4, 8));
        assert_eq!(window.piece(3), None);
        assert_eq!(window.drop_before(8), 4);
        assert_eq!((window.start(), window.end()), (8, 8));
    }
}
