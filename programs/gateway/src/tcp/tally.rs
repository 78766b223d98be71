//! What is counted of a `[[tcp]]` table, and the limit of its connections.
//!
//! Each thread writes a row of its own; whoever reads adds them up. Only the number of open
//! connections is one for all threads, since a limit that is kept has to be exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::TcpProxy;

/// What one thread has counted. On lines of its own: no other thread writes there.
#[derive(Default)]
#[repr(align(128))]
struct Row {
    connections: AtomicU64,
    refused: AtomicU64,
    unreached: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// The counts of one `[[tcp]]` table.
pub(crate) struct Tally {
    open: AtomicUsize,
    rows: Box<[Row]>,
}

/// What all threads have counted together since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Connections open now.
    pub(crate) open: usize,
    /// Connections taken in, open or over.
    pub(crate) connections: u64,
    /// Connections closed at once for a limit, or for want of a PROXY protocol header that is
    /// believed.
    pub(crate) refused: u64,
    /// Connections for which no server could be reached.
    pub(crate) unreached: u64,
    /// Bytes passed on from clients to servers.
    pub(crate) bytes_in: u64,
    /// Bytes passed on from servers to clients.
    pub(crate) bytes_out: u64,
}

impl Tally {
    pub(super) fn new(workers: usize) -> Self {
        let rows = (0..workers.max(1)).map(|_| Row::default()).collect();
        Self { open: AtomicUsize::new(0), rows }
    }

    pub(crate) fn refused(&self, worker: usize) {
        self.add(worker, |row| &row.refused, 1);
    }

    pub(super) fn unreached(&self, worker: usize) {
        self.add(worker, |row| &row.unreached, 1);
    }

    /// Counts bytes passed on.
    pub(super) fn carried(&self, worker: usize, bytes_in: u64, bytes_out: u64) {
        self.add(worker, |row| &row.bytes_in, bytes_in);
        self.add(worker, |row| &row.bytes_out, bytes_out);
    }

    /// Adds to a counter that only this thread writes: a load and a store are enough.
    fn add(&self, worker: usize, counter: impl Fn(&Row) -> &AtomicU64, count: u64) {
        if count == 0 {
            return;
        }
        if let Some(row) = self.rows.get(worker) {
            let counter = counter(row);
            counter.store(counter.load(Relaxed).wrapping_add(count), Relaxed);
        }
    }

    /// The counts of all threads.
    pub(crate) fn totals(&self) -> Totals {
        let open = self.open.load(Relaxed);
        self.rows.iter().fold(Totals { open, ..Totals::default() }, |sum, row| Totals {
            open,
            connections: sum.connections.wrapping_add(row.connections.load(Relaxed)),
            refused: sum.refused.wrapping_add(row.refused.load(Relaxed)),
            unreached: sum.unreached.wrapping_add(row.unreached.load(Relaxed)),
            bytes_in: sum.bytes_in.wrapping_add(row.bytes_in.load(Relaxed)),
            bytes_out: sum.bytes_out.wrapping_add(row.bytes_out.load(Relaxed)),
        })
    }
}

/// A connection's place among those that the table allows; given back when it is dropped.
pub(crate) struct Place {
    pub(super) proxy: Arc<TcpProxy>,
}

impl Place {
    /// A place for one more connection; none when all are taken.
    pub(crate) fn take(proxy: &Arc<TcpProxy>, worker: usize) -> Option<Self> {
        let tally = &proxy.tally;
        // Counted before it is compared: the place is given back below if there was none.
        let before = tally.open.fetch_add(1, Relaxed);
        let place = Self { proxy: Arc::clone(proxy) };
        if proxy.connections.is_some_and(|most| before >= most) {
            tally.refused(worker);
            return None;
        }
        tally.add(worker, |row| &row.connections, 1);
        Some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.proxy.tally.open.fetch_sub(1, Relaxed);
    }
}
