//! What all connections of one data-plane thread use.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::admission::Admission;
use super::connection::{Live, Warm};
use super::date::DateText;
use super::seldom::Seldom;
use super::shares::Shares;
use super::splice::Pipes;
use super::timers::Timers;
use super::workspace::Workspaces;
use crate::access_log::Lane;
use crate::control_plane::{Publication, Snapshot};
use crate::metrics::Row;
use crate::recent::Lane as Recent;
use crate::tcp::Chunks;
use crate::upstream::Pool;

/// One thread's own things. Nothing in here is seen by another thread.
pub(crate) struct Core {
    /// Which thread this is: the row of its counters.
    pub(crate) index: usize,
    pub(crate) timers: Rc<Timers>,
    pub(crate) shares: Shares,
    pub(crate) workspaces: Workspaces,
    pub(crate) pool: Pool,
    pub(crate) pipes: Pipes,
    pub(crate) chunks: Chunks,
    pub(crate) date: DateText,
    pub(crate) random: RefCell<fastrand::Rng>,
    /// Clients are told to close after the answer that is under way.
    pub(super) leaving: Cell<bool>,
    /// Connections on which nothing is under way are closed.
    pub(super) draining: Cell<bool>,
    pub(crate) warm: Warm,
    /// What the cache does for nobody in particular, under way.
    pub(crate) errands: Cell<usize>,
    /// What this thread counts; no other writes there.
    pub(crate) metrics: Arc<Row>,
    /// What this thread remembers; no other writes there.
    pub(crate) recent: Arc<Recent>,
    /// Complaints about peers that were not introduced.
    pub(super) unintroduced: Seldom,
    /// Complaints about connections for which there was no server.
    pub(crate) unreached: Seldom,
    pub(super) live: Live,
    pub(crate) admission: Arc<Admission>,
    lane: RefCell<Option<Lane>>,
    publication: Arc<Publication>,
    /// The number of the snapshot below.
    generation: Cell<u64>,
    // The outer pointer is this thread's own: cloning it for each exchange touches no counter
    // that another thread writes.
    #[allow(clippy::redundant_allocation)]
    snapshot: RefCell<Rc<Arc<Snapshot>>>,
}

impl Core {
    /// Whether so many client connections are open that those that do nothing are in the way.
    pub(crate) fn is_short_of_connections(&self) -> bool {
        let limit = self.admission.limit();
        self.admission.open() >= limit.saturating_sub(limit / 10)
    }

    pub(crate) fn new(
        (index, threads): (usize, usize),
        publication: Arc<Publication>,
        admission: Arc<Admission>,
        lane: Option<Lane>,
        metrics: Arc<Row>,
        recent: Arc<Recent>,
    ) -> Rc<Self> {
        let (generation, snapshot) = publication.numbered();
        let pool = Pool::new(snapshot.limits.upstream_idle, snapshot.patience.upstream_idle);
        Rc::new(Self {
            index,
            timers: Timers::new(),
            shares: Shares::new(threads),
            workspaces: Workspaces::new(),
            pool,
            pipes: Pipes::new(),
            chunks: Chunks::default(),
            date: DateText::new(),
            random: RefCell::new(fastrand::Rng::new()),
            leaving: Cell::new(false),
            draining: Cell::new(false),
            warm: Warm::default(),
            errands: Cell::new(0),
            metrics,
            recent,
            unintroduced: Seldom::default(),
            unreached: Seldom::default(),
            live: Live::default(),
            admission,
            lane: RefCell::new(lane),
            publication,
            generation: Cell::new(generation),
            snapshot: RefCell::new(Rc::new(snapshot)),
        })
    }

    /// The snapshot in force, held for the length of an exchange without an atomic addition.
    #[allow(clippy::redundant_allocation)]
    #[inline]
    pub(crate) fn snapshot(&self) -> Rc<Arc<Snapshot>> {
        if self.publication.generation() != self.generation.get() {
            self.take_up();
        }
        Rc::clone(&self.snapshot.borrow())
    }

    /// Takes the snapshot up that was published, and lets go of what it has no longer.
    #[cold]
    fn take_up(&self) {
        let (generation, snapshot) = self.publication.numbered();
        self.generation.set(generation);
        self.pool.set(snapshot.limits.upstream_idle, snapshot.patience.upstream_idle);
        let stays: HashSet<u64> = snapshot.servers().map(|server| server.id()).collect();
        self.pool.keep_only(|server| stays.contains(&server));
        *self.snapshot.borrow_mut() = Rc::new(snapshot);
    }

    /// Gives the thread's part of the access log to `write`, if there is an access log.
    pub(crate) fn log(&self, write: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.lane.borrow_mut().as_mut() {
            write(lane);
        }
    }

    pub(crate) fn has_log(&self) -> bool {
        self.lane.borrow().is_some()
    }
}
