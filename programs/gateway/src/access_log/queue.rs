//! The bounded way from the lanes to one destination. Owns who is refused when it fills: never the
//! request, always the line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::QUEUE;
use super::chunk::Chunk;
use super::tally::Tally;

/// What passes to the destination's thread.
#[derive(Debug)]
pub(super) enum Message {
    /// Lines to be written.
    Lines(Arc<Chunk>),
    /// Nothing but a reason to look at the orders.
    Wake,
}

/// Orders to the destination's thread. Not messages, so that a full queue cannot lose them.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Open the file anew.
    pub(super) reopen: AtomicBool,
    /// Write what is queued, then end.
    pub(super) close: AtomicBool,
}

/// What both ends of a queue know of each other.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) tally: Tally,
    pub(super) orders: Orders,
    waiting: AtomicUsize,
    ended: AtomicBool,
}

/// The sending end; each lane has one for each destination.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    sender: SyncSender<Message>,
    pub(super) shared: Arc<Shared>,
}

/// The receiving end.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) receiver: Receiver<Message>,
    pub(super) shared: Arc<Shared>,
}

/// The two ends of a new queue.
pub(super) fn queue() -> (Queue, Waiting) {
    let (sender, receiver) = sync_channel(QUEUE);
    let shared = Arc::new(Shared::default());
    (Queue { sender, shared: Arc::clone(&shared) }, Waiting { receiver, shared })
}

impl Queue {
    /// Whether a chunk that could still grow may be handed over. Many small ones must not take the
    /// places of full ones, so they get half of the queue.
    pub(super) fn has_room(&self) -> bool {
        self.shared.ended.load(Relaxed) || self.shared.waiting.load(Relaxed) < QUEUE / 2
    }

    /// Hands the lines over, or counts them as dropped. False if the destination is gone for good.
    pub(super) fn offer(&self, chunk: &Arc<Chunk>) -> bool {
        // Counted first, so that the other end never counts below zero.
        self.shared.waiting.fetch_add(1, Relaxed);
        self.shared.tally.add_queued(chunk.lines());
        let Err(refusal) = self.sender.try_send(Message::Lines(Arc::clone(chunk))) else {
            return true;
        };
        self.shared.waiting.fetch_sub(1, Relaxed);
        self.shared.tally.take_back_queued(chunk.lines());
        match refusal {
            TrySendError::Full(_) => {
                self.shared.tally.add_overflowed(chunk.lines());
                true
            }
            TrySendError::Disconnected(_) => false,
        }
    }

    /// Has the other end look at the orders. If the queue is full it is about to anyway.
    pub(super) fn wake(&self) {
        drop(self.sender.try_send(Message::Wake));
    }
}

impl Waiting {
    /// A chunk has left the queue.
    pub(super) fn taken(&self) {
        self.shared.waiting.fetch_sub(1, Relaxed);
    }
}

/// The lines still in the queue will not be written.
impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.ended.store(true, Relaxed);
        for message in self.receiver.try_iter() {
            if let Message::Lines(chunk) = message {
                self.shared.tally.add_failed(chunk.lines());
            }
        }
    }
}
