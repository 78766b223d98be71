//! One reader of a room: first what it lacks, from the log, then what comes, from the ring; each
//! message once and none left out, or word that it cannot be.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use tombolo_storage::Error;

use super::Hub;
use super::batch::{Batch, Moves, Reset};
use super::feed::Feed;
use crate::limits;
use crate::log::{Page, Part};
use crate::quota::{Counted, Memory, Visit};
use crate::said::{Author, Epoch, Position};

/// A reader. It is counted as present until it is dropped.
pub(crate) struct Reader {
    hub: Arc<Hub>,
    feed: Arc<Feed>,
    slot: usize,
    name: Option<Author>,
    epoch: Epoch,
    /// The last message it has got.
    seq: u64,
    /// A batch to be given before all others.
    first: Option<Batch>,
    stage: Stage,
    /// Events that are worth nothing once they are old count from this place on.
    fresh: u64,
    /// How many messages to read from the log at a time: fewer where they are long.
    piece: u64,
    /// Whose reader it is, and what pays for the memory.
    visit: Arc<Visit>,
}

/// Where a reader takes its events from.
enum Stage {
    Log(Pin<Box<dyn Future<Output = Result<Piece, Error>> + Send>>),
    /// A place in the ring.
    Ring(u64),
}

/// A piece of history and the memory for it; None when there was none to be had in time.
type Piece = Option<(Page, Memory)>;

/// Events for one reader: those of a ring are shared with all others, those of the log are its own.
pub(crate) struct Delivery {
    batch: Arc<Batch>,
    from: usize,
    /// Given back once the last byte is sent.
    memory: Option<Arc<Memory>>,
}

impl Delivery {
    /// As a piece of an event stream, which keeps its memory counted until it is sent.
    pub(crate) fn sse(&self) -> Bytes {
        let bytes = self.batch.sse(self.from);
        match &self.memory {
            Some(memory) => Counted::bytes(bytes, Arc::clone(memory)),
            None => bytes,
        }
    }

    /// As WebSocket messages.
    pub(crate) fn frames(&self) -> &[Utf8Bytes] {
        self.batch.frames(self.from)
    }
}

/// Why a reader gets no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// This replica is going; any other goes on.
    Draining,
    /// It was too slow, or the log cannot be read now. It can resume, perhaps elsewhere.
    Behind,
}

impl Reader {
    /// Begins to read: after `from`, or with what comes.
    pub(crate) async fn begin(
        hub: Arc<Hub>,
        feed: Arc<Feed>,
        from: Option<Position>,
        name: Option<Author>,
        visit: Visit,
    ) -> Result<Self, Error> {
        let (epoch, head) = feed.head();
        let mut first = None;
        let mut seq = from.map_or(head, |position| position.seq);
        let stale = from.and_then(|position| position.epoch).is_some_and(|asked| asked != epoch);
        if stale || seq > head {
            // Another replica may have shown the reader more than this one knows of yet.
            let page = hub.log().page(feed.room.as_str(), Part::After(seq, 1)).await?;
            let reason = if stale { "epoch" } else { "ahead" };
            if stale || seq > page.last {
                let reset = Reset::to_latest(reason, page.first, page.last, limits::RING_START);
                seq = reset.after;
                first = Some(Batch::of_reset(page.epoch, &reset));
            }
        }
        let slot = feed.enter(name.as_ref().map(Author::as_str));
        let fresh = feed.lock().tail();
        let stage = Stage::Ring(fresh);
        let (piece, visit) = (limits::REPLAY_FIRST, Arc::new(visit));
        let mut reader =
            Self { hub, feed, slot, name, epoch, seq, first, stage, fresh, piece, visit };
        reader.go_on();
        Ok(reader)
    }

    /// The place it is at: what a stream begins with.
    pub(crate) fn place(&self) -> (Epoch, u64) {
        (self.epoch, self.seq)
    }

