//! The fixed buffer that carries a message: its head at the front, its body after it.
//!
//! ```text
//!   0 ......... floor ........ start ======== end ............ capacity
//!     head, kept until         read, not       room to read into
//!     the exchange ends        yet used
//! ```
//! The head stays where it was parsed while the body flows through the rest, so that a retry and
//! the log can still read it; nothing is copied and nothing grows.

/// Bytes a buffer holds: the largest head plus room for the body to flow through.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// See the module's picture.
pub(crate) struct Buffer {
    bytes: Box<[u8]>,
    floor: usize,
    start: usize,
    end: usize,
    recycled: bool,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![0; CAPACITY].into_boxed_slice(),
            floor: 0,
            start: 0,
            end: 0,
            recycled: false,
        }
    }

    /// Everything from the front of the buffer, the head first. Spans of a head refer to this.
    pub(crate) fn whole(&self) -> &[u8] {
        self.bytes.get(..self.end.max(self.floor)).unwrap_or_default()
    }

    /// What was read and not yet used.
    pub(crate) fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Holds `bytes` and nothing else. Fewer, if there is not room for all.
    pub(crate) fn load(&mut self, bytes: &[u8]) {
        self.clear();
        for (place, byte) in self.bytes.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self.filled(bytes.len());
    }

    /// Length of the head that is kept at the front.
    pub(crate) fn head_length(&self) -> usize {
        self.floor
    }

    /// Marks `count` unread bytes as used.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Marks `count` unread bytes as used and keeps them in place: they are the head.
    pub(crate) fn keep_head(&mut self, count: usize) {
        self.consume(count);
        self.floor = self.start;
    }

    /// Room to read into, made by moving what is unread down to the head if need be. Empty when
    /// the unread bytes fill everything behind the head.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end && self.start != self.floor {
            self.recycled = true;
            self.start = self.floor;
            self.end = self.floor;
        } else if self.end == self.bytes.len() && self.start > self.floor {
            self.recycled = true;
            self.bytes.copy_within(self.start..self.end, self.floor);
            self.end = self.end.saturating_sub(self.start).saturating_add(self.floor);
            self.start = self.floor;
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Notes that `count` bytes were read into the room.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.bytes.len());
    }

    /// Goes back to the first byte after the head, if nothing behind it was overwritten since.
    /// Then the whole body can be sent once more.
    pub(crate) fn rewind(&mut self) -> bool {
        if !self.recycled {
            self.start = self.floor;
        }
        !self.recycled
    }

    /// Whether it still holds the message from the end of its head on.
    pub(crate) fn is_whole(&self) -> bool {
        !self.recycled
    }

    /// Ends the exchange: lets go of the head and moves what is unread (pipelined bytes) to the front.
    pub(crate) fn next_message(&mut self) {
        let unread = self.end.saturating_sub(self.start);
        if unread > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
        }
        (self.floor, self.start, self.end, self.recycled) = (0, 0, unread, false);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        (self.floor, self.start, self.end, self.recycled) = (0, 0, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(buffer: &mut Buffer, bytes: &[u8]) {
        buffer.room()[..bytes.len()].copy_from_slice(bytes);
        buffer.filled(bytes.len());
    }

    #[test]
    fn a_head_stays_while_the_body_flows() {
        let mut buffer = Buffer::new();
        fill(&mut buffer, b"HEADbody");
        buffer.keep_head(4);
        assert_eq!(buffer.unread(), b"body");
        buffer.consume(4);
        for _ in 0..100 {
            let room = buffer.room().len();
            assert_eq!(room, CAPACITY - 4);
            buffer.filled(room);
            buffer.consume(room);
        }
        assert_eq!(&buffer.whole()[..4], b"HEAD");
        assert!(!buffer.rewind(), "the body was overwritten");
    }

    #[test]
    fn a_body_that_fits_can_be_sent_again() {
        let mut buffer = Buffer::new();
        fill(&mut buffer, b"HEADbo");
        buffer.keep_head(4);
        fill(&mut buffer, b"dy");
        buffer.consume(4);
        assert!(buffer.rewind());
        assert_eq!(buffer.unread(), b"body");
    }

    #[test]
    fn pipelined_bytes_come_to_the_front() {
        let mut buffer = Buffer::new();
        fill(&mut buffer, b"HEADnext");
        buffer.keep_head(4);
        buffer.next_message();
        assert_eq!(buffer.unread(), b"next");
        assert_eq!(buffer.whole(), b"next");
    }
}
