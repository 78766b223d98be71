//! The one who fills.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::progress::{Disk, Fill, Stage, VariesBy};
use super::reader::{Reader, Released};
use super::unshared::Lesson;
use crate::store::counters::now_ms;
use crate::store::format::{Fixed, Kind, write_front};
use crate::store::front::Front;
use crate::store::object::{Entry, Kept, Object};
use crate::store::settings::{ALIGNED_FROM, MAX_FIELD, MAX_HEAD, WRITE_PIECE};
use crate::store::slot::Slot;
use crate::vary::VariantKey;

/// The head of a response that is to be stored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start<'a> {
    /// Bytes to keep beside the response; the store does not look at them.
    pub meta: &'a [u8],
    /// The head of the response.
    pub head: &'a [u8],
    /// Tags to be purged by. Empty ones and those with a line feed are left out.
    pub tags: &'a [&'a [u8]],
    /// The names of the request fields it varies by, and what its request says in them.
    pub varies_by: Option<(&'a [u8], VariantKey<'a>)>,
    /// Length of the body in bytes, if the head tells.
    pub length: Option<u64>,
}

/// The response cannot be stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StartError {
    /// Its body is longer than `max_object`.
    #[error("the body is longer than the longest that is stored")]
    Body,
    /// Its head, metadata, tags or variant are longer than the format allows.
    #[error("the head or what is kept beside it is longer than what is stored")]
    Head,
    /// `start` was called before.
    #[error("the fill was started before")]
    Again,
}

/// Tells when a response is stored.
#[derive(Debug)]
pub struct Receipt(pub(super) oneshot::Receiver<bool>);

impl Receipt {
    /// Waits until the response is in its file (true) or will not be (false). Need not be waited
    /// for: look-ups find the response meanwhile.
    pub async fn stored(self) -> bool {
        self.0.await.unwrap_or(false)
    }
}

/// A fill under way, for the one who brings the bytes. Dropped, it is given up and those who
/// wait are released.
pub struct Filling {
    fill: Arc<Fill>,
    ended: bool,
}

impl Filling {
    pub(super) const fn new(fill: Arc<Fill>) -> Self {
        Self { fill, ended: false }
    }

    /// The head is here, and is to be stored. Those who wait become readers.
    ///
    /// # Errors
    /// [`StartError`]: it cannot be stored; call [`Self::not_storable`].
    pub fn start(&mut self, start: Start<'_>) -> Result<(), StartError> {
        if start.length.is_some_and(|length| length > self.fill.core.settings.max_object) {
            return Err(StartError::Body);
        }
        let good = |tag: &&&[u8]| !tag.is_empty() && !tag.contains(&b'\n');
        let tags: Vec<&[u8]> = start.tags.iter().filter(good).copied().collect();
        let tags = tags.join(&b'\n');
        let variant = start.varies_by.map_or(&b""[..], |(_, variant)| variant.text);
        let names = start.varies_by.map_or(0, |(names, _)| names.len() + 2);
        let fields = [self.fill.key.len(), variant.len(), tags.len(), start.meta.len(), names];
        if fields.iter().any(|&length| length > MAX_FIELD) || start.head.len() > MAX_HEAD {
            return Err(StartError::Head);
        }
        let fixed = Fixed {
            kind: Kind::Response,
            lengths: [0; 5],
            aligned: start.length.is_some_and(|length| length >= ALIGNED_FROM),
            body: start.length.unwrap_or(0),
            stamp: self.fill.stamp,
            stored_at: now_ms(),
            generation: 0,
            sum: 0,
            soft: 0,
        };
        let parts = [&self.fill.key, variant, &tags, start.meta, start.head];
        let (fixed, bytes) = write_front(fixed, parts);
        let block = Bytes::from(bytes).slice(crate::store::format::FIXED..);
        let mut state = self.fill.state();
        if !matches!(state.stage, Stage::Asking) {
            return Err(StartError::Again);
        }
        state.stage = Stage::Streaming;
        state.front = Some(Arc::new(Front::new(fixed, block)));
        state.expected = start.length;
        state.varies_by = start
            .varies_by
            .map(|(names, variant)| VariesBy { names: names.into(), hash: variant.hash });
        drop(state);
        self.fill.core.fills.storable(&self.fill, start.varies_by.map(|(_, variant)| variant.hash));
        self.fill.tell();
        Ok(())
    }

