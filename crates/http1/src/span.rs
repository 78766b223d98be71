//! A piece of a head as offsets. Owns the arithmetic that makes out-of-range offsets harmless.

/// A piece of a head, as offsets into the buffer the head was parsed from.
///
/// Offsets instead of slices let a head outlive moves of its buffer and be reused for the next
/// message without a lifetime.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes this span names in `buf`; empty if the span does not fit into `buf`.
    #[inline]
    pub fn of(self, buf: &[u8]) -> &[u8] {
        buf.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Number of bytes.
    #[inline]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether the span holds no bytes.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// What precedes this span in `buf`.
    #[inline]
    pub(crate) fn before(self, buf: &[u8]) -> &[u8] {
        buf.get(..self.start as usize).unwrap_or_default()
    }

    /// Span of `start..end`. Heads are capped far below 4 GiB, so nothing is cut off here.
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// Span of `part`, which must be a subslice of `whole`.
    #[inline]
    pub(crate) fn within(whole: &[u8], part: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        Self::new(start, start.wrapping_add(part.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_spans_are_empty() {
        assert_eq!(Span::new(2, 9).of(b"abc"), b"");
        assert_eq!(Span::new(3, 1).of(b"abc"), b"");
        assert_eq!(Span::new(1, 3).of(b"abc"), b"bc");
        assert_eq!(Span::new(3, 1).len(), 0);
    }
}
