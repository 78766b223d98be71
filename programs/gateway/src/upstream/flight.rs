//! What is under way at a server, counted for as long as it is.

use std::ops::Deref;
use std::sync::Arc;

use super::Upstream;

/// Counts a request, or a connection, in flight for as long as it lives, and then gives back the place
/// that its pick has taken at the server.
pub(crate) struct Flight<U: Deref<Target = Upstream>> {
    upstream: U,
    worker: usize,
    server: usize,
}

impl<U: Deref<Target = Upstream>> Flight<U> {
    pub(crate) fn begin(upstream: U, worker: usize, server: usize) -> Self {
        upstream.balancer.begin(worker, server);
        Self { upstream, worker, server }
    }
}

impl Flight<&Upstream> {
    /// The same request, in flight for longer than the snapshot is borrowed. Counted once: it is
    /// neither over nor begun anew.
    pub(crate) fn outlive(self, upstream: Arc<Upstream>) -> Flight<Arc<Upstream>> {
        let longer = Flight { upstream, worker: self.worker, server: self.server };
        std::mem::forget(self);
        longer
    }
}

impl<U: Deref<Target = Upstream>> Drop for Flight<U> {
    fn drop(&mut self) {
        self.upstream.balancer.end(self.worker, self.server);
        self.upstream.give_back(self.server);
    }
}
