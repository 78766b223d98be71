//! From acceptance to the log: one thread writes down what was accepted, many at a time, and works
//! off purges of single keys.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::records::Target;
use super::sweep::work_key;
use super::{Mode, Purge, PurgeError, Receipt};
use crate::store::core::Core;
use crate::store::counters::Count;
use crate::store::lock::lock;

struct Accepted {
    target: Target,
    mode: Mode,
    stamp: u64,
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
        let (durable, receipt) = oneshot::channel();
        let accepted = Accepted { target, mode, stamp, durable: Some(durable) };
        lock(&self.purges.accepted).push(accepted);
        self.purges.ready.notify_all();
        Ok(Receipt(receipt))
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
        let durable = write_down(core, &accepted);
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

fn write_down(core: &Core, accepted: &[Accepted]) -> bool {
    let purges: Vec<_> =
        accepted.iter().map(|one| (one.target.clone(), one.mode, one.stamp)).collect();
    let appended = lock(&core.log).append(&purges);
    let result = appended.or_else(|_| {
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