    /// More of the body. Never blocks; ask [`Self::room`] before bringing more. Bytes that are a
    /// small part of a large buffer keep all of it until they are written: copy those.
    pub fn append(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let settings = &self.fill.core.settings;
        self.fill.core.unwritten.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let mut state = self.fill.state();
        state.window.push(bytes);
        let end = state.window.end();
        if end > settings.max_object && state.disk != Disk::Off {
            self.fill.turn_off(&mut state);
        } else if state.disk == Disk::Off {
            self.fill.trim(&mut state);
        } else if end > settings.hot_object && Fill::unwritten(&state) >= WRITE_PIECE {
            self.fill.flush_soon(&mut state);
        }
        drop(state);
        self.fill.tell();
    }

    /// Waits until there is room in memory for more: for the disk, or without one for the slowest
    /// reader. At once for a fill that keeps within its bounds.
    pub async fn room(&self) {
        loop {
            let notified = {
                let notified = self.fill.room.notified();
                let mut state = self.fill.state();
                if self.fill.has_room(&state) {
                    return;
                }
                if state.disk != Disk::Off && state.window.end() > 0 {
                    self.fill.flush_soon(&mut state);
                }
                notified
            };
            notified.await;
        }
    }

    /// [`Self::room`] would not wait.
    pub fn has_room(&self) -> bool {
        self.fill.has_room(&self.fill.state())
    }

    /// A reader of this fill, for the client that asked first. `None` before
    /// [`start`](Self::start).
    pub fn reader(&self) -> Option<Reader> {
        Reader::new(Arc::clone(&self.fill))
    }

    /// Those who wait or read, one's own [`Self::reader`] included.
    pub fn followers(&self) -> usize {
        self.fill.followers.load(Ordering::Relaxed)
    }

    /// Waits until nobody reads or waits any more.
    pub async fn deserted(&self) {
        // Whoever leaves gives a notice, which waits for the next to ask.
        while self.followers() > 0 {
            self.fill.room.notified().await;
        }
    }

    /// Bytes of the body so far.
    pub fn length(&self) -> u64 {
        self.fill.state().window.end()
    }

    /// The body is complete. From now on look-ups find the response; the file is completed in the
    /// background. A body that is not as long as its head said is not stored, and those who read
    /// it learn that it failed.
    pub fn commit(mut self) -> Receipt {
        self.ended = true;
        let (tell, told) = oneshot::channel();
        let mut state = self.fill.state();
        let wrong = state.expected.is_some_and(|length| length != state.window.end());
        if wrong || !matches!(state.stage, Stage::Streaming) {
            drop(state);
            self.fill.release(Released::Failed);
            return Receipt(told);
        }
        state.stage = Stage::Complete;
        state.stored = Some(tell);
        self.make_hot(&mut state);
        self.fill.finish_soon(&mut state);
        drop(state);
        self.fill.tell();
        Receipt(told)
    }

    /// A small response without variants is found from this moment on.
    fn make_hot(&self, state: &mut super::progress::State) {
        let small = state.window.start() == 0
            && state.window.end() <= self.fill.core.settings.hot_object
            && state.varies_by.is_none();
        let Some(front) = state.front.as_ref().filter(|_| small) else { return };
        if self.fill.superseded.load(Ordering::Relaxed) {
            return;
        }
        let front = front.with_body_length(state.window.end());
        // A copy: the pieces may be small parts of large buffers.
        let body = Bytes::from(state.window.from(0, u64::MAX).concat());
        let object = Arc::new(Object::new(Slot::of_key(self.fill.hash), front, Kept::Memory(body)));
        if self.fill.core.vet(&object) {
            self.fill.core.memory.insert(Arc::clone(&object));
            state.hot = Some(object);
        }
    }

    /// The response is not shared: those who wait go upstream, each on its own. By the lesson the
    /// next who ask for the key do not even wait, for a while.
    pub fn not_storable(mut self, lesson: Lesson) {
        self.ended = true;
        self.fill.core.fills.learn(&self.fill, lesson);
        self.fill.release(Released::NotStorable);
    }

    /// It failed: those who wait are released, those who read are told after what is here.
    pub fn abort(mut self) {
        self.ended = true;
        self.fill.release(Released::Failed);
    }

    /// The stored response is good (304): it gets this metadata and head, and those who wait get
    /// it. The body stays. Too long a head leaves the stored response as it was.
    pub fn refresh(mut self, entry: &Entry, meta: &[u8], head: &[u8]) -> Entry {
        self.ended = true;
        let core = &self.fill.core;
        let fresh = core.refresh(entry, meta, head, Some(self.fill.stamp));
        self.fill.state().stage = Stage::Refreshed(fresh.clone());
        core.fills.deregister_stored(&self.fill);
        self.fill.tell();
        fresh
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        if !self.ended {
            self.fill.release(Released::GivenUp);
        }
    }
}
