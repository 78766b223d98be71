//! From acceptance to the log: one thread writes down what was accepted, many at a time, and works
//! off purges of single keys.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::records::Target;
use super::sweep::work_key;
use super::{Mode, Purge, PurgeError, Receipt};
use crate::key::KeyHash;
use crate::store::core::Core;
use crate::store::counters::Count;
use crate::store::lock::lock;
use crate::store::slot::Slot;

struct Accepted {
    target: Target,
    mode: Mode,
    stamp: u64,
    written: Option<oneshot::Sender<()>>,
    durable: Option<oneshot::Sender<bool>>,
}

/// What was accepted and not yet written down. Bounded as the records are: an entry is made only
/// for a purge that found room there, or that renews one which did.
#[derive(Default)]
pub(in crate::store) struct PurgeQueue {
    accepted: Mutex<Vec<Accepted>>,
    ready: Condvar,
}

impl PurgeQueue {
    pub(in crate::store) fn wake(&self) {
        drop(lock(&self.accepted));
        self.ready.notify_all();
    }
}

impl Core {
    /// Puts a purge in force, to be written down and worked off.
    pub(in crate::store) fn purge(
        &self,
        purge: Purge<'_>,
        mode: Mode,
    ) -> Result<Receipt, PurgeError> {
        let target = Target::try_from(purge)?;
        let stamp = self.records.accept(target.clone(), mode)?;
        let hits = match target {
            Target::Key(hash) => self.index.may_hold(Slot::of_key(KeyHash::from_u128(hash))),
            _ => true,
        };
        let (written, on_written) = oneshot::channel();
        let (durable, on_durable) = oneshot::channel();
        let (written, durable) = (Some(written), Some(durable));
        lock(&self.purges.accepted).push(Accepted { target, mode, stamp, written, durable });
        self.purges.ready.notify_all();
        Ok(Receipt { written: hits.then_some(on_written), durable: on_durable })
    }
}

/// The thread.
pub(in crate::store) fn run(core: &Arc<Core>) {
    // Those that were written down before a restart and not worked off.
    for (hash, stamp) in core.records.unfinished_keys() {
        if core.closing() {
            return;
        }
        work_key(core, hash, stamp);
    }
    loop {
        let mut accepted = {
            let mut queue = lock(&core.purges.accepted);
            while queue.is_empty() {
                if core.closing() {
                    return;
                }
                queue = core.purges.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::take(&mut *queue)
        };
        let durable = write_down(core, &mut accepted);
        for one in &mut accepted {
            if let Some(tell) = one.durable.take() {
                let _: Result<(), bool> = tell.send(durable);
            }
        }
        for one in accepted {
            match one.target {
                Target::Key(hash) => work_key(core, hash, one.stamp),
                _ => core.wake(),
            }
        }
    }
}

/// False: it is not on the disk. Who waits for no more than that it is written is told in between.
fn write_down(core: &Core, accepted: &mut [Accepted]) -> bool {
    let purges: Vec<_> =
        accepted.iter().map(|one| (one.target.clone(), one.mode, one.stamp)).collect();
    let appended = lock(&core.log).append(&purges);
    // To be released whatever came of it: a failing disk holds nobody.
    for tell in accepted.iter_mut().filter_map(|one| one.written.take()) {
        let _: Result<(), ()> = tell.send(());
    }
    let synced = appended.and_then(|()| lock(&core.log).sync());
    let result = synced.or_else(|_| {
        core.rebuild()?;
        lock(&core.log).rewrite(&core.records, core.layout.tmp())
    });
    match &result {
        Ok(()) => core.health.writing.worked(),
        Err(error) => {
            core.counters.add(Count::Errors);
            core.health.writing.failed("writing the log of purges", error);
        }
    }
    result.is_ok()
}
