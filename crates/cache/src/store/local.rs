//! Each thread's own handles on the hottest objects, so that threads that answer with the same
//! object do not pull its counts of references, and the lock of its shard, from each other.
//!
//! A thread keeps [`HANDLES`] of them, one per place. The object itself tells when it is no longer
//! what the store answers with; its memory is freed when the thread next looks at that place. That
//! bounds what may be kept beyond the memory limit: `HANDLES` objects of the largest size a thread.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

use super::object::Object;
use super::slot::Slot;

/// Objects a thread has handles on. A power of two.
const HANDLES: usize = 128;
/// An object used less is not worth a handle.
const WORTH: u8 = 2;

/// A share of an object whose count of references one thread has to itself.
#[derive(Debug)]
pub(super) struct Handle(Arc<Object>);

/// An object, held directly or through a thread's own handle.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Direct(Arc<Object>),
    Own(Arc<Handle>),
}

impl Deref for Held {
    type Target = Arc<Object>;

    fn deref(&self) -> &Arc<Object> {
        match self {
            Self::Direct(object) => object,
            Self::Own(handle) => &handle.0,
        }
    }
}

/// The handles of one thread, all on objects of one store.
#[derive(Default)]
struct Handles {
    store: u64,
    places: Vec<Option<Arc<Handle>>>,
}

thread_local! {
    static HELD: RefCell<Handles> = RefCell::default();
}

fn place_of(slot: Slot) -> usize {
    slot.fingerprint() as usize % HANDLES
}

impl Handles {
    fn get(&mut self, store: u64, slot: Slot) -> Option<Held> {
        if self.store != store {
            return None;
        }
        let place = self.places.get_mut(place_of(slot))?;
        let handle = place.as_ref()?;
        if handle.0.dead.load(Acquire) {
            *place = None;
            return None;
        }
        if handle.0.slot != slot {
            return None;
        }
        handle.0.count_use();
        Some(Held::Own(Arc::clone(handle)))
    }

    fn keep(&mut self, store: u64, object: Arc<Object>) -> Held {
        if self.store != store {
            *self = Self { store, places: vec![None; HANDLES] };
        }
        let handle = Arc::new(Handle(object));
        if let Some(place) = self.places.get_mut(place_of(handle.0.slot)) {
            *place = Some(Arc::clone(&handle));
        }
        Held::Own(handle)
    }
}

/// What this thread holds of a slot of a store. Counts the use.
pub(super) fn get(store: u64, slot: Slot) -> Option<Held> {
    // Where the thread is ending there are no handles any more.
    HELD.try_with(|held| held.try_borrow_mut().ok()?.get(store, slot)).ok().flatten()
}

/// Holds an object for this thread from now on, if it is used enough.
pub(super) fn keep(store: u64, object: Arc<Object>) -> Held {
    if object.uses.load(std::sync::atomic::Ordering::Relaxed) < WORTH {
        return Held::Direct(object);
    }
    HELD.try_with(|held| {
        let mut held = held.try_borrow_mut().ok()?;
        Some(held.keep(store, Arc::clone(&object)))
    })
    .ok()
    .flatten()
    .unwrap_or(Held::Direct(object))
}
