//! Where responses lie: in files, the hot ones in memory too, and on their way from upstream.
//!
//! Owns the cache directory, the memory tier, eviction, purges, and the joining of simultaneous
//! misses. Refuses to know HTTP: a head, metadata and the names a response varies by are bytes to
//! it, and whether a response is fresh is not asked here.
//!
//! A data-plane thread never waits for a file: [`Store::lookup`] answers from memory or gives a
//! future, and all files are read and written by the store's own threads. No error of the disk is
//! an error of the store: it is a miss, counted, and told in [`Store::status`].
//!
//! | file | one idea |
//! |---|---|
//! | `settings.rs` | what is set, and every limit |
//! | `slot.rs`, `format.rs`, `front.rs` | the name of a file, its bytes, its front in memory |
//! | `varying.rs` | how a key comes to have variants |
//! | `disk/` | the directory; reading, writing and counting files |
//! | `index.rs`, `queues.rs` | how much there is, and what goes (S3-FIFO) |
//! | `memory.rs`, `local.rs`, `object.rs` | hot objects, shared and each thread's own |
//! | `fill/` | from upstream to the file, with readers following; collapse |
//! | `purge/` | purges: in force at once, worked off later, kept over restarts |
//! | `core.rs` | one response found, judged, removed |
//! | `pool.rs`, `calls.rs`, `upkeep.rs` | the threads |
//! | `health.rs`, `counters.rs` | what is told about it |

mod calls;
mod core;
mod counters;
mod disk;
mod fill;
pub mod format;
mod front;
mod health;
mod index;
mod local;
mod lock;
mod memory;
mod object;
mod peek;
mod pool;
mod purge;
mod queues;
mod settings;
mod slot;
mod upkeep;
mod varying;

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

pub use counters::{Status, Totals};
pub use disk::{BodyError, FileBody, examine};
pub use fill::{
    Asker, Filling, Joined, Lesson, Reader, Receipt as StoreReceipt, Released, Role, Start,
    StartError, Ticket, Waiter,
};
pub use front::Front;
pub use health::Trouble;
pub use object::{Body, Entry, Found, Object, Source, Varying};
pub use purge::{Mode, Purge, PurgeError, Receipt as PurgeReceipt};
pub use settings::{BLOCK, FILE_UNIT, MAX_FIELD, MAX_HEAD, OBJECT_OVERHEAD, Settings, VARY_LISTS};

use self::core::Core;
use self::counters::Count;
use self::lock::lock;
use self::pool::Pool;
use self::settings::QUEUED_LOOKUPS;
use self::slot::Slot;
use crate::key::Key;
use crate::vary::VariantKey;

/// The store. Clones are the same store; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.core.close();
    }
}

/// The answer to a look-up, now or later.
#[derive(Debug)]
pub enum Lookup {
    /// Found in memory, or certainly not there.
    Now(Found),
    /// A file is being read.
    Later(Fetch),
}

/// A file being read. Resolves to [`Found::Miss`] whatever goes wrong, within a bounded time.
#[derive(Debug)]
pub struct Fetch {
    answer: oneshot::Receiver<Found>,
    /// Purge stamp of the newest soft purge of the key, where a variant is looked for.
    soft: u64,
}

impl Future for Fetch {
    type Output = Found;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Found> {
        let soft = self.soft;
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|found| found.unwrap_or(Found::Miss).purged_until(soft))
    }
}

impl Lookup {
    /// Waits for the file if there is one to wait for.
    pub async fn found(self) -> Found {
        match self {
            Self::Now(found) => found,
            Self::Later(fetch) => fetch.await,
        }
    }
}

impl Found {
    fn purged_until(mut self, soft: u64) -> Self {
        if let Self::Hit(entry) = &mut self
            && soft > entry.object.front.fixed().stamp
        {
            entry.soft = entry.soft.max(soft);
        }
        self
    }
}

impl Store {
    /// Opens a directory, or makes it. Answers at once: what is there is found by name while it
    /// is being counted. A directory that cannot be used now is no error; [`Self::status`] tells,
    /// and it is tried again.
    pub fn open(mut settings: Settings) -> Self {
        // What is not stored is not held in memory either.
        settings.hot_object = settings.hot_object.min(settings.max_object);
        let (pool, mut threads) = Pool::start(settings.io_threads);
        let core = Arc::new(Core::new(settings, pool));
        if let Err(error) = core.rebuild() {
            let doing = format!("opening the directory {}", core.settings.dir.display());
            core.write_failed(&doing, &error);
        }
        type Job = fn(&Arc<Core>);
        let upkeep: (&str, Job) = ("cache-upkeep", upkeep::run);
        for (name, job) in [upkeep, ("cache-watch", upkeep::watch), ("cache-purge", purge::run)] {
            let of_thread = Arc::clone(&core);
            let thread = thread::Builder::new().name(name.to_owned());
            match thread.spawn(move || job(&of_thread)) {
                Ok(thread) => threads.push(thread),
                Err(error) => core.health.writing.failed("starting a thread", &error),
            }
        }
        Self { inner: Arc::new(Inner { core, threads: Mutex::new(threads) }) }
    }

