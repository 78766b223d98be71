//! What all parts of the store share, and how one response is found, judged and removed.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::calls::Calls;
use super::counters::{Count, Counters};
use super::disk::{self, FileBody, Layout, LoadError, Loaded, LoadedBody};
use super::fill::Fills;
use super::format::{Corrupt, Kind};
use super::health::Health;
use super::index::Index;
use super::local::Held;
use super::lock::lock;
use super::memory::Memory;
use super::object::{Entry, Found, Kept, Object, Source, Varying};
use super::pool::Pool;
use super::purge::{Log, PurgeQueue, Records, Verdict};
use super::settings::Settings;
use super::slot::Slot;
use crate::key::KeyHash;

const KEY_LOCKS: usize = 64;

/// The parts of the store. Locks are taken in this order: a key's lock, a draft, the state of a
/// fill, the table of fills, the log; index, memory and records are leaves.
pub(super) struct Core {
    pub(super) settings: Settings,
    pub(super) layout: Layout,
    pub(super) pool: Arc<Pool>,
    pub(super) calls: Calls,
    pub(super) index: Index,
    pub(super) memory: Memory,
    pub(super) counters: Counters,
    pub(super) health: Health,
    pub(super) records: Records,
    pub(super) purges: PurgeQueue,
    pub(super) log: Mutex<Log>,
    pub(super) fills: Fills,
    /// Bytes of fills that are in memory alone.
    pub(super) unwritten: AtomicU64,
    pub(super) walk_wanted: AtomicBool,
    /// Differs from that of any other store of the process.
    pub(super) number: u64,
    /// Whoever renames or marks a file of a key holds its lock.
    keys: Vec<Mutex<()>>,
    closing: AtomicBool,
    pub(super) alarm: (Mutex<()>, Condvar),
}

impl Core {
    pub(super) fn new(settings: Settings, pool: Arc<Pool>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let layout = Layout::new(&settings.dir);
        Self {
            log: Mutex::new(Log::default()),
            memory: Memory::new(settings.memory),
            settings,
            layout,
            pool,
            calls: Calls::default(),
            index: Index::default(),
            counters: Counters::default(),
            health: Health::default(),
            records: Records::default(),
            purges: PurgeQueue::default(),
            fills: Fills::default(),
            unwritten: AtomicU64::new(0),
            walk_wanted: AtomicBool::new(false),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            keys: (0..KEY_LOCKS).map(|_| Mutex::new(())).collect(),
            closing: AtomicBool::new(false),
            alarm: (Mutex::new(()), Condvar::new()),
        }
    }

