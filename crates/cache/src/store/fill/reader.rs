//! Those who are served from a fill that another began.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::watch;

use super::progress::{Fill, Next, Stage};
use crate::store::disk::read_piece;
use crate::store::front::Front;
use crate::store::object::Entry;

/// Why a fill gives its followers nothing, or nothing more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Released {
    /// The response may not be shared: each has to ask upstream.
    #[error("the response is not storable")]
    NotStorable,
    /// Upstream failed, or the body ended early.
    #[error("the fill failed")]
    Failed,
    /// The filling request went away.
    #[error("the fill was given up")]
    GivenUp,
    /// The part of the body that this reader needs is neither in memory nor on disk.
    #[error("the disk failed under the fill")]
    Disk,
}

/// A place in a fill. While it exists, what it has yet to get is kept.
struct Place {
    fill: Arc<Fill>,
    id: u64,
    changed: watch::Receiver<()>,
}

impl Place {
    fn new(fill: Arc<Fill>) -> Self {
        let changed = fill.progress.subscribe();
        fill.followers.fetch_add(1, Ordering::Relaxed);
        let id = {
            let mut state = fill.state();
            state.next_reader += 1;
            let id = state.next_reader;
            state.readers.insert(id, 0);
            id
        };
        Self { fill, id, changed }
    }

    async fn change(&mut self) {
        // The sender lives as long as the fill, which this holds.
        let _: Result<(), watch::error::RecvError> = self.changed.changed().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.fill.followers.fetch_sub(1, Ordering::Relaxed);
        self.fill.state().readers.remove(&self.id);
        self.fill.room.notify_one();
    }
}

/// One who waits for the head of another's response.
pub struct Waiter(Place);

/// What a fill turned out to be.
pub enum Joined {
    /// A response: it can be read from its first byte.
    Reader(Reader),
    /// The stored response was found good, and this is it.
    Refreshed(Entry),
}

impl Waiter {
    pub(super) fn new(fill: Arc<Fill>) -> Self {
        Self(Place::new(fill))
    }

    /// Waits until the head is known. May be dropped at any time; how long to wait is the
    /// caller's choice.
    ///
    /// # Errors
    /// [`Released`]: there is nothing to be had here; ask upstream.
    pub async fn wait(mut self) -> Result<Joined, Released> {
        loop {
            self.0.changed.mark_unchanged();
            let front = {
                let state = self.0.fill.state();
                match &state.stage {
                    Stage::Released(why) => return Err(*why),
                    Stage::Refreshed(entry) => return Ok(Joined::Refreshed(entry.clone())),
                    _ => state.front.clone(),
                }
            };
            if let Some(front) = front {
                return Ok(Joined::Reader(Reader { place: self.0, front, at: 0 }));
            }
            self.0.change().await;
        }
    }
}

/// Reads a response while it comes.
pub struct Reader {
    place: Place,
    front: Arc<Front>,
    at: u64,
}

impl Reader {
    /// A reader of a fill whose head is known.
    pub(super) fn new(fill: Arc<Fill>) -> Option<Self> {
        let front = fill.state().front.clone()?;
        Some(Self { place: Place::new(fill), front, at: 0 })
    }

    /// Everything of the response but its body. The length of the body is in
    /// [`Self::expected`].
    pub fn front(&self) -> &Front {
        &self.front
    }

    /// What the response varies by: the names given to [`Start`](super::Start). The request of who
    /// reads must say the same in these fields as the one that fills.
    pub fn varies_by(&self) -> Option<Box<[u8]>> {
        self.place.fill.state().varies_by.as_ref().map(|by| by.names.clone())
    }

    /// The length of the body, if the head told or the body is complete.
    pub fn expected(&self) -> Option<u64> {
        let state = self.place.fill.state();
        let complete = matches!(state.stage, Stage::Complete).then(|| state.window.end());
        state.expected.or(complete)
    }

    /// Bytes read so far.
    pub const fn position(&self) -> u64 {
        self.at
    }

    /// The next bytes of the body; `None` at its end. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// [`Released`]: no more comes, and the body is not complete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Released> {
        loop {
            self.place.changed.mark_unchanged();
            let bytes = match self.place.fill.next(self.place.id, self.at) {
                Next::Bytes(bytes) => bytes,
                Next::End => return Ok(None),
                Next::Failed(why) => return Err(why),
                Next::Wait => {
                    self.place.change().await;
                    continue;
                }
                Next::File(file, body_at, length) => {
                    let core = &self.place.fill.core;
                    let at = body_at + self.at;
                    let read = move || read_piece(&file, at, length);
                    let answer = core.calls.call(&core.pool, read);
                    answer.await.ok().and_then(Result::ok).ok_or(Released::Disk)?
                }
            };
            self.at += bytes.len() as u64;
            return Ok(Some(bytes));
        }
    }
}
