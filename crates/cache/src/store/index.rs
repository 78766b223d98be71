//! What is on disk, for two purposes only: to know how much, and to choose what goes. A file is
//! found by its name, not by this.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::lock::lock;
use super::queues::{Enter, Queue, Queues, is_small_due};
use super::settings::{FILE_UNIT, USED_NOTES};
use super::slot::Slot;

/// Shards of the index; each has its files in four folders of its own.
pub(super) const SHARDS: usize = 64;

#[derive(Default)]
struct Shard {
    queues: Queues,
    /// Used for the first time since the last round of upkeep.
    used: Vec<Slot>,
}

/// The index of all files.
pub(super) struct Index {
    shards: Vec<Mutex<Shard>>,
    units: AtomicU64,
    /// Of them, units in small queues.
    small: AtomicU64,
    /// Units of files that are being written.
    unfinished: AtomicU64,
    objects: AtomicU64,
    next: AtomicUsize,
    complete: AtomicBool,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            units: AtomicU64::new(0),
            small: AtomicU64::new(0),
            unfinished: AtomicU64::new(0),
            objects: AtomicU64::new(0),
            next: AtomicUsize::new(0),
            complete: AtomicBool::new(false),
        }
    }
}

/// Units a file of that many bytes takes.
pub(super) fn units_of(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(FILE_UNIT)).unwrap_or(u32::MAX)
}

impl Index {
    fn with<R>(&self, slot: Slot, act: impl FnOnce(&mut Shard) -> R) -> Option<R> {
        self.shards.get(slot.shard(SHARDS)).map(|shard| self.within(&mut lock(shard), act))
    }

    fn within<R>(&self, shard: &mut Shard, act: impl FnOnce(&mut Shard) -> R) -> R {
        let before = shard.queues.small_units();
        let out = act(shard);
        let after = shard.queues.small_units();
        self.small.fetch_add(after.wrapping_sub(before), Relaxed);
        out
    }

    // The sums change under the lock of the shard: nothing is subtracted before it was added.

    pub(super) fn insert(&self, slot: Slot, bytes: u64, enter: Enter) {
        let units = units_of(bytes);
        self.with(slot, |shard| {
            let before = shard.queues.insert(slot, units, enter);
            self.units.fetch_add(u64::from(units), Relaxed);
            match before {
                Some(before) => self.units.fetch_sub(u64::from(before), Relaxed),
                None => self.objects.fetch_add(1, Relaxed),
            }
        });
    }

    /// Counts a use and gives what was noted of the file; `None` when it is not known.
    pub(super) fn touch(&self, slot: Slot) -> Option<u32> {
        self.with(slot, |shard| {
            let known = shard.queues.touch(slot)?;
            if known.first_use && shard.used.len() < USED_NOTES {
                shard.used.push(slot);
            }
            Some(known.note)
        })
        .flatten()
    }

    pub(super) fn set_note(&self, slot: Slot, note: u32) {
        self.with(slot, |shard| shard.queues.set_note(slot, note));
    }

    /// False only when there certainly is no such file.
    pub(super) fn may_hold(&self, slot: Slot) -> bool {
        !self.complete.load(Relaxed)
            || self.with(slot, |shard| shard.queues.contains(slot)) == Some(true)
    }

    pub(super) fn remove(&self, slot: Slot) {
        self.with(slot, |shard| {
            if let Some(units) = shard.queues.remove(slot) {
                self.subtract(units);
            }
        });
    }

    /// Takes out the file to go next. From which queue is decided for all shards together, since
    /// a shard alone may be too small to have a sensible share; then the shards take turns.
    pub(super) fn evict(&self) -> Option<Slot> {
        let small = is_small_due(self.small.load(Relaxed), self.units.load(Relaxed));
        let first = if small { Queue::Small } else { Queue::Main };
        self.evict_from(Some(first)).or_else(|| self.evict_from(None))
    }

    fn evict_from(&self, queue: Option<Queue>) -> Option<Slot> {
        let start = self.next.fetch_add(1, Relaxed);
        (0..SHARDS).find_map(|step| {
            let mut shard = self.shards.get((start.wrapping_add(step)) % SHARDS).map(lock)?;
            self.within(&mut shard, |shard| {
                let (slot, units) = shard.queues.evict(queue, |_| 0)?;
                self.subtract(units);
                Some(slot)
            })
        })
    }

    fn subtract(&self, units: u32) {
        self.units.fetch_sub(u64::from(units), Relaxed);
        self.objects.fetch_sub(1, Relaxed);
    }

    /// What was used for the first time since this was last asked.
    pub(super) fn take_used(&self) -> Vec<Slot> {
        self.shards.iter().flat_map(|shard| std::mem::take(&mut lock(shard).used)).collect()
    }

    pub(super) fn add_unfinished(&self, units: u64) {
        self.unfinished.fetch_add(units, Relaxed);
    }

    pub(super) fn sub_unfinished(&self, units: u64) {
        self.unfinished.fetch_sub(units, Relaxed);
    }

    /// Bytes of all files, unfinished ones included.
    pub(super) fn bytes(&self) -> u64 {
        (self.units.load(Relaxed) + self.unfinished.load(Relaxed)) * FILE_UNIT
    }

    pub(super) fn objects(&self) -> u64 {
        self.objects.load(Relaxed)
    }

    pub(super) fn complete(&self) -> bool {
        self.complete.load(Relaxed)
    }

    pub(super) fn set_complete(&self, complete: bool) {
        self.complete.store(complete, Relaxed);
    }

    /// Forgets everything: the directory is gone.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            let (units, objects) = (shard.queues.units(), shard.queues.len() as u64);
            self.within(&mut shard, |shard| shard.queues.clear());
            shard.used.clear();
            self.units.fetch_sub(units, Relaxed);
            self.objects.fetch_sub(objects, Relaxed);
        }
    }

    /// Bytes of memory it takes.
    pub(super) fn memory(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).queues.memory()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyHash;

    /// The promise of 200 bytes for each stored object, where slab and map have just doubled.
    #[test]
    fn an_object_takes_less_than_200_bytes_of_memory() {
        let index = Index::default();
        let mut worst = 0.0_f64;
        for number in 0_u64..300_000 {
            let slot = Slot::of_key(KeyHash::of(&number.to_le_bytes()));
            index.insert(slot, 1000, Enter::New);
            if number > 20_000 && number % 1000 == 0 {
                #[allow(clippy::cast_precision_loss)]
                let each = index.memory() as f64 / number as f64;
                worst = worst.max(each);
            }
        }
        assert!(worst < 200.0, "{worst}");
    }

    #[test]
    fn what_is_evicted_is_subtracted() {
        let index = Index::default();
        let slot = Slot::of_key(KeyHash::of(b"a"));
        index.insert(slot, 5000, Enter::New);
        index.insert(slot, 100, Enter::New);
        assert_eq!((index.bytes(), index.objects()), (4096, 1));
        assert_eq!(index.evict(), Some(slot));
        assert_eq!((index.bytes(), index.objects(), index.evict()), (0, 0, None));
    }
}
