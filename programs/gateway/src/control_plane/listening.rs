//! Where the gateway listens: a table that a reload changes one address at a time.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::oneshot;

use super::succession::Inherited;
use crate::data_plane::{BindError, Bound, Door, Order, Speaks, Worker};

/// What clients can connect to, for who tells of it.
pub(crate) type Addresses = Arc<ArcSwap<Vec<(Speaks, SocketAddr)>>>;

/// All listeners. The threads accept; here their sockets are known.
pub(super) struct Listening {
    bound: Vec<Bound>,
    workers: usize,
    told: Addresses,
}

impl Listening {
    /// Nothing yet.
    pub(super) fn new(workers: usize) -> Self {
        Self { bound: Vec::new(), workers, told: Arc::default() }
    }

    /// Where it listens, now and after every change.
    pub(super) fn addresses(&self) -> Addresses {
        Arc::clone(&self.told)
    }

    /// Binds those of `doors` that are new. All or none.
    ///
    /// # Errors
    /// The first address that is not to be had.
    pub(super) fn bind(
        &self,
        doors: &[(Door, Speaks)],
        inherited: &mut Inherited,
    ) -> Result<Vec<Bound>, BindError> {
        let is_new = |door: &Door| !self.bound.iter().any(|bound| bound.door == *door);
        let new = doors.iter().filter(|(door, _)| is_new(door));
        let bind = |(door, speaks): &(Door, Speaks)| {
            let only_v6 = door.only_v6(doors.iter().map(|(other, _)| *other));
            Bound::bind(*door, *speaks, self.workers, only_v6, inherited.of(*door))
        };
        new.map(bind).collect()
    }

    /// Lets every thread accept on `new`.
    pub(super) async fn open(&mut self, new: Vec<Bound>, workers: &[Worker]) {
        for bound in new {
            for (worker, socket) in workers.iter().cycle().zip(&bound.sockets) {
                match socket.try_clone() {
                    Ok(socket) => worker.order(Order::Open(bound.door, socket)).await,
                    Err(error) => tracing::error!(
                        address = %bound.address, %error,
                        "a thread got no socket to accept on: raise the limit of open files"
                    ),
                }
            }
            self.bound.push(bound);
        }
    }

    /// Stops accepting where `doors` has nothing any more; returns when what the kernel had queued
    /// is taken in.
    pub(super) async fn shut(&mut self, doors: &[(Door, Speaks)], workers: &[Worker]) {
        let stays = |bound: &Bound| doors.iter().any(|(door, _)| *door == bound.door);
        let (stay, go): (Vec<Bound>, Vec<Bound>) =
            std::mem::take(&mut self.bound).into_iter().partition(stays);
        self.bound = stay;
        for Bound { door, sockets, .. } in go {
            // A socket accepts for as long as anybody has it open.
            drop::<Vec<TcpListener>>(sockets);
            for worker in workers {
                let (done, shut) = oneshot::channel();
                worker.order(Order::Shut(door, done)).await;
                let _ = shut.await;
            }
        }
    }

    /// Every socket, for the process that takes our place.
    pub(super) fn sockets(&self) -> impl Iterator<Item = (Door, &TcpListener)> {
        self.bound.iter().flat_map(|bound| bound.sockets.iter().map(|one| (bound.door, one)))
    }

    /// Listens nowhere any more, once the threads have ended what they accept.
    pub(super) fn close(&mut self) {
        self.bound.clear();
    }

    /// Tells where it listens: what is spoken at a door may be another thing than before.
    pub(super) fn tell(&self, doors: &[(Door, Speaks)]) {
        let told = doors.iter().filter_map(|(door, speaks)| {
            let bound = self.bound.iter().find(|bound| bound.door == *door)?;
            Some((*speaks, bound.address))
        });
        let told: Vec<(Speaks, SocketAddr)> = told.collect();
        let before = self.told.swap(Arc::new(told));
        for (speaks, address) in self.told.load().iter().filter(|one| !before.contains(one)) {
            tracing::info!(workers = self.workers, "listening on {}", speaks.url(*address));
        }
        for (speaks, address) in before.iter().filter(|one| !self.told.load().contains(one)) {
            tracing::info!("no longer listening on {}", speaks.url(*address));
        }
    }
}
