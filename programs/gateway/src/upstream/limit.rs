//! What an upstream does where each of its servers has only so many requests at one time: who is given
//! a place, who may wait for one, and to whom it goes afterwards.

use tombolo_balance::{Ask, Tried};
use tombolo_daemon::config::UpstreamLimit;

use super::{Server, Upstream, since_start};
use crate::data_plane::ticks;
use crate::metrics::Outcome;

/// How requests wait for a place at a server.
pub(crate) struct Limit {
    /// So many at one time.
    pub(crate) queue: usize,
    /// Each so long, in ticks.
    pub(crate) wait: u64,
    /// The number of places finds itself.
    is_adaptive: bool,
}

impl Limit {
    pub(super) fn new(limit: &UpstreamLimit) -> Self {
        let is_adaptive = limit.adaptive.is_some();
        Self { queue: limit.queue, wait: ticks(limit.wait), is_adaptive }
    }
}

impl Upstream {
    /// A server for a request that comes now; the place there is taken. None while others wait for
    /// one: first come, first served.
    #[inline]
    pub(crate) fn pick(&self, ask: &Ask<'_>) -> Option<usize> {
        if self.balancer.is_limited() && self.queue.is_anybody_waiting() {
            return None;
        }
        self.balancer.pick(ask)
    }

    /// Whether a request that was given no server may wait for one: there is one it has not been to.
    pub(crate) fn may_wait(&self, tried: &Tried) -> bool {
        self.balancer.is_limited() && self.balancer.is_any_left(tried)
    }

    /// Gives back the place that a pick has taken, to the next who waits for it.
    #[inline]
    pub(crate) fn give_back(&self, server: usize) {
        if self.balancer.is_limited() {
            self.balancer.leave(server);
            self.queue.serve();
        }
    }

    /// Whether a request would find a place at the server just now.
    pub(crate) fn has_room(&self, server: usize) -> bool {
        self.balancer
            .room(server)
            .is_none_or(|room| room.has_room() && !self.queue.is_anybody_waiting())
    }

    /// Asking a server ended so; its answer took so many microseconds to begin.
    #[inline]
    pub(crate) fn saw(&self, server: &Server, outcome: Outcome, micros: Option<u64>) {
        if self.limit.as_ref().is_some_and(|limit| limit.is_adaptive) {
            server.pace.saw(outcome, micros, &server.room);
        }
    }

    /// Finds limits anew, and serves who waits if there is room: for what nobody is told of.
    pub(crate) fn look_at_rooms(&self) {
        if self.limit.as_ref().is_some_and(|limit| limit.is_adaptive) {
            let now = since_start();
            self.servers.iter().for_each(|server| server.pace.look(&server.room, now));
        }
        self.queue.serve();
    }
}
