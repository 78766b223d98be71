//! The book of a replica: which transfers its requests belong to, and what they have moved so far.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fair_share::FairShare;
use super::ticket::Ticket;
use crate::ids::{ItemId, TransferId, UploadId, UserId};
use crate::limits;
use crate::time::Time;

/// Which way bytes go, as the user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    Upload,
    Download,
}

impl Direction {
    /// As the table has it.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Upload => "up",
            Self::Download => "down",
        }
    }
}

/// What is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Object {
    Item(ItemId),
    Upload(UploadId),
}

impl fmt::Display for Object {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(id) => id.fmt(out),
            Self::Upload(id) => id.fmt(out),
        }
    }
}

/// A request that begins to move bytes.
#[derive(Clone, Debug)]
pub(crate) struct Begin {
    pub(crate) direction: Direction,
    /// None for somebody without an account.
    pub(crate) user: Option<UserId>,
    /// Against whose plan the bytes count, if against any: that of the user, or of a link's owner.
    pub(crate) payer: Option<UserId>,
    pub(crate) object: Object,
    /// The file's name.
    pub(crate) name: String,
    /// Bytes of the whole, if that is known.
    pub(crate) total: Option<u64>,
    /// The client's address.
    pub(crate) client: String,
}

impl Begin {
    /// Who is told apart from others: the user, or the address.
    pub(super) fn who(&self) -> String {
        self.user.map_or_else(|| self.client.clone(), |user| user.to_string())
    }
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Open,
    Complete,
    Failed,
}

/// What this replica moves of one transfer.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) begin: Begin,
    pub(super) started: Time,
    bytes: AtomicU64,
    requests: AtomicU32,
    /// Requests that ever began.
    begun: AtomicU64,
    position: AtomicU32,
    end: AtomicU8,
    /// Whether its row is over, by this replica's word or another's: what its client asks for next
    /// is another transfer.
    is_over: AtomicBool,
    /// When it last had a request, in milliseconds since 1970.
    last: AtomicI64,
    /// What is written already; the tick's alone.
    pub(super) written: Mutex<Written>,
}

/// What the rows say of an entry.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) home: Option<Home>,
    pub(super) bytes: u64,
    pub(super) rate: u64,
    /// Bytes that are counted against the user's plan.
    pub(super) counted: u64,
    /// So many requests had begun, none was under way, and all of it is written.
    pub(super) final_at: Option<u64>,
}

/// Which rows an entry is written into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Home {
    /// The transfer's.
    pub(super) transfer: TransferId,
    /// Its own, among those of other replicas.
    pub(super) part: TransferId,
    /// Bytes of the entry that an earlier transfer has.
    pub(super) offset: u64,
}

impl Entry {
    fn new(begin: Begin) -> Self {
        let now = Time::now();
        Self {
            begin,
            started: now,
            bytes: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            position: AtomicU32::new(0),
            end: AtomicU8::new(0),
            is_over: AtomicBool::new(false),
            last: AtomicI64::new(now.millis()),
            written: Mutex::default(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Acquire)
    }

    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    pub(super) fn enter(&self) {
        self.begun.fetch_add(1, Ordering::AcqRel);
        self.requests.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn leave(&self) {
        self.last.store(Time::now().millis(), Ordering::Relaxed);
        self.requests.fetch_sub(1, Ordering::AcqRel);
    }

    /// The place in the queue of a request that waits; 0 for none.
    pub(super) fn position(&self) -> u32 {
        self.position.load(Ordering::Relaxed)
    }

    pub(super) fn set_position(&self, position: u32) {
        self.position.store(position, Ordering::Relaxed);
    }

    pub(super) fn end(&self) -> End {
        match self.end.load(Ordering::Acquire) {
            0 => End::Open,
            1 => End::Complete,
            _ => End::Failed,
        }
    }

    pub(super) fn set_end(&self, end: End) {
        let end = match end {
            End::Open => 0,
            End::Complete => 1,
            End::Failed => 2,
        };
        // The first word counts: what is complete does not fail.
        let _ = self.end.compare_exchange(0, end, Ordering::AcqRel, Ordering::Relaxed);
    }

    pub(super) fn set_over(&self, is_over: bool) {
        self.is_over.store(is_over, Ordering::Release);
    }

    /// Whether further requests belong to it.
    fn goes_on(&self) -> bool {
        self.end() == End::Open && !self.is_over.load(Ordering::Acquire)
    }

    /// Whether no request has been there for a while.
    pub(super) fn is_idle(&self) -> bool {
        let last = Time::of_millis(self.last.load(Ordering::Relaxed));
        self.requests() == 0
            && (!self.goes_on() || Time::now().since(last) > limits::TRANSFER_LINGER)
    }

    pub(super) fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    direction: Direction,
    who: String,
    payer: Option<UserId>,
    object: Object,
}

impl Key {
    fn of(begin: &Begin) -> Self {
        let Begin { direction, payer, object, .. } = *begin;
        Self { direction, who: begin.who(), payer, object }
    }
}

/// The transfers of a replica.
#[derive(Debug)]
pub(crate) struct Book {
    table: Mutex<Table>,
    pub(super) share: Arc<FairShare>,
    /// Tells this process's rows from those of others, earlier ones of its name too.
    pub(super) run: TransferId,
}

#[derive(Debug, Default)]
struct Table {
    open: HashMap<Key, Arc<Entry>>,
    /// Ended entries whose last state is not written yet.
    ended: Vec<Arc<Entry>>,
    /// Users that were there since the last tick.
    there: HashSet<UserId>,
}

impl Book {
    /// A book whose transfers share so many bytes per second, if that is limited.
    pub(crate) fn new(bandwidth: Option<u64>) -> Self {
        let share = Arc::new(FairShare::new(bandwidth));
        Self { table: Mutex::default(), share, run: TransferId::new() }
    }

    /// Counts a request in. Dropping the ticket without another word means that the client is gone.
    pub(crate) fn begin(&self, begin: Begin) -> Ticket {
        let key = Key::of(&begin);
        let mut table = self.table();
        if let Some(user) = begin.user {
            table.there.insert(user);
        }
        let old = table.open.get(&key).filter(|entry| entry.goes_on()).cloned();
        let entry = old.unwrap_or_else(|| {
            let entry = Arc::new(Entry::new(begin));
            let former = table.open.insert(key, Arc::clone(&entry));
            table.ended.extend(former);
            entry
        });
        // While the table is locked: the tick removes what has no request.
        entry.enter();
        Ticket::new(entry, Arc::clone(&self.share))
    }

    /// Notes that a user is there.
    pub(crate) fn saw(&self, user: UserId) {
        self.table().there.insert(user);
    }

    /// Everything to write, and the users that were there since the last time.
    pub(super) fn take(&self) -> (Vec<Arc<Entry>>, HashSet<UserId>) {
        let mut table = self.table();
        let entries = table.open.values().chain(&table.ended).cloned().collect();
        (entries, std::mem::take(&mut table.there))
    }

    /// Forgets what is idle and written.
    pub(super) fn forget_idle(&self) {
        let mut table = self.table();
        let is_over =
            |entry: &Arc<Entry>| entry.is_idle() && entry.written().final_at == Some(entry.begun());
        table.open.retain(|_, entry| !is_over(entry));
        table.ended.retain(|entry| !is_over(entry));
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