    pub(super) fn key_lock(&self, hash: KeyHash) -> Option<MutexGuard<'_, ()>> {
        self.keys.get(Slot::of_key(hash).shard(KEY_LOCKS)).map(lock)
    }

    pub(super) fn closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.wake();
        self.purges.wake();
        self.pool.close();
    }

    /// Wakes those who look after the store.
    pub(super) fn wake(&self) {
        drop(lock(&self.alarm.0));
        self.alarm.1.notify_all();
    }

    // --- the directory ---

    /// Takes the directory into use, or makes it again. What is in it is counted anew.
    pub(super) fn rebuild(&self) -> io::Result<()> {
        if self.layout.usable() && !self.layout.check() {
            self.index.set_complete(false);
            self.index.clear();
        }
        if self.layout.prepare()? {
            self.take_over_log();
            self.walk_wanted.store(true, Ordering::Relaxed);
            self.wake();
        }
        Ok(())
    }

    /// The directory is ours from now on. Another process may have had it until now, and have
    /// accepted purges; so may we, and its log need not have kept ours: both are in force, and are
    /// written down together.
    fn take_over_log(&self) {
        let mut log = lock(&self.log);
        log.close();
        let taken = self.layout.dir().and_then(|dir| {
            log.load(&dir, &self.records)?;
            log.rewrite(&dir, &self.records)
        });
        if let Err(error) = taken {
            self.write_failed("taking the log of purges over", &error);
        }
    }

    /// Is there a directory, and did writing to it work or is it time to try?
    pub(super) fn may_write(&self) -> bool {
        self.layout.usable() && self.health.writing.open()
    }

    pub(super) fn write_failed(&self, doing: &str, error: &io::Error) {
        self.counters.add(Count::Errors);
        self.health.writing.failed(doing, error);
    }

    // --- room ---

    /// Evicts until the files are within the limit. False: they are not, and nothing can go.
    pub(super) fn make_room(&self) -> bool {
        while self.index.bytes() > self.settings.max_size {
            if !self.evict_one() {
                return false;
            }
        }
        true
    }

    pub(super) fn evict_one(&self) -> bool {
        let Some(slot) = self.index.evict() else { return false };
        // An open file would keep its place on the disk.
        self.memory.close_file(slot);
        if self.layout.remove(slot).is_ok() {
            self.counters.add(Count::Evictions);
        }
        true
    }

    // --- removal ---

    /// Removes a file that was judged, and what is held of it in memory.
    pub(super) fn remove(&self, slot: Slot) {
        self.memory.remove(slot);
        self.remove_file(slot);
    }

    pub(super) fn remove_file(&self, slot: Slot) {
        self.index.remove(slot);
        let _: io::Result<()> = self.layout.remove(slot);
    }

    /// Removes a file that is not what was written, unless another took its place.
    pub(super) fn remove_corrupt(&self, slot: Slot, why: Corrupt, inode: u64) {
        self.counters.add(Count::Corrupt);
        let file = self.layout.shown(slot);
        tracing::warn!(file = %file.display(), %why, "a damaged response was removed");
        let there = self.layout.dir().and_then(|dir| dir.entries.about(slot.below()));
        if there.is_ok_and(|about| about.st_ino == inode) {
            self.memory.close_file(slot);
            self.remove_file(slot);
        }
    }

    // --- finding ---

    /// Compares an object with the purges it was not yet compared with. False: it is gone.
    pub(super) fn vet(&self, object: &Arc<Object>) -> bool {
        let newest = self.records.newest();
        if object.checked.load(Ordering::Relaxed) >= newest {
            return true;
        }
        match self.records.judge(&object.front) {
            Verdict::Gone => {
                self.memory.remove_object(object);
                return false;
            }
            Verdict::Stale(stamp) => drop(object.soft.fetch_max(stamp, Ordering::Relaxed)),
            Verdict::Doubtful(stamp) => drop(object.doubtful.fetch_max(stamp, Ordering::Relaxed)),
            Verdict::Keep => {}
        }
        object.checked.fetch_max(newest, Ordering::Relaxed);
        true
    }

    /// Reads the file of a slot. Blocks.
    pub(super) fn fetch(self: &Arc<Self>, slot: Slot, key: &[u8], variant: &[u8]) -> Found {
        let found = self.try_fetch(slot, key, variant);
        self.counters.add(match found {
            Some(Found::Hit(_)) => Count::DiskHits,
            Some(Found::Varies(_)) => return found.unwrap_or(Found::Miss),
            _ => Count::Misses,
        });
        found.unwrap_or(Found::Miss)
    }

    fn try_fetch(self: &Arc<Self>, slot: Slot, key: &[u8], variant: &[u8]) -> Option<Found> {
        if let Some(object) = self.memory.get(slot) {
            return self.found(Held::Direct(object), key, variant, Source::Memory);
        }
        let note = self.index.touch(slot).unwrap_or(0);
        let loaded = match disk::load(&self.layout, slot, self.settings.hot_object, note) {
            Ok(loaded) => loaded,
            Err(LoadError::Absent) => {
                self.index.remove(slot);
                return None;
            }
            Err(LoadError::Corrupt(why, inode)) => {
                self.remove_corrupt(slot, why, inode);
                return None;
            }
            Err(LoadError::Io(error)) => {
                self.counters.add(Count::Errors);
                let doing = format!("reading {}", self.layout.shown(slot).display());
                self.health.reading.failed(&doing, &error);
                return None;
            }
        };
        self.health.reading.worked();
        if let LoadedBody::File { checked: true, .. } = loaded.body {
            self.index.set_note(slot, loaded.note);
        }
        // It was evicted while it was read: a purge may have passed it over.
        if !self.index.may_hold(slot) {
            return None;
        }
        let object = Arc::new(self.object(slot, loaded));
        self.memory.insert_if_absent(&object);
        let judged = Arc::clone(&object);
        let found = self.found(Held::Direct(object), key, variant, Source::Disk);
        if found.is_none() && self.records.judge(&judged.front) == Verdict::Gone {
            self.remove(slot);
        }
        found
    }

    /// What was read from the file of a slot.
    pub(super) fn object(self: &Arc<Self>, slot: Slot, loaded: Loaded) -> Object {
        let fixed = *loaded.front.fixed();
        let body = match loaded.body {
            LoadedBody::Memory(body) => Kept::Memory(body),
            LoadedBody::File { file, table, checked } => {
                let checked = Arc::new(AtomicU64::new(if checked { fixed.body } else { 0 }));
                let core = Arc::downgrade(self);
                let note = loaded.note;
                Kept::File(FileBody { file, fixed, table, checked, slot, note, core })
            }
        };
        Object::new(slot, loaded.front, body)
    }

    /// The object of a slot, if it is in memory. Waits for nobody.
    pub(super) fn held(&self, slot: Slot) -> Option<Held> {
        super::local::get(self.number, slot).or_else(|| {
            let object = self.memory.get(slot)?;
            if object.body.file().is_some() {
                // Its file is the one thing a memory hit uses of the disk.
                self.index.touch(slot);
                return Some(Held::Direct(object));
            }
            Some(super::local::keep(self.number, object))
        })
    }

    /// What an object is to one who asks for a key and variant: nothing when it was purged, or
    /// when it is another's whose hash is the same.
    pub(super) fn found(
        &self,
        object: Held,
        key: &[u8],
        variant: &[u8],
        source: Source,
    ) -> Option<Found> {
        if object.front.key() != key || object.front.variant() != variant || !self.vet(&object) {
            return None;
        }
        if object.front.fixed().kind == Kind::Vary {
            return Some(Found::Varies(Varying { object }));
        }
        let soft = object.soft_since();
        Some(Found::Hit(Entry { object, soft, source }))
    }
}