    /// Ends the store's threads after what they are at: fills that are complete are written. The
    /// directory is free for another store then. Blocks as long as the disk takes.
    pub fn close(&self) {
        self.inner.core.close();
        let threads = std::mem::take(&mut *lock(&self.inner.threads));
        threads.into_iter().for_each(|thread| drop(thread.join()));
        self.inner.core.layout.release();
    }

    // --- look-up ---

    /// Looks for the response of a key, or for how it varies.
    pub fn lookup(&self, key: Key<'_>) -> Lookup {
        self.look(Slot::of(key, None), key, b"", 0)
    }

    /// Looks for a variant: `variant` is what the request says in the fields of one of
    /// [`Varying::lists`].
    pub fn lookup_variant(
        &self,
        key: Key<'_>,
        varying: &Varying,
        variant: VariantKey<'_>,
    ) -> Lookup {
        let slot = Slot::of(key, Some((varying.generation(), variant)));
        let soft = varying.object.soft.load(Ordering::Relaxed);
        self.look(slot, key, variant.text, soft)
    }

    fn look(&self, slot: Slot, key: Key<'_>, variant: &[u8], soft: u64) -> Lookup {
        let core = &self.inner.core;
        if let Some(object) = core.held(slot) {
            let found = core.found(object, key.text, variant, Source::Memory);
            match &found {
                Some(Found::Hit(_)) => core.counters.add(Count::MemoryHits),
                Some(_) => {}
                None => core.counters.add(Count::Misses),
            }
            return Lookup::Now(found.unwrap_or(Found::Miss).purged_until(soft));
        }
        let readable = core.layout.usable() && core.index.may_hold(slot);
        if !readable || !core.health.reading.open() {
            core.counters.add(Count::Misses);
            return Lookup::Now(Found::Miss);
        }
        let (of_job, key, variant) = (Arc::clone(core), key.text.to_vec(), variant.to_vec());
        let read = move || of_job.fetch(slot, &key, &variant);
        match core.calls.try_call(&core.pool, QUEUED_LOOKUPS, read) {
            Some(answer) => Lookup::Later(Fetch { answer, soft }),
            None => {
                core.counters.add(Count::Overloads);
                core.counters.add(Count::Misses);
                Lookup::Now(Found::Miss)
            }
        }
    }

    // --- filling ---

    /// Taken before a look-up that may lead to [`Self::begin_or_join`].
    pub fn ticket(&self) -> Ticket {
        self.inner.core.fills.ticket()
    }

    /// After a miss, or to revalidate: joins the request that another made upstream for the same
    /// key and variant, or takes it on. The variant is given where the key is known to vary.
    /// The ticket was taken before the look-up: where another was stored since, one is told to
    /// look again, so that of many who miss at one time just one asks upstream. Whose answer is
    /// unlikely to be shared, by `asker` and by what the last answer was, waits for none.
    pub fn begin_or_join(
        &self,
        key: Key<'_>,
        variant: Option<VariantKey<'_>>,
        ticket: Ticket,
        asker: Asker,
    ) -> Role {
        self.inner.core.fills.begin_or_join(&self.inner.core, key, variant, ticket, asker)
    }

    /// After a miss, or to revalidate, for a request whose answer may not serve others while it
    /// comes: it asks for a part, or insists that upstream is asked for itself. `None`: too many
    /// fills are under way.
    pub fn begin_alone(&self, key: Key<'_>) -> Option<Filling> {
        self.inner.core.fills.begin_alone(&self.inner.core, key)
    }

    /// Gives a stored response another head and metadata, as a HEAD response does; for a 304 use
    /// [`Filling::refresh`]. Look-ups find it from now on.
    pub fn refresh(&self, entry: &Entry, meta: &[u8], head: &[u8]) -> Entry {
        self.inner.core.refresh(entry, meta, head, None)
    }

    // --- purging ---

    /// Purges. In force when this returns, whatever the number of responses it hits.
    ///
    /// # Errors
    /// [`PurgeError`]: too many at one time, or a text that cannot be a key or tag.
    pub fn purge(&self, purge: Purge<'_>, mode: Mode) -> Result<PurgeReceipt, PurgeError> {
        self.inner.core.purge(purge, mode)
    }

    /// Purges what a request changed, on the account of its client: a hash of the client's address.
    /// In force when this returns. Nothing is recorded where nothing is stored nor coming in; where
    /// there are too many, what it may hit must be validated before it is used
    /// ([`Entry::is_doubtful`]).
    pub fn invalidate(&self, purge: Purge<'_>, mode: Mode, client: u64) -> PurgeReceipt {
        self.inner.core.invalidate(purge, mode, client)
    }

    // --- telling ---

    /// The state of the store.
    pub fn status(&self) -> Status {
        let core = &self.inner.core;
        Status {
            totals: core.counters.totals(),
            objects: core.index.objects(),
            bytes: core.index.bytes(),
            max_bytes: core.settings.max_size,
            hot_objects: core.memory.objects(),
            hot_bytes: core.memory.bytes(),
            fills: core.fills.count() as u64,
            unwritten: core.unwritten.load(Ordering::Relaxed),
            counting: !core.index.complete(),
            purges: core.records.len() as u64,
            reading: core.health.reading.trouble(),
            writing: core.health.writing.trouble(),
            index_memory: core.index.memory() as u64,
        }
    }
}
