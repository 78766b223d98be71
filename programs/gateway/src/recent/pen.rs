//! Numbers and bytes as the words of a slot, and back.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a word.
const BYTES: usize = size_of::<u64>();

/// Writes the words of a slot, one after the other; what does not fit is left out.
pub(super) struct Pen<'s> {
    words: &'s [AtomicU64],
}

impl<'s> Pen<'s> {
    pub(super) fn new(words: &'s [AtomicU64]) -> Self {
        Self { words }
    }

    /// Writes a number.
    #[inline]
    pub(super) fn word(&mut self, value: u64) {
        if let Some((word, rest)) = self.words.split_first() {
            word.store(value, Ordering::Relaxed);
            self.words = rest;
        }
    }

    /// Words that are left.
    pub(super) fn room(&self) -> usize {
        self.words.len()
    }

    /// Leaves a word to be written later.
    #[inline]
    pub(super) fn later(&mut self) -> Option<&'s AtomicU64> {
        let (word, rest) = self.words.split_first()?;
        self.words = rest;
        Some(word)
    }

    /// Writes bytes, at most `limit` and what fits; tells how many.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8], limit: usize) -> usize {
        let room = limit.min(self.words.len().saturating_mul(BYTES));
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let (whole, rest) = bytes.as_chunks::<BYTES>();
        for chunk in whole {
            self.word(u64::from_le_bytes(*chunk));
        }
        if !rest.is_empty() {
            let mut last = [0; BYTES];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            self.word(u64::from_le_bytes(last));
        }
        bytes.len()
    }
}

/// Reads what a [`Pen`] wrote.
pub(super) struct Reading<'w> {
    words: &'w [u64],
}

impl<'w> Reading<'w> {
    pub(super) fn new(words: &'w [u64]) -> Self {
        Self { words }
    }

    /// A number; 0 beyond the end.
    pub(super) fn word(&mut self) -> u64 {
        let Some((word, rest)) = self.words.split_first() else { return 0 };
        self.words = rest;
        *word
    }

    /// So many bytes, as text; what is no UTF-8 is shown as U+FFFD.
    pub(super) fn text(&mut self, length: usize) -> String {
        let mut bytes = Vec::with_capacity(length);
        for _ in 0..length.div_ceil(BYTES).min(self.words.len()) {
            bytes.extend_from_slice(&self.word().to_le_bytes());
        }
        bytes.truncate(length);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were_up_to_what_fits() {
        let slot: [AtomicU64; 4] = std::array::from_fn(|_| AtomicU64::new(u64::MAX));
        let mut pen = Pen::new(&slot);
        assert_eq!(pen.bytes(b"", 10), 0);
        assert_eq!(pen.bytes(b"ten bytes.", 100), 10);
        assert_eq!(pen.bytes(b"cut here, please", 8), 8);
        assert_eq!(pen.bytes(b"the rest does not fit", 100), 8);
        pen.word(1);
        let words = slot.map(|word| word.load(Ordering::Relaxed));
        let mut reading = Reading::new(&words);
        assert_eq!(reading.text(0), "");
        assert_eq!(reading.text(10), "ten bytes.");
        assert_eq!(reading.text(8), "cut here");
        assert_eq!(reading.text(8), "the rest");
        assert_eq!(reading.word(), 0, "beyond the end");
    }
}
