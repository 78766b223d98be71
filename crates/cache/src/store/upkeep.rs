//! The threads that look after the store: one counts, sweeps and tidies, one watches for a disk
//! that does not answer and never touches it.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::core::Core;
use super::counters::Count;
use super::disk::{note_use, walk};
use super::lock::lock;
use super::purge::{drop_done, sweep};
use super::settings::{STALLED, UPKEEP};

/// How often it is asked whether there is something to do.
const TICK: Duration = Duration::from_millis(250);

/// Sleeps until woken or for a tick. False: the store closes.
fn tick(core: &Core) -> bool {
    let (alarm, ring) = &core.alarm;
    let guard = lock(alarm);
    if !core.closing() {
        drop(ring.wait_timeout(guard, TICK).unwrap_or_else(PoisonError::into_inner));
    }
    !core.closing()
}

/// What upkeep knows of its own work.
struct Rounds {
    next: Instant,
    /// Purges up to here are worked off.
    swept: u64,
    /// Purges up to here can be dropped when no older fill is under way.
    to_drop: Option<u64>,
}

/// The thread that counts, sweeps and tidies.
pub(super) fn run(core: &Arc<Core>) {
    let mut rounds = Rounds { next: Instant::now() + UPKEEP, swept: 0, to_drop: None };
    loop {
        step(core, &mut rounds);
        if !tick(core) {
            break;
        }
    }
    note_uses(core);
}

fn step(core: &Arc<Core>, rounds: &mut Rounds) {
    let round = Instant::now() >= rounds.next;
    if round || !core.layout.usable() {
        look_at_directory(core);
    }
    if !core.layout.usable() {
        return;
    }
    if core.walk_wanted.swap(false, Ordering::Relaxed) {
        let began = Instant::now();
        if let Err(error) = walk(core) {
            core.counters.add(Count::Errors);
            core.health.reading.failed("counting what is stored", &error);
            core.walk_wanted.store(true, Ordering::Relaxed);
        } else {
            let (objects, bytes) = (core.index.objects(), core.index.bytes());
            tracing::info!(objects, bytes, took = ?began.elapsed(), "counted what the cache holds");
        }
    }
    if core.records.needs_sweep(rounds.swept)
        && let Some(until) = sweep(core)
    {
        (rounds.swept, rounds.to_drop) = (until, Some(until));
    }
    if round {
        rounds.next = Instant::now() + UPKEEP;
        core.make_room();
        note_uses(core);
        for (hash, stamp) in core.records.unfinished_keys() {
            super::purge::work_key(core, hash, stamp);
        }
        match drop_done(core, rounds.to_drop) {
            Ok(left) => rounds.to_drop = left,
            Err(error) => core.health.writing.failed("tidying the log of purges", &error),
        }
    }
}

/// Finds out whether the directory is still there, and makes it when it is not.
fn look_at_directory(core: &Core) {
    if core.layout.usable() && core.layout.check() {
        return;
    }
    core.index.set_complete(false);
    core.index.clear();
    if !core.health.writing.open() {
        return;
    }
    if let Err(error) = core.rebuild() {
        core.counters.add(Count::Errors);
        let doing = format!("opening the directory {}", core.settings.dir.display());
        core.health.writing.failed(&doing, &error);
    } else {
        core.health.writing.worked();
    }
}

/// Writes down what was used, for the order of eviction after the next start.
fn note_uses(core: &Core) {
    // What is answered from memory is in use, though its file is not read.
    core.memory.each(|object| {
        if object.uses.load(Ordering::Relaxed) > 0 {
            core.index.touch(object.slot);
        }
    });
    for slot in core.index.take_used() {
        let _: io::Result<()> = note_use(&core.layout, slot);
    }
}

/// The thread that watches.
pub(super) fn watch(core: &Arc<Core>) {
    while tick(core) {
        core.health.settle();
        let abandoned = core.calls.abandon(STALLED);
        let stalled = core.fills.give_up_stalled();
        let longest = core.pool.longest(STALLED);
        if abandoned + stalled > 0 || longest > STALLED {
            let late = io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer");
            let gate = if stalled > 0 { &core.health.writing } else { &core.health.reading };
            gate.failed("waiting for the disk", &late);
        }
    }
}
