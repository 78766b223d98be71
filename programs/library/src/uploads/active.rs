//! The uploads that this replica receives now, so that another request for one of them can have the
//! first one stop and store what it has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::limits;
use crate::ids::UploadId;

type Table = Mutex<HashMap<UploadId, Entry>>;

/// The uploads that this replica receives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Active {
    table: Arc<Table>,
}

#[derive(Debug)]
struct Entry {
    epoch: i64,
    stop: Arc<Notify>,
    /// Closed when the request has ended.
    ended: watch::Receiver<()>,
}

/// One upload that is being received. Dropped, it is no longer.
#[derive(Debug)]
pub(crate) struct Receiver {
    table: Arc<Table>,
    id: UploadId,
    epoch: i64,
    stop: Arc<Notify>,
    _ended: watch::Sender<()>,
}

fn lock(table: &Table) -> MutexGuard<'_, HashMap<UploadId, Entry>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Active {
    /// Notes that an upload is received since this epoch.
    pub(crate) fn begin(&self, id: UploadId, epoch: i64) -> Receiver {
        let (sender, ended) = watch::channel(());
        let stop = Arc::new(Notify::new());
        let entry = Entry { epoch, stop: Arc::clone(&stop), ended };
        if let Some(before) = lock(&self.table).insert(id, entry) {
            // It was fenced off already.
            before.stop.notify_one();
        }
        Receiver { table: Arc::clone(&self.table), id, epoch, stop, _ended: sender }
    }

    /// Has the request that receives an upload here stop and store what it has; returns once it has
    /// done so, or after [`limits::TAKE_OVER_TIME`].
    pub(crate) async fn interrupt(&self, id: UploadId) {
        let ended = {
            let table = lock(&self.table);
            let Some(entry) = table.get(&id) else { return };
            entry.stop.notify_one();
            entry.ended.clone()
        };
        let _ = timeout(limits::TAKE_OVER_TIME, closed(ended)).await;
    }

    /// What is received here, with the epoch since which it is.
    pub(crate) fn all(&self) -> Vec<(UploadId, i64)> {
        lock(&self.table).iter().map(|(id, entry)| (*id, entry.epoch)).collect()
    }

    /// Stops a request that was fenced off.
    pub(crate) fn stop(&self, id: UploadId, epoch: i64) {
        if let Some(entry) = lock(&self.table).get(&id).filter(|entry| entry.epoch == epoch) {
            entry.stop.notify_one();
        }
    }
}

async fn closed(mut ended: watch::Receiver<()>) {
    while ended.changed().await.is_ok() {}
}

impl Receiver {
    /// Waits until this request is to stop. Remembered if nobody waits.
    pub(crate) async fn stopped(&self) {
        self.stop.notified().await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        if table.get(&self.id).is_some_and(|entry| entry.epoch == self.epoch) {
            table.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_request_is_stopped_and_waited_for() {
        let (active, id) = (Active::default(), UploadId::new());
        active.interrupt(id).await;
        let receiver = active.begin(id, 1);
        let receiving = tokio::spawn(async move {
            receiver.stopped().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(receiver);
        });
        active.interrupt(id).await;
        assert!(active.all().is_empty());
        receiving.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_is_not_waited_for_for_ever() {
        let (active, id) = (Active::default(), UploadId::new());
        let old = active.begin(id, 1);
        active.interrupt(id).await;
        let new = active.begin(id, 2);
        drop(old);
        assert_eq!(active.all(), [(id, 2)], "the end of the old one is not the end of the new");
        drop(new);
        assert!(active.all().is_empty());
    }
}
