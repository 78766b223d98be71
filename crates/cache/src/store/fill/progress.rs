//! What the fill, its readers and the disk know of each other.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot, watch};

use super::collapse::{Alone, FillId};
use super::reader::Released;
use super::window::Window;
use crate::key::{Key, KeyHash};
use crate::store::core::Core;
use crate::store::disk::Draft;
use crate::store::front::Front;
use crate::store::lock::lock;
use crate::store::object::{Entry, Object};
use crate::store::settings::{LATE, READ_PIECE, UNWRITTEN, UNWRITTEN_SCARCE, UNWRITTEN_TOTAL};

/// How far a fill has come.
pub(super) enum Stage {
    /// The head is not known.
    Asking,
    /// The head is known, the body comes.
    Streaming,
    /// All of the body is here.
    Complete,
    /// It was not a response but the news that a stored one is good.
    Refreshed(Entry),
    /// Nothing more comes.
    Released(Released),
}

/// What the disk does for a fill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Disk {
    Idle,
    Busy(Instant),
    /// It takes no more of this fill.
    Off,
}

/// What a response varies by.
pub(super) struct VariesBy {
    pub(super) names: Box<[u8]>,
    pub(super) hash: KeyHash,
}

pub(super) struct State {
    pub(super) stage: Stage,
    pub(super) front: Option<Arc<Front>>,
    pub(super) varies_by: Option<VariesBy>,
    /// What the head says of the body's length.
    pub(super) expected: Option<u64>,
    pub(super) window: Window,
    /// Bytes that are in the file.
    pub(super) written: u64,
    pub(super) file: Option<Arc<File>>,
    pub(super) disk: Disk,
    /// Where each reader is.
    pub(super) readers: HashMap<u64, u64>,
    pub(super) next_reader: u64,
    /// Put in memory at the commit.
    pub(super) hot: Option<Arc<Object>>,
    pub(super) stored: Option<oneshot::Sender<bool>>,
}

/// One fill.
pub(in crate::store) struct Fill {
    pub(super) core: Arc<Core>,
    /// What was asked for.
    pub(super) asked: FillId,
    pub(super) hash: KeyHash,
    pub(super) key: Box<[u8]>,
    began: Instant,
    /// The newest purge when it began.
    pub(super) stamp: u64,
    state: Mutex<State>,
    pub(super) draft: Mutex<Option<Draft>>,
    pub(super) progress: watch::Sender<()>,
    pub(super) room: Notify,
    pub(super) followers: AtomicUsize,
    /// A purge came and another fill took its place: it is not stored.
    pub(super) superseded: AtomicBool,
    /// Whether others join it.
    pub(super) alone: Alone,
}

/// What a reader gets next.
pub(super) enum Next {
    Bytes(Bytes),
    /// From the file: where the body begins in it, and how much may be read.
    File(Arc<File>, u64, u64),
    Wait,
    End,
    Failed(Released),
}

impl Fill {
    pub(super) fn new(core: Arc<Core>, asked: FillId, key: Key<'_>, alone: Alone) -> Self {
        Self {
            began: Instant::now(),
            stamp: core.records.newest(),
            asked,
            hash: key.hash,
            key: key.text.into(),
            core,
            state: Mutex::new(State {
                stage: Stage::Asking,
                front: None,
                varies_by: None,
                expected: None,
                window: Window::default(),
                written: 0,
                file: None,
                disk: Disk::Idle,
                readers: HashMap::new(),
                next_reader: 0,
                hot: None,
                stored: None,
            }),
            draft: Mutex::new(None),
            progress: watch::Sender::new(()),
            room: Notify::new(),
            followers: AtomicUsize::new(0),
            superseded: AtomicBool::new(false),
            alone,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Its head has not come.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self.state().stage, Stage::Asking)
    }

    /// The request that began it carries credentials.
    pub(super) const fn has_credentials(&self) -> bool {
        matches!(self.alone, Alone::No(asker) if asker.has_credentials())
    }