    /// The next events, or why there are no more.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Delivery, End>> {
        if let Some(batch) = self.first.take() {
            return Poll::Ready(Ok(Delivery { batch: Arc::new(batch), from: 0, memory: None }));
        }
        loop {
            match &mut self.stage {
                Stage::Ring(_) => return self.poll_ring(context),
                Stage::Log(_) if self.hub.is_draining() => return Poll::Ready(Err(End::Draining)),
                Stage::Log(reading) => {
                    let piece = ready!(reading.as_mut().poll(context));
                    if let Some(next) = self.take_piece(piece) {
                        return Poll::Ready(next);
                    }
                }
            }
        }
    }

    /// Waits for the next events.
    pub(crate) async fn next(&mut self) -> Result<Delivery, End> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_ring(&mut self, context: &mut Context<'_>) -> Poll<Result<Delivery, End>> {
        let Stage::Ring(place) = &mut self.stage else { return Poll::Pending };
        let mut state = self.feed.lock();
        loop {
            let batch = match state.at(*place) {
                Err(_) => return Poll::Ready(Err(End::Behind)),
                Ok(Some(batch)) => batch,
                Ok(None) if self.hub.is_draining() => return Poll::Ready(Err(End::Draining)),
                Ok(None) if self.hub.is_blind() => return Poll::Ready(Err(End::Behind)),
                Ok(None) => {
                    state.sleep(self.slot, context.waker());
                    return Poll::Pending;
                }
            };
            let here = *place;
            *place += 1;
            let from = match batch.moves {
                Moves::Nothing if here < self.fresh => continue,
                Moves::Nothing => 0,
                Moves::To(seq) => {
                    (self.epoch, self.seq) = (state.epoch, seq);
                    0
                }
                Moves::Messages { last, .. } if last <= self.seq => continue,
                Moves::Messages { first, .. } if first > self.seq + 1 => {
                    return Poll::Ready(Err(End::Behind));
                }
                Moves::Messages { first, last } => {
                    let seen = self.seq + 1 - first;
                    self.seq = last;
                    usize::try_from(seen).unwrap_or(usize::MAX)
                }
            };
            return Poll::Ready(Ok(Delivery { batch: Arc::clone(batch), from, memory: None }));
        }
    }

    /// Takes a piece of the log, and goes on from there. None: nothing to give, ask again.
    fn take_piece(&mut self, piece: Result<Piece, Error>) -> Option<Result<Delivery, End>> {
        let (page, mut memory) = match piece {
            Ok(Some((page, memory))) if page.epoch == self.epoch => (page, memory),
            Ok(_) => return Some(Err(End::Behind)),
            Err(error) => {
                tracing::warn!(%error, "a reader is sent away: its history cannot be read");
                return Some(Err(End::Behind));
            }
        };
        let batch = match page.messages.first() {
            Some(message) if message.seq == self.seq + 1 => {
                Batch::of_messages(page.epoch, &page.messages)?
            }
            None if page.first <= self.seq + 1 => return Some(Err(End::Behind)),
            _ => {
                let count = limits::RING_START;
                let reset = Reset::to_latest("trimmed", page.first, page.last, count);
                Batch::of_reset(page.epoch, &reset)
            }
        };
        if let Moves::Messages { last: seq, .. } | Moves::To(seq) = batch.moves {
            self.seq = seq;
        }
        memory.shrink(batch.bytes());
        let each = batch.bytes() / page.messages.len().max(1);
        let piece = limits::REPLAY_BYTES / each.max(1);
        self.piece = u64::try_from(piece).unwrap_or(1).clamp(1, limits::REPLAY_MOST);
        self.go_on();
        let memory = Some(Arc::new(memory));
        Some(Ok(Delivery { batch: Arc::new(batch), from: 0, memory }))
    }

    /// Goes over to the ring as soon as it reaches back to where the reader is.
    fn go_on(&mut self) {
        let place = self.feed.lock().place_after(self.seq);
        self.stage = match place {
            Some(place) => Stage::Ring(place),
            None => {
                let (hub, room) = (Arc::clone(&self.hub), self.feed.room.clone());
                let visit = Arc::clone(&self.visit);
                let (seq, piece) = (self.seq, self.piece);
                Stage::Log(Box::pin(async move {
                    let messages = usize::try_from(piece).unwrap_or(usize::MAX);
                    let bytes = messages.saturating_mul(limits::MESSAGE_BYTES);
                    let Some(memory) = visit.reserve(bytes).await else { return Ok(None) };
                    let page = hub.page(room.as_str(), Part::After(seq, piece)).await?;
                    Ok(Some((page, memory)))
                }))
            }
        };
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.feed.leave(self.slot, self.name.as_ref().map(Author::as_str));
        self.hub.left(&self.feed);
    }
}
