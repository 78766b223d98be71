//! One data-plane thread's way into the access log. Owns the buffer in which lines are formatted.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tombolo_daemon::config::LogFormat;

use super::chunk::Chunk;
use super::queue::Queue;
use super::record::Record;
use super::stamp::Stamp;
use super::{CHUNK, SPARE, combined, json};

/// Room for a chunk and the ordinary line that passes its end, so that buffers seldom grow.
const BUFFER: usize = CHUNK + 4096;

/// The way in of one thread. Takes no lock, and makes no system call but, once for a chunk, the one
/// that wakes a sleeping writer.
#[derive(Debug)]
pub struct Lane {
    format: LogFormat,
    stamp: Stamp,
    buffer: Vec<u8>,
    lines: u32,
    queues: Vec<Queue>,
    /// Empty buffers come back this way.
    spare: Receiver<Vec<u8>>,
    home: SyncSender<Vec<u8>>,
}

impl Lane {
    pub(super) fn new(format: LogFormat, queues: Vec<Queue>) -> Lane {
        let (home, spare) = sync_channel(SPARE);
        Lane { format, stamp: Stamp::default(), buffer: Vec::new(), lines: 0, queues, spare, home }
    }

    /// Adds the line of a request. Hands the buffer over when it is full; lines for which a
    /// destination has no room then are dropped there and counted.
    pub fn write(&mut self, record: &Record<'_>) {
        if self.queues.is_empty() {
            return;
        }
        if self.buffer.capacity() == 0 {
            self.buffer = self.spare.try_recv().unwrap_or_else(|_| Vec::with_capacity(BUFFER));
        }
        let push = match self.format {
            LogFormat::Json => json::push,
            LogFormat::Combined => combined::push_combined,
            LogFormat::Common => combined::push_common,
        };
        push(&mut self.buffer, &mut self.stamp, record);
        self.lines += 1;
        if self.buffer.len() >= CHUNK {
            self.hand_over();
        }
    }

    /// Hands over what there is, full or not; for the thread's tick, every 50 to 100 ms. If a
    /// destination is so far behind that small chunks would crowd out full ones, the lines stay
    /// until there are more of them.
    pub fn flush(&mut self) {
        if self.lines > 0 && self.queues.iter().all(Queue::has_room) {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let bytes = std::mem::take(&mut self.buffer);
        let chunk = Arc::new(Chunk::new(bytes, self.lines, self.home.clone()));
        self.lines = 0;
        self.queues.retain(|queue| queue.offer(&chunk));
    }
}

/// Hands over what there is, whatever the state of the queue: there is no later tick.
impl Drop for Lane {
    fn drop(&mut self) {
        if self.lines > 0 {
            self.hand_over();
        }
    }
}
