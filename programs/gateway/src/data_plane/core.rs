//! What all connections of one data-plane thread use.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::admission::Admission;
use super::connection::{Live, Warm};
use super::date::DateText;
use super::seldom::Seldom;
use super::splice::Pipes;
use super::timers::Timers;
use super::workspace::Workspaces;
use crate::access_log::Lane;
use crate::control_plane::Snapshot;
use crate::metrics::Row;
use crate::tcp::Chunks;
use crate::upstream::{Overflow, Pool};

/// One thread's own things. Nothing in here is seen by another thread.
pub(crate) struct Core {
    /// Which thread this is: the row of its counters.
    pub(crate) index: usize,
    pub(crate) timers: Rc<Timers>,
    pub(crate) workspaces: Workspaces,
    pub(crate) pool: Pool,
    pub(crate) pipes: Pipes,
    pub(crate) chunks: Chunks,
    pub(crate) date: DateText,
    pub(crate) random: RefCell<fastrand::Rng>,
    pub(crate) draining: Cell<bool>,
    pub(crate) warm: Warm,
    /// What the cache does for nobody in particular, under way.
    pub(crate) errands: Cell<usize>,
    /// What this thread counts; no other writes there.
    pub(crate) metrics: Arc<Row>,
    /// Complaints about peers that were not introduced.
    pub(super) unintroduced: Seldom,
    /// Complaints about connections for which there was no server.
    pub(crate) unreached: Seldom,
    pub(super) live: Live,
    pub(super) admission: Arc<Admission>,
    lane: RefCell<Option<Lane>>,
    // The outer pointer is this thread's own: cloning it for each exchange touches no counter
    // that another thread writes.
    #[allow(clippy::redundant_allocation)]
    snapshot: RefCell<Rc<Arc<Snapshot>>>,
}

impl Core {
    pub(crate) fn new(
        index: usize,
        snapshot: Arc<Snapshot>,
        overflow: Arc<Overflow>,
        admission: Arc<Admission>,
        lane: Option<Lane>,
        metrics: Arc<Row>,
    ) -> Rc<Self> {
        let pool =
            Pool::new(overflow, snapshot.limits.upstream_idle, snapshot.patience.upstream_idle);
        Rc::new(Self {
            index,
            timers: Timers::new(),
            workspaces: Workspaces::new(),
            pool,
            pipes: Pipes::new(),
            chunks: Chunks::default(),
            date: DateText::new(),
            random: RefCell::new(fastrand::Rng::new()),
            draining: Cell::new(false),
            warm: Warm::default(),
            errands: Cell::new(0),
            metrics,
            unintroduced: Seldom::default(),
            unreached: Seldom::default(),
            live: Live::default(),
            admission,
            lane: RefCell::new(lane),
            snapshot: RefCell::new(Rc::new(snapshot)),
        })
    }

    /// The snapshot in force, held for the length of an exchange without an atomic operation.
    #[allow(clippy::redundant_allocation)]
    pub(crate) fn snapshot(&self) -> Rc<Arc<Snapshot>> {
        Rc::clone(&self.snapshot.borrow())
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
