//! What the readers of one room share at this replica: the latest events, encoded, in a ring.
//!
//! A reader is a place in the ring and a waker. An event is encoded once and kept once; handing it
//! to a reader is a look into the ring and a reference to its bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use serde_json::json;
use slab::Slab;
use tokio::sync::OnceCell;

use super::batch::{Batch, Moves, Reset};
use super::presence::{Presence, Present};
use crate::limits;
use crate::log::Page;
use crate::message::Message;
use crate::said::{Epoch, RoomName};

/// A room with readers at this replica.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) room: RoomName,
    /// Whether the ring has been filled from the log.
    pub(super) begun: OnceCell<()>,
    state: Mutex<State>,
}

/// What a feed holds. All of it changes under one lock, held for moments.
#[derive(Debug)]
pub(super) struct State {
    pub(super) epoch: Epoch,
    /// The number of the last message; the next one in the ring is the one after it.
    pub(super) head: u64,
    /// The number of the first message in the ring; `head + 1` when there is none.
    pub(super) ring_first: u64,
    ring: VecDeque<Arc<Batch>>,
    /// The place of the ring's first batch. Places are never used twice.
    base: u64,
    bytes: usize,
    /// What the ring may have now, in bytes: fewer with many rooms.
    bytes_most: Arc<AtomicUsize>,
    /// One for each reader; empty while it is awake.
    wakers: Slab<Option<Waker>>,
    presence: Presence,
    typing: HashMap<String, Instant>,
    heartbeat: Instant,
    idle_since: Option<Instant>,
}

/// What publishing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// Everything is in the ring now.
    All,
    /// Something before it is missing: the log has to be read.
    Gap,
}

impl Feed {
    /// A feed whose ring may have so many bytes, as they change.
    pub(super) fn new(room: RoomName, bytes_most: Arc<AtomicUsize>) -> Self {
        let state = State {
            epoch: Epoch(0),
            head: 0,
            ring_first: 1,
            ring: VecDeque::new(),
            base: 0,
            bytes: 0,
            bytes_most,
            wakers: Slab::new(),
            presence: Presence::default(),
            typing: HashMap::new(),
            heartbeat: Instant::now() + limits::HEARTBEAT,
            idle_since: Some(Instant::now()),
        };
        Self { room, begun: OnceCell::new(), state: Mutex::new(state) }
    }

    /// Nothing in here leaves the state half changed when it panics.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the room is, as far as this replica knows.
    pub(super) fn head(&self) -> (Epoch, u64) {
        let state = self.lock();
        (state.epoch, state.head)
    }

