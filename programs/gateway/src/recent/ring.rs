//! Slots that one thread writes and any other reads, without a lock: a sequence lock for each slot.
//!
//! The first word of a slot is its number, odd while it is written. A reader takes what it copied
//! only if the number was even before and the same after. All words are atomic, so a torn copy is
//! only useless, never undefined.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::pen::Pen;

/// A ring of slots of `WORDS` words each, the number included.
#[derive(Debug)]
pub(super) struct Ring<const WORDS: usize> {
    slots: Box<[[AtomicU64; WORDS]]>,
    /// Records ever written.
    written: AtomicU64,
}

impl<const WORDS: usize> Ring<WORDS> {
    pub(super) fn new(slots: usize) -> Self {
        let slot = |_| std::array::from_fn(|_| AtomicU64::new(0));
        Self { slots: (0..slots).map(slot).collect(), written: AtomicU64::new(0) }
    }

    /// Writes the next record. Only the one thread that writes may call it.
    #[inline]
    pub(super) fn write(&self, write: impl FnOnce(&mut Pen<'_>)) {
        let count = self.written.load(Ordering::Relaxed);
        let Some(slot) = self.slot(count) else { return };
        let Some((number, words)) = slot.split_first() else { return };
        let even = number_of(count);
        number.store(even - 1, Ordering::Relaxed);
        fence(Ordering::Release);
        write(&mut Pen::new(words));
        number.store(even, Ordering::Release);
        self.written.store(count.wrapping_add(1), Ordering::Release);
    }

    /// The records, the newest first; those that are overwritten while they are read are left out.
    pub(super) fn newest(&self) -> impl Iterator<Item = [u64; WORDS]> {
        let written = self.written.load(Ordering::Acquire);
        let kept = written.min(self.slots.len() as u64);
        (0..kept).filter_map(move |back| self.read(written.wrapping_sub(back + 1)))
    }

    /// Records ever written.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The records since so many were written, the oldest first, and how many of them were
    /// overwritten before they could be read. `cursor` becomes the number written by now.
    pub(super) fn since(&self, cursor: &mut u64) -> (Vec<[u64; WORDS]>, u64) {
        let written = self.written();
        let oldest = written.saturating_sub(self.slots.len() as u64);
        let wanted = written.saturating_sub(*cursor);
        let from = oldest.max(*cursor);
        let read: Vec<_> = (from..written).filter_map(|count| self.read(count)).collect();
        *cursor = written;
        let lost = wanted.saturating_sub(read.len() as u64);
        (read, lost)
    }

    /// The words of a record, its number first.
    fn read(&self, count: u64) -> Option<[u64; WORDS]> {
        let slot = self.slot(count)?;
        let number = slot.first()?;
        let before = number.load(Ordering::Acquire);
        let mut copy = [0; WORDS];
        for (to, from) in copy.iter_mut().zip(slot) {
            *to = from.load(Ordering::Relaxed);
        }
        fence(Ordering::Acquire);
        let after = number.load(Ordering::Relaxed);
        (before == number_of(count) && after == before).then_some(copy)
    }

    #[inline]
    fn slot(&self, count: u64) -> Option<&[AtomicU64; WORDS]> {
        let place = usize::try_from(count).ok()?.checked_rem(self.slots.len())?;
        self.slots.get(place)
    }
}

/// The number of a slot that holds the record that so many were written before.
#[inline]
fn number_of(count: u64) -> u64 {
    count.wrapping_mul(2).wrapping_add(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_come_first_and_the_oldest_are_overwritten() {
        let ring = Ring::<4>::new(3);
        assert_eq!(ring.newest().count(), 0);
        for value in 1..=5 {
            ring.write(|pen| pen.word(value));
        }
        let values: Vec<u64> = ring.newest().map(|words| words[1]).collect();
        assert_eq!(values, [5, 4, 3]);
    }

    #[test]
    fn what_was_not_read_in_time_is_counted() {
        let ring = Ring::<4>::new(3);
        let mut cursor = ring.written();
        let mut read = |count: u64| {
            (0..count).for_each(|value| ring.write(|pen| pen.word(value)));
            let (records, lost) = ring.since(&mut cursor);
            (records.iter().map(|words| words[1]).collect::<Vec<_>>(), lost)
        };
        assert_eq!(read(0), (vec![], 0));
        assert_eq!(read(2), (vec![0, 1], 0));
        assert_eq!(read(5), (vec![2, 3, 4], 2));
    }

    #[test]
    fn a_ring_without_slots_keeps_nothing() {
        let ring = Ring::<4>::new(0);
        ring.write(|pen| pen.word(1));
        assert_eq!(ring.newest().count(), 0);
    }

    /// Every record consists of one value over and over: a mixture of two would be seen.
    #[test]
    fn what_is_read_was_written_by_one_write() {
        let ring = Ring::<16>::new(4);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for value in 1..=200_000_u64 {
                    ring.write(|pen| (0..15).for_each(|_| pen.word(value)));
                }
            });
            let mut read = 0_u64;
            while read < 200_000 {
                for words in ring.newest() {
                    let value = words[1];
                    assert!(words[1..].iter().all(|word| *word == value), "{words:?}");
                    read = read.max(value);
                }
            }
        });
    }
}
