//! How busy each server is: what the caller reports of its requests, and what the policies compare.

use super::Balancer;
use crate::gate::Standing;

impl Balancer {
    /// A server took `micros` microseconds to begin its answer, at `now_ms` milliseconds by any
    /// clock that goes forward. Of use to [`Policy::PeakEwma`] alone: others need not be told.
    pub fn observe(&self, server: usize, micros: u64, now_ms: u64) {
        self.latencies.observe(server, micros, now_ms);
    }

    /// A request starts on `server`, seen by the data-plane thread `worker`. Only that thread may
    /// pass its number (counts of a number shared by two threads would come out wrong, nothing
    /// worse). Numbers that do not exist are not counted.
    #[inline]
    pub fn begin(&self, worker: usize, server: usize) {
        self.flight.begin(worker, server);
    }

    /// The request is over, however it went. Once for each [`Balancer::begin`].
    #[inline]
    pub fn end(&self, worker: usize, server: usize) {
        self.flight.end(worker, server);
    }

    /// Requests in flight on `server`, over all workers; may lag by what is happening right now.
    #[must_use]
    pub fn in_flight(&self, server: usize) -> u32 {
        self.flight.in_flight(server)
    }

    /// Requests ever begun on `server`, over all workers.
    #[must_use]
    pub fn total(&self, server: usize) -> u64 {
        self.flight.total(server)
    }

    #[inline]
    pub(super) fn load(&self, server: usize) -> Load {
        let share = self.gates.get(server).map_or(1, |gate| gate.share());
        let weight = self.shares.weight(server) * share;
        Load { in_flight: self.flight.in_flight(server), weight }
    }

    /// When a server would answer one request more, in microseconds for a weight of 1.
    pub(super) fn delay(&self, server: usize) -> f64 {
        let load = self.load(server);
        let weight = f64::from(load.weight.max(1)) / f64::from(Standing::FULL);
        f64::from(self.latencies.expected(server)) * (f64::from(load.in_flight) + 1.0) / weight
    }
}

/// Requests in flight, to be compared for the weight and, of that, the share.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) in_flight: u32,
    pub(super) weight: u32,
}

impl Load {
    pub(super) fn is_less(self, other: Load) -> bool {
        u64::from(self.in_flight) * u64::from(other.weight)
            < u64::from(other.in_flight) * u64::from(self.weight)
    }
}