    /// Upstream has taken so long for its head that another request may be quicker.
    pub(super) fn is_late(&self) -> bool {
        self.began.elapsed() > LATE && matches!(self.state().stage, Stage::Asking)
    }

    /// Wakes the readers.
    pub(super) fn tell(&self) {
        self.progress.send_replace(());
    }

    /// What the reader `id`, who has everything before `at`, gets next.
    pub(super) fn next(&self, id: u64, at: u64) -> Next {
        let mut state = self.state();
        if let Some(place) = state.readers.get_mut(&id) {
            *place = at;
        }
        if state.disk == Disk::Off {
            // The fill may be waiting for this reader.
            self.trim(&mut state);
            self.room.notify_one();
        }
        if let Some(bytes) = state.window.piece(at) {
            return Next::Bytes(bytes);
        }
        if at < state.written
            && let (Some(file), Some(front)) = (&state.file, &state.front)
        {
            let length = (state.written - at).min(READ_PIECE);
            return Next::File(Arc::clone(file), front.fixed().body_at(), length);
        }
        match &state.stage {
            _ if at < state.window.end() => Next::Failed(Released::Disk),
            Stage::Complete => Next::End,
            Stage::Released(why) => Next::Failed(*why),
            Stage::Asking | Stage::Streaming => Next::Wait,
            Stage::Refreshed(_) => Next::End,
        }
    }

    /// Without a disk, keeps what some reader has yet to get; lets go of the rest.
    pub(super) fn trim(&self, state: &mut State) {
        if state.window.start() == 0 && state.window.end() <= self.core.settings.hot_object {
            return; // small enough for memory: all of it is wanted at the commit
        }
        let end = state.window.end();
        let slowest = state.readers.values().copied().min().unwrap_or(end);
        self.recount(state, |state| {
            state.window.drop_before(slowest);
        });
    }

    /// Does what changes how many bytes are in memory alone.
    pub(super) fn recount(&self, state: &mut State, act: impl FnOnce(&mut State)) {
        let before = Self::unwritten(state);
        act(state);
        let less = before.saturating_sub(Self::unwritten(state));
        self.core.unwritten.fetch_sub(less, Ordering::Relaxed);
    }

    /// Gives up the disk for this fill. What readers have yet to get stays in memory. Others must
    /// ask upstream on their own from now on, unless all of it fits in memory.
    pub(super) fn turn_off(&self, state: &mut State) {
        state.disk = Disk::Off;
        if state.window.end() > self.core.settings.hot_object {
            self.core.fills.deregister(self);
        }
        self.trim(state);
        self.room.notify_one();
    }

    /// Bytes that are in memory alone.
    pub(super) fn unwritten(state: &State) -> u64 {
        state.window.end() - state.window.start().max(state.written)
    }

    /// May the fill go on?
    pub(super) fn has_room(&self, state: &State) -> bool {
        let scarce = self.core.unwritten.load(Ordering::Relaxed) > UNWRITTEN_TOTAL;
        Self::unwritten(state) <= if scarce { UNWRITTEN_SCARCE } else { UNWRITTEN }
    }

    /// Ends it before its time. Readers get what is here and then the reason.
    pub(super) fn release(&self, why: Released) {
        self.core.fills.deregister(self);
        let mut state = self.state();
        if matches!(state.stage, Stage::Asking | Stage::Streaming) {
            state.stage = Stage::Released(why);
        }
        let busy = matches!(state.disk, Disk::Busy(_));
        state.disk = Disk::Off;
        self.trim(&mut state);
        drop(state);
        self.tell();
        self.room.notify_one();
        // While a thread writes to it, that thread removes it.
        if !busy {
            self.discard();
        }
    }

    /// Removes the unfinished file. Readers who have it open go on.
    pub(super) fn discard(&self) {
        let draft = lock(&self.draft).take();
        if draft.is_some() {
            self.core.pool.submit(move || drop(draft));
        }
    }
}

impl Drop for Fill {
    fn drop(&mut self) {
        let left = Self::unwritten(&self.state());
        self.core.unwritten.fetch_sub(left, Ordering::Relaxed);
        self.core.fills.ended(self.asked);
    }
}