    /// Fills the ring with the latest messages. Readers who were here before are told to begin
    /// anew, for the given reason.
    pub(super) fn begin(&self, page: &Page, reason: Option<&'static str>) {
        let mut state = self.lock();
        let dropped = state.ring.len() as u64;
        state.ring.clear();
        state.bytes = 0;
        state.base += dropped;
        state.epoch = page.epoch;
        // What came meanwhile is read next.
        let after =
            page.messages.first().map_or(page.last, |message| message.seq.saturating_sub(1));
        state.head = after;
        state.ring_first = after + 1;
        if let Some(reason) = reason {
            let reset = Reset { reason, first: page.first, last: page.last, after };
            state.push(Batch::of_reset(page.epoch, &reset));
        }
        state.append(&page.messages);
        let wakers = state.wake();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Adds messages that follow the last one, in the order of their numbers; those that are there
    /// already are left out. With a hole before or between them nothing is added: readers take a batch
    /// for all there is between its first and its last number.
    pub(super) fn publish(&self, epoch: Epoch, messages: &[Message]) -> Published {
        let mut state = self.lock();
        if state.epoch != epoch {
            return Published::Gap;
        }
        let head = state.head;
        let new = messages.iter().position(|message| message.seq > head);
        let Some(new) = new.and_then(|index| messages.get(index..)) else { return Published::All };
        if new.iter().zip(head + 1..).any(|(message, expected)| message.seq != expected) {
            return Published::Gap;
        }
        state.append(new);
        let wakers = state.wake();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        Published::All
    }

    /// Adds an event that is worth nothing once it is old.
    fn pass(&self, batch: Batch) {
        let mut state = self.lock();
        state.push(batch);
        let wakers = state.wake();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Wakes every reader, so that it sees that the replica drains.
    pub(super) fn wake_all(&self) {
        let wakers = self.lock().wake();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Tells that somebody is typing, unless they said so a moment ago. False if they did.
    pub(super) fn typing(&self, author: &str, now: Instant) -> bool {
        let mut state = self.lock();
        state.typing.retain(|_, since| now < *since + limits::TYPING_PAUSE);
        if state.typing.contains_key(author) || state.typing.len() >= limits::TYPING_AUTHORS {
            return false;
        }
        state.typing.insert(author.to_owned(), now);
        drop(state);
        let expires = u64::try_from(limits::TYPING_TIME.as_millis()).unwrap_or(u64::MAX);
        self.pass(Batch::of_passing("typing", &json!({"author": author, "expires_ms": expires})));
        true
    }

    /// Another replica told who is with it.
    pub(super) fn reported(&self, from: String, count: u32, names: Vec<String>, now: Instant) {
        self.lock().presence.report(from, count, names, now);
    }

    /// Another replica asks who is here.
    pub(super) fn asked(&self) {
        self.lock().presence.asked();
    }

    /// What is to be done every second: tells readers of presence and that the line is alive.
    /// Gives what the other replicas should know.
    pub(super) fn beat(&self, now: Instant) -> Option<Present> {
        let mut state = self.lock();
        state.trim();
        let event = state.presence.due_event(now);
        let report = state.presence.due_report(now);
        let has_readers = !state.wakers.is_empty();
        let heartbeat = has_readers && now >= state.heartbeat;
        if heartbeat {
            state.heartbeat = now + limits::HEARTBEAT;
        }
        drop(state);
        if let Some(present) = event.filter(|_| has_readers) {
            self.pass(Batch::of_passing("presence", &present));
        }
        if heartbeat {
            self.pass(Batch::of_passing("ping", &json!({})));
        }
        report
    }

    /// Whether nobody has read here for a while.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.lock().idle_since.is_some_and(|since| now >= since + limits::ROOM_IDLE)
    }

    /// Whether somebody reads here.
    pub(super) fn has_readers(&self) -> bool {
        !self.lock().wakers.is_empty()
    }

    /// Whether nobody has written here, as far as this replica knows.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().head == 0
    }

    /// What the other replicas should know before the room is forgotten here.
    pub(super) fn farewell(&self, now: Instant) -> Option<Present> {
        self.lock().presence.farewell(now)
    }

    /// A reader came: its slot among the wakers.
    pub(super) fn enter(&self, name: Option<&str>) -> usize {
        let mut state = self.lock();
        state.idle_since = None;
        state.presence.enter(name);
        state.presence.tell_again();
        state.wakers.insert(None)
    }

    /// A reader left.
    pub(super) fn leave(&self, slot: usize, name: Option<&str>) {
        let mut state = self.lock();
        state.wakers.try_remove(slot);
        state.presence.leave(name);
        if state.wakers.is_empty() {
            state.idle_since = Some(Instant::now());
        }
    }
}

impl State {
    /// The place after the last batch.
    pub(super) fn tail(&self) -> u64 {
        self.base + self.ring.len() as u64
    }

    /// The batch at a place. None at the tail; an error before the ring's beginning.
    pub(super) fn at(&self, place: u64) -> Result<Option<&Arc<Batch>>, TooOld> {
        let index = place.checked_sub(self.base).ok_or(TooOld)?;
        Ok(usize::try_from(index).ok().and_then(|index| self.ring.get(index)))
    }

