//! From acceptance to the log: one thread writes down what was accepted, many at a time, and works
//! off purges of single keys.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::records::{Account, Target};
use super::sweep::work_key;
use super::{Mode, Purge, PurgeError, Receipt};
use crate::key::KeyHash;
use crate::store::core::Core;
use crate::store::counters::{Count, now_ms};
use crate::store::lock::lock;
use crate::store::settings::PURGE_LOG;
use crate::store::slot::Slot;

/// Milliseconds between two warnings that there are too many purges.
const TELL_EVERY_MS: u64 = 60_000;

struct Accepted {
    target: Target,
    mode: Mode,
    stamp: u64,
    /// A client's: worked off with the next round of upkeep.
    of_client: bool,
    written: Option<oneshot::Sender<()>>,
    durable: Option<oneshot::Sender<bool>>,
}

/// What was accepted and not yet written down. Bounded as the records are: an entry is made only
/// for a purge that found room there, or that renews one which did.
#[derive(Default)]
pub(in crate::store) struct PurgeQueue {
    accepted: Mutex<Vec<Accepted>>,
    ready: Condvar,
    /// When it was last told that there are too many; milliseconds since 1970.
    told: AtomicU64,
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
        let stamp = self.records.accept(target.clone(), mode, Account::Operator)?;
        Ok(self.put_down(target, mode, stamp, Account::Operator))
    }

    /// Puts a purge in force that a request of this client caused. Where there is no place for it,
    /// what it may hit is validated before it is used.
    pub(in crate::store) fn invalidate(
        &self,
        purge: Purge<'_>,
        mode: Mode,
        client: u64,
    ) -> Receipt {
        let Ok(target) = Target::try_from(purge) else {
            return Receipt::of_nothing();
        };
        if let Target::Key(hash) = target
            && !self.may_concern(KeyHash::from_u128(hash))
        {
            return Receipt::of_nothing();
        }
        let account = Account::Client(client);
        match self.records.accept(target.clone(), mode, account) {
            Ok(stamp) => self.put_down(target, mode, stamp, account),
            Err(_) => {
                let (target, stamp) = self.records.doubt(&target);
                self.tell_of_doubts();
                self.put_down(target, Mode::Hard, stamp, account)
            }
        }
    }

    /// Whether something is stored for the key, or coming in.
    fn may_concern(&self, key: KeyHash) -> bool {
        let slot = Slot::of_key(key);
        self.fills.concern(key) || self.index.may_hold(slot) || self.memory.get(slot).is_some()
    }

    /// Once a minute at most.
    fn tell_of_doubts(&self) {
        let (now, last) = (now_ms(), self.purges.told.load(Ordering::Relaxed));
        let due = last == 0 || now.saturating_sub(last) >= TELL_EVERY_MS;
        let told = &self.purges.told;
        if due && told.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(
                "clients change more stored responses at one time than there are places for; until \
                 they are fewer, some responses are validated before they are used: look in the \
                 access log for who sends so many POST, PUT or DELETE requests"
            );
        }
    }

    /// To be written down and worked off.
    fn put_down(&self, target: Target, mode: Mode, stamp: u64, account: Account) -> Receipt {
        let hits = match target {
            Target::Key(hash) => self.index.may_hold(Slot::of_key(KeyHash::from_u128(hash))),
            _ => true,
        };
        let (written, on_written) = oneshot::channel();
        let (durable, on_durable) = oneshot::channel();
        let (written, durable) = (Some(written), Some(durable));
        let of_client = account != Account::Operator;
        let accepted = Accepted { target, mode, stamp, of_client, written, durable };
        lock(&self.purges.accepted).push(accepted);
        self.purges.ready.notify_all();
        Receipt { written: hits.then_some(on_written), durable: on_durable }
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
                // Clients change much and often: reading through all files for it waits for the next
                // round of upkeep.
                _ if one.of_client => {}
                _ => core.wake(),
            }
        }
    }
}

/// False: it is not on the disk. Who waits for no more than that it is written is told in between.
fn write_down(core: &Core, accepted: &mut [Accepted]) -> bool {
    let purges: Vec<_> =
        accepted.iter().map(|one| (one.target.clone(), one.mode, one.stamp)).collect();
    let appended = core.layout.dir().and_then(|dir| lock(&core.log).append(&dir, &purges));
    // To be released whatever came of it: a failing disk holds nobody.
    for tell in accepted.iter_mut().filter_map(|one| one.written.take()) {
        let _: Result<(), ()> = tell.send(());
    }
    let synced = appended.and_then(|()| {
        let mut log = lock(&core.log);
        // Many purges of few keys would make it long.
        if log.appended() > PURGE_LOG {
            return log.rewrite(&*core.layout.dir()?, &core.records);
        }
        log.sync()
    });
    let result = synced.or_else(|_| {
        core.rebuild()?;
        lock(&core.log).rewrite(&*core.layout.dir()?, &core.records)
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
