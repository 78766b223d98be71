//! A stored response as it is answered with.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::disk::FileBody;
use super::front::Front;
use super::local::Held;
use super::settings::{OBJECT_OVERHEAD, OPEN_FILE};
use super::slot::Slot;

/// Where the body of an object is.
#[derive(Debug)]
pub(super) enum Kept {
    /// Here.
    Memory(Bytes),
    /// In its open file.
    File(FileBody),
}

impl Kept {
    /// The bytes, if they are here.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Memory(bytes) => Some(bytes),
            Self::File(_) => None,
        }
    }

    /// The open file, if they are there.
    pub(super) fn file(&self) -> Option<&FileBody> {
        match self {
            Self::Memory(_) => None,
            Self::File(file) => Some(file),
        }
    }

    /// The same body, for another head.
    pub(super) fn share(&self) -> Self {
        match self {
            Self::Memory(bytes) => Self::Memory(bytes.clone()),
            Self::File(file) => Self::File(file.clone()),
        }
    }

    fn charge(&self) -> u64 {
        self.bytes().map_or(OPEN_FILE, |bytes| bytes.len() as u64)
    }
}

/// A response with what is known of it; shared by all who answer with it.
pub struct Object {
    pub(super) slot: Slot,
    pub(super) front: Front,
    pub(super) body: Kept,
    /// The newest purge it was compared with.
    pub(super) checked: AtomicU64,
    /// Purge stamp of the newest soft purge that hit it.
    pub(super) soft: AtomicU64,
    /// Purge stamp since which it may have been changed.
    pub(super) doubtful: AtomicU64,
    /// Uses since the queue last asked.
    pub(super) uses: AtomicU8,
    /// No longer what the store answers with.
    pub(super) dead: AtomicBool,
    annex: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Object {
    pub(super) fn new(slot: Slot, front: Front, body: Kept) -> Self {
        Self {
            slot,
            checked: AtomicU64::new(0),
            soft: AtomicU64::new(front.fixed().soft),
            doubtful: AtomicU64::new(0),
            uses: AtomicU8::new(0),
            dead: AtomicBool::new(false),
            annex: OnceLock::new(),
            front,
            body,
        }
    }

    /// Everything but the body.
    pub const fn front(&self) -> &Front {
        &self.front
    }

    /// What a caller derives from the response once and wants to find again as long as it is in
    /// memory: made by the first who asks. `None` when another asked for another type before.
    pub fn annex<T: Any + Send + Sync>(&self, make: impl FnOnce(&Front) -> T) -> Option<&T> {
        self.annex.get_or_init(|| Box::new(make(&self.front))).downcast_ref()
    }

    /// Stamp of the soft purge that marked it stale since it was stored; 0: none did.
    pub(super) fn soft_since(&self) -> u64 {
        let soft = self.soft.load(Relaxed);
        if soft > self.front.fixed().stamp { soft } else { 0 }
    }

    pub(super) fn charge(&self) -> u32 {
        let bytes = self.front.size() + self.body.charge();
        u32::try_from(bytes + OBJECT_OVERHEAD).unwrap_or(u32::MAX)
    }

    pub(super) fn count_use(&self) {
        // Read first: what is hot already is not written to, so its cache line stays shared.
        let uses = self.uses.load(Relaxed);
        if uses < 3 {
            self.uses.store(uses + 1, Relaxed);
        }
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// From where a response was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// It was in memory.
    Memory,
    /// It was read from its file.
    Disk,
}

/// A stored response, found.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) object: Held,
    /// Stamp of the newest soft purge that hit it; 0: none did.
    pub(super) soft: u64,
    pub(super) source: Source,
}

/// The body of a stored response.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// All of it, in memory.
    Memory(&'a Bytes),
    /// In an open file, which stays readable when the response is removed meanwhile.
    File(&'a FileBody),
}

impl Entry {
    /// The response, shared.
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Everything but the body.
    pub fn front(&self) -> &Front {
        &self.object.front
    }

    /// What the caller gave to be kept beside the response.
    pub fn meta(&self) -> &[u8] {
        self.object.front.meta()
    }

    /// The head of the response.
    pub fn head(&self) -> &[u8] {
        self.object.front.head()
    }

    /// The body.
    pub fn body(&self) -> Body<'_> {
        match &self.object.body {
            Kept::Memory(bytes) => Body::Memory(bytes),
            Kept::File(file) => Body::File(file),
        }
    }

    /// Length of the body in bytes.
    pub fn body_length(&self) -> u64 {
        self.object.front.body_length()
    }

    /// When a soft purge hit it, in milliseconds since 1970: to be treated as stale from then on,
    /// whatever its age.
    pub const fn purged_soft_ms(&self) -> Option<u64> {
        // Stamps are microseconds.
        if self.soft > 0 { Some(self.soft / 1000) } else { None }
    }

    /// It may have been changed since it was stored, and must be validated before it is used.
    pub fn is_doubtful(&self) -> bool {
        self.object.doubtful.load(Relaxed) > self.object.front.fixed().stamp
    }

    /// From where it was answered.
    pub const fn source(&self) -> Source {
        self.source
    }
}

/// How the responses of a key vary.
#[derive(Clone, Debug)]
pub struct Varying {
    pub(super) object: Held,
}

impl Varying {
    /// The lists of field names, the newest first, as they were given to
    /// [`Filling::start`](super::Filling::start). A variant may lie under any of them. What is
    /// made of them is kept with the record ([`Object::annex`]).
    pub fn lists(&self) -> impl Iterator<Item = &[u8]> {
        super::varying::lists(self.object.front.meta())
    }

    /// The record, shared.
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    pub(super) fn generation(&self) -> u64 {
        self.object.front.fixed().generation
    }
}

/// What a look-up found.
#[derive(Clone, Debug)]
pub enum Found {
    /// A response.
    Hit(Entry),
    /// The key has variants: look again with [`Store::lookup_variant`](super::Store::lookup_variant).
    Varies(Varying),
    /// Nothing.
    Miss,
}