    /// The place from which a reader finds every message after this number; None when the ring
    /// does not reach back so far.
    pub(super) fn place_after(&self, seq: u64) -> Option<u64> {
        if seq.saturating_add(1) < self.ring_first {
            return None;
        }
        let is_old = |batch: &Arc<Batch>| match batch.moves {
            Moves::Messages { last, .. } => last <= seq,
            Moves::To(_) | Moves::Nothing => true,
        };
        // From the end: most readers are nearly there.
        let new = self.ring.iter().rev().take_while(|batch| !is_seen(batch, seq)).count();
        let mut place = self.tail() - new as u64;
        while let Ok(Some(batch)) = self.at(place)
            && is_old(batch)
        {
            place += 1;
        }
        Some(place)
    }

    /// Sets the waker of a reader that has read everything.
    pub(super) fn sleep(&mut self, slot: usize, waker: &Waker) {
        if let Some(place) = self.wakers.get_mut(slot)
            && !place.as_ref().is_some_and(|before| before.will_wake(waker))
        {
            *place = Some(waker.clone());
        }
    }

    fn wake(&mut self) -> Vec<Waker> {
        self.wakers.iter_mut().filter_map(|(_, waker)| waker.take()).collect()
    }

    /// Adds messages that follow the head.
    fn append(&mut self, messages: &[Message]) {
        for batch in Batch::pieces(self.epoch, messages) {
            if let Moves::Messages { last, .. } = batch.moves {
                self.head = last;
            }
            self.push(batch);
        }
    }

    fn push(&mut self, batch: Batch) {
        self.bytes += batch.bytes();
        self.ring.push_back(Arc::new(batch));
        self.trim();
    }

    /// Gives up the oldest batches until the ring is within its bounds.
    fn trim(&mut self) {
        let bytes_most = self.bytes_most.load(Ordering::Relaxed);
        // The newest stays, however large.
        while self.ring.len() > 1
            && (self.ring.len() > limits::RING_BATCHES || self.bytes > bytes_most)
        {
            let Some(oldest) = self.ring.pop_front() else { break };
            self.base += 1;
            self.bytes -= oldest.bytes();
            if let Moves::Messages { last, .. } = oldest.moves {
                self.ring_first = last + 1;
            }
        }
    }
}

/// A place whose batch is no longer kept.
#[derive(Debug)]
pub(super) struct TooOld;

/// Whether a batch ends with messages that a reader at `seq` has seen.
fn is_seen(batch: &Batch, seq: u64) -> bool {
    matches!(batch.moves, Moves::Messages { last, .. } if last <= seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64) -> Message {
        Message {
            id: seq.to_string(),
            seq,
            room: "lobby".into(),
            author: "Ana".into(),
            text: "hello".into(),
            time: 0,
            replica: "r".into(),
        }
    }

    fn publish(feed: &Feed, numbers: &[u64]) -> (Published, u64) {
        let messages: Vec<Message> = numbers.iter().copied().map(message).collect();
        let published = feed.publish(Epoch(0), &messages);
        (published, feed.head().1)
    }

    /// A commit whose answer was lost is found again together with new posts: numbers of other
    /// replicas lie between them.
    #[test]
    fn messages_with_a_hole_between_them_are_not_shown() {
        let bytes = Arc::new(AtomicUsize::new(1 << 20));
        let feed = Feed::new(RoomName::new("lobby").unwrap(), bytes);
        assert_eq!(publish(&feed, &[1, 2]), (Published::All, 2));
        assert_eq!(publish(&feed, &[2, 3, 6]), (Published::Gap, 2));
        assert_eq!(publish(&feed, &[5]), (Published::Gap, 2));
        assert_eq!(publish(&feed, &[2, 3, 4]), (Published::All, 4));
        assert_eq!(publish(&feed, &[1, 3]), (Published::All, 4), "seen already");
    }
}
