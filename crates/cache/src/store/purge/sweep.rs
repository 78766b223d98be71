//! Working off purges: in the file and memory of one key, or in all of them.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use super::records::Verdict;
use crate::key::KeyHash;
use crate::store::core::Core;
use crate::store::counters::{Count, now_ms};
use crate::store::disk::{LoadError, files, read_front};
use crate::store::format::{MARK_AT, mark};
use crate::store::lock::lock;
use crate::store::slot::Slot;

/// A record is kept at least so long: a read that began before the purge and is very late finds
/// it still.
const KEPT: Duration = Duration::from_secs(15);

/// Works off a purge of one key, all variants of it: they hang on the file at the key's place.
pub(in crate::store) fn work_key(core: &Core, hash: u128, stamp: u64) {
    let hash = KeyHash::from_u128(hash);
    let slot = Slot::of_key(hash);
    let _key = core.key_lock(hash);
    if let Some(object) = core.memory.get(slot) {
        core.vet(&object);
    }
    if work_file(core, slot).is_ok() {
        core.records.key_done(hash.as_u128(), stamp);
    }
}

/// Compares a file with the purges: removes or marks it.
fn work_file(core: &Core, slot: Slot) -> io::Result<()> {
    if !core.index.may_hold(slot) {
        return Ok(());
    }
    let (file, front) = match read_front(&core.layout, slot) {
        Ok(read) => read,
        Err(LoadError::Absent) => return Ok(()),
        Err(LoadError::Corrupt(why, inode)) => {
            core.remove_corrupt(slot, why, inode);
            return Ok(());
        }
        Err(LoadError::Io(error)) => {
            core.counters.add(Count::Errors);
            core.health.reading.failed("reading a stored response to purge it", &error);
            return Err(error);
        }
    };
    match core.records.judge(&front) {
        Verdict::Gone => {
            core.remove_file(slot);
            core.counters.add(Count::Purged);
        }
        Verdict::Stale(stamp) if front.fixed().soft < stamp => {
            file.write_all_at(&mark(stamp), MARK_AT)?;
        }
        Verdict::Stale(_) | Verdict::Doubtful(_) | Verdict::Keep => {}
    }
    Ok(())
}

/// Reads through all files and all objects in memory, for the purges up to the stamp it gives.
/// `None`: it was not finished, for the store closes or the disk fails.
pub(in crate::store) fn sweep(core: &Arc<Core>) -> Option<u64> {
    let until = core.records.newest();
    for folder in 0..256 {
        let mut result = Ok(());
        let walked = files(&core.layout, folder, |slot, _, _| {
            result = work_file(core, slot);
            result.is_ok() && !core.closing()
        });
        if walked.is_err() || result.is_err() || core.closing() {
            return None;
        }
    }
    core.memory.each(|object| {
        core.vet(object);
    });
    Some(until)
}

/// Drops the purges that are worked off, when no fill is older than they are. `swept` is what the
/// last sweep gave. Gives what of it is still to be dropped.
pub(in crate::store) fn drop_done(core: &Core, swept: Option<u64>) -> io::Result<Option<u64>> {
    let kept = u64::try_from(KEPT.as_millis()).unwrap_or(0);
    let oldest = core.fills.oldest_stamp().min(now_ms().saturating_sub(kept).saturating_mul(1000));
    let swept_now = swept.filter(|&until| until <= oldest);
    if swept_now.is_none() && !core.records.has_done_keys(oldest) {
        return Ok(swept);
    }
    // A removal that a power failure undoes must find its purge again.
    core.layout.sync()?;
    core.records.drop_done_keys(oldest);
    if let Some(until) = swept_now {
        core.records.drop_swept(until);
    }
    lock(&core.log).rewrite(&*core.layout.dir()?, &core.records)?;
    Ok(if swept_now.is_some() { None } else { swept })
}
