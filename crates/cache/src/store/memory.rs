//! Hot objects: found without waiting, answered with as they are.

use std::collections::HashMap;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, Release},
};
use std::sync::{Arc, Mutex, RwLock};

use super::lock::{lock, read, write};
use super::object::Object;
use super::queues::{Enter, Queues};
use super::slot::{BuildAsIs, Slot};

/// A shard has at least this much, so that an object of the largest size finds room in it.
const SHARD_BYTES: u64 = 2 << 20;
const MOST_SHARDS: usize = 64;

#[derive(Default)]
struct Shard {
    /// Readers take it shared and for one look-up; writers only when the map changes.
    map: RwLock<HashMap<Slot, Arc<Object>, BuildAsIs>>,
    /// Taken before `map`, by writers alone.
    queues: Mutex<Queues>,
}

/// The memory tier.
pub(super) struct Memory {
    shards: Vec<Shard>,
    shard_bytes: u64,
    bytes: AtomicU64,
    objects: AtomicU64,
}

impl Memory {
    /// Room for so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        let shards = usize::try_from(bytes / SHARD_BYTES).unwrap_or(MOST_SHARDS);
        let shards = shards.clamp(1, MOST_SHARDS);
        Self {
            shards: (0..shards).map(|_| Shard::default()).collect(),
            shard_bytes: bytes / shards as u64,
            bytes: AtomicU64::new(0),
            objects: AtomicU64::new(0),
        }
    }

    fn shard(&self, slot: Slot) -> Option<&Shard> {
        self.shards.get(slot.shard(self.shards.len()))
    }

    /// The object of a slot. Counts the use.
    pub(super) fn get(&self, slot: Slot) -> Option<Arc<Object>> {
        let object = read(&self.shard(slot)?.map).get(&slot).map(Arc::clone)?;
        object.count_use();
        Some(object)
    }

    /// The object of a slot, for who does not use it.
    pub(super) fn peek(&self, slot: Slot) -> Option<Arc<Object>> {
        read(&self.shard(slot)?.map).get(&slot).map(Arc::clone)
    }

    /// Holds an object that was read from its file, unless a newer one is held already.
    pub(super) fn insert_if_absent(&self, object: &Arc<Object>) {
        let Some(shard) = self.shard(object.slot) else { return };
        let mut queues = lock(&shard.queues);
        if !queues.contains(object.slot) {
            self.place(shard, &mut queues, Arc::clone(object));
        }
    }

    /// Holds an object from now on, and lets others go for it. One that has no room is not held,
    /// and what was held for its slot goes.
    pub(super) fn insert(&self, object: Arc<Object>) {
        let Some(shard) = self.shard(object.slot) else { return };
        let mut queues = lock(&shard.queues);
        self.take(shard, &mut queues, object.slot);
        self.place(shard, &mut queues, object);
    }

    /// Holds `new` in place of `old`, unless another took that place.
    pub(super) fn replace(&self, old: &Arc<Object>, new: Arc<Object>) {
        let Some(shard) = self.shard(old.slot) else { return };
        let mut queues = lock(&shard.queues);
        let other = read(&shard.map).get(&old.slot).is_some_and(|held| !Arc::ptr_eq(held, old));
        if !other {
            self.take(shard, &mut queues, old.slot);
            self.place(shard, &mut queues, new);
        }
    }

    fn place(&self, shard: &Shard, queues: &mut Queues, object: Arc<Object>) {
        let (slot, charge) = (object.slot, object.charge());
        if u64::from(charge) > self.shard_bytes {
            return;
        }
        while queues.units() + u64::from(charge) > self.shard_bytes {
            let uses = |slot| {
                let map = read(&shard.map);
                map.get(&slot).map_or(0, |object: &Arc<Object>| object.uses.swap(0, Relaxed))
            };
            let Some((gone, _)) = queues.evict(None, uses) else { break };
            self.forget(shard, gone);
        }
        queues.insert(slot, charge, Enter::New);
        self.bytes.fetch_add(u64::from(charge), Relaxed);
        self.objects.fetch_add(1, Relaxed);
        write(&shard.map).insert(slot, object);
    }

    /// Lets an object go.
    pub(super) fn remove(&self, slot: Slot) {
        if let Some(shard) = self.shard(slot) {
            self.take(shard, &mut lock(&shard.queues), slot);
        }
    }

    /// Lets the open file of a slot go, if that is what is held of it.
    pub(super) fn close_file(&self, slot: Slot) {
        if self.get(slot).is_some_and(|object| object.body.file().is_some()) {
            self.remove(slot);
        }
    }

    /// Lets this very object go, not one that came in its place.
    pub(super) fn remove_object(&self, object: &Arc<Object>) {
        let Some(shard) = self.shard(object.slot) else { return };
        let mut queues = lock(&shard.queues);
        let same = read(&shard.map).get(&object.slot).is_some_and(|held| Arc::ptr_eq(held, object));
        if same {
            self.take(shard, &mut queues, object.slot);
        }
    }

    fn take(&self, shard: &Shard, queues: &mut Queues, slot: Slot) {
        if queues.remove(slot).is_some() {
            self.forget(shard, slot);
        }
    }

    /// After the queue let go of it.
    fn forget(&self, shard: &Shard, slot: Slot) {
        if let Some(object) = write(&shard.map).remove(&slot) {
            object.dead.store(true, Release);
            self.bytes.fetch_sub(u64::from(object.charge()), Relaxed);
            self.objects.fetch_sub(1, Relaxed);
        }
    }

    /// All objects, shard by shard.
    pub(super) fn each(&self, mut act: impl FnMut(&Arc<Object>)) {
        for shard in &self.shards {
            let objects: Vec<_> = read(&shard.map).values().map(Arc::clone).collect();
            objects.iter().for_each(&mut act);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub(super) fn objects(&self) -> u64 {
        self.objects.load(Relaxed)
    }
}
