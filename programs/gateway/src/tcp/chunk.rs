//! The small buffers that directions borrow while bytes are on their way through them. Quiet
//! connections hold none.

use std::cell::RefCell;

/// Bytes of a chunk: what a direction may hold back when its sink is slow. A stream that fills
/// chunk after chunk goes through a pipe instead.
pub(super) const CAPACITY: usize = 16 * 1024;

/// Spare chunks a thread keeps: 1 MiB.
const KEPT: usize = 64;

/// Bytes that were read and not yet written.
pub(super) struct Chunk {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Chunk {
    fn new() -> Self {
        Self { bytes: vec![0; CAPACITY].into_boxed_slice(), start: 0, end: 0 }
    }

    /// What is still to be written.
    pub(super) fn unwritten(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Marks `count` bytes as written.
    pub(super) fn written(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Room to read into, behind what is there.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Notes that `count` bytes were read into the room.
    pub(super) fn read(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.bytes.len());
    }

    /// Appends `bytes`; those for which there is no room are left out.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        let room = self.room();
        let count = bytes.len().min(room.len());
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.read(count);
    }
}

/// A thread's spare chunks.
#[derive(Default)]
pub(crate) struct Chunks {
    spare: RefCell<Vec<Chunk>>,
}

impl Chunks {
    pub(super) fn take(&self) -> Chunk {
        self.spare.borrow_mut().pop().unwrap_or_else(Chunk::new)
    }

    pub(super) fn give(&self, mut chunk: Chunk) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < KEPT {
            (chunk.start, chunk.end) = (0, 0);
            spare.push(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_and_read_is_written_in_order() {
        let chunks = Chunks::default();
        let mut chunk = chunks.take();
        chunk.append(b"head");
        chunk.room()[..5].copy_from_slice(b"bytes");
        chunk.read(5);
        assert_eq!(chunk.unwritten(), b"headbytes");
        chunk.written(6);
        assert_eq!(chunk.unwritten(), b"tes");
        chunk.written(3);
        assert_eq!((chunk.is_empty(), chunk.room().len()), (true, CAPACITY));
        chunk.append(&vec![1; CAPACITY + 1]);
        assert_eq!((chunk.unwritten().len(), chunk.room().len()), (CAPACITY, 0));
        chunks.give(chunk);
        assert!(chunks.take().is_empty(), "bytes of one connection never reach another");
    }
}
