//! Whole lines on their way to be written. Owns the buffer's way back to the lane that filled it.

use std::sync::mpsc::SyncSender;

/// Some whole lines. Shared by the destinations; when the last is done with it the buffer goes
/// back to its lane, or, if that has enough, is freed.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    lines: u32,
    home: SyncSender<Vec<u8>>,
}

impl Chunk {
    pub(super) fn new(bytes: Vec<u8>, lines: u32, home: SyncSender<Vec<u8>>) -> Chunk {
        Chunk { bytes, lines, home }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines.into()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.bytes);
        buffer.clear();
        // Full, or the lane is gone: then the buffer is freed.
        drop(self.home.try_send(buffer));
    }
}
