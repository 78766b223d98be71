//! One fill per key and variant: who comes second waits for the first, unless the answer is
//! unlikely to be shared.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::filling::Filling;
use super::progress::{Disk, Fill, Stage};
use super::reader::Waiter;
use super::unshared::{Lesson, Unshared};
use crate::key::{Key, KeyHash};
use crate::store::core::Core;
use crate::store::counters::Count;
use crate::store::lock::lock;
use crate::store::purge::Verdict;
use crate::store::settings::UNWRITTEN_MOST;
use crate::store::settings::{FILLS, STALLED, STORED_LAST};
use crate::store::slot::{BuildAsIs, Slot};
use crate::vary::VariantKey;

const SHARDS: usize = 64;

/// The hashes of a key and of a variant, 0 where none is known yet.
pub(super) type FillId = (u128, u128);

/// What one who found nothing is to do.
pub enum Role {
    /// Ask upstream, and fill.
    Fill(Filling),
    /// Wait for another's response.
    Wait(Waiter),
    /// Look again: another's response was stored after the ticket was taken.
    Again,
    /// Ask upstream without storing: too many fills are under way.
    Busy,
}

/// Who asks, as far as it tells whether the answer will be shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asker {
    /// A request without credentials.
    Anyone,
    /// A request with credentials (RFC 9111 section 3.5; cookies). Its answer is taken to be its own
    /// until the head of an answer shows otherwise.
    Credentials,
    /// A request with credentials for what has been shared in spite of them.
    CredentialsShared,
    /// The cache itself, which validates what is stored. It asks only if nobody else does.
    Cache,
}

impl Asker {
    pub(super) const fn has_credentials(self) -> bool {
        matches!(self, Self::Credentials | Self::CredentialsShared)
    }
}

/// A moment, to be taken before a look-up: [`begin_or_join`](super::super::Store::begin_or_join)
/// tells by it what the look-up came too early to find.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ticket(u64);

#[derive(Default)]
struct Shard {
    fills: HashMap<FillId, Arc<Fill>, BuildAsIs>,
    unshared: Unshared,
    /// Fills under way of each key, those included that are complete and wait for the disk.
    keys: HashMap<u128, u32, BuildAsIs>,
    /// Those that were stored last, and when.
    stored: VecDeque<(FillId, Ticket)>,
}

/// Whether others may join a fill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Alone {
    /// Nobody does: the answer is to a part, or to a request that insists.
    Yes,
    /// They may, when its head shows that it is shared at the latest.
    No(Asker),
}

/// The fills under way.
pub(in crate::store) struct Fills {
    shards: Vec<Mutex<Shard>>,
    count: AtomicUsize,
    /// Fills stored so far.
    stored: AtomicU64,
}

impl Default for Fills {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            count: AtomicUsize::new(0),
            stored: AtomicU64::new(0),
        }
    }
}

fn id_of(key: KeyHash, variant: Option<KeyHash>) -> FillId {
    (key.as_u128(), variant.map_or(0, KeyHash::as_u128))
}

impl Fills {
    fn shard(&self, id: FillId) -> Option<&Mutex<Shard>> {
        self.shards.get(Slot::of_key(KeyHash::from_u128(id.0)).shard(SHARDS))
    }

    /// Joins the fill of a key and variant, or begins one. Where the answer is unlikely to be shared,
    /// only a fill is joined whose head shows that it is.
    pub(in crate::store) fn begin_or_join(
        &self,
        core: &Arc<Core>,
        key: Key<'_>,
        variant: Option<VariantKey<'_>>,
        ticket: Ticket,
        asker: Asker,
    ) -> Role {
        let asked = id_of(key.hash, variant.map(|variant| variant.hash));
        let Some(shard) = self.shard(asked) else { return Role::Busy };
        let mut beginning = None;
        loop {
            // The state of a fill is looked at without the lock: it is taken the other way round.
            let (existing, unlikely) = {
                let shard = lock(shard);
                let unlikely = is_unlikely(&shard, asked, asker);
                (shard.fills.get(&asked).map(Arc::clone), unlikely)
            };
            if let Some(fill) = existing {
                let good = *fill.key == *key.text && !purged(core, &fill);
                let worth_it = !unlikely || !fill.is_asking();
                if good && worth_it && !fill.is_late() {
                    core.counters.add(Count::Joined);
                    return Role::Wait(Waiter::new(fill));
                }
                if good && !worth_it {
                    // It goes on for others.
                } else if good {
                    set_aside(&mut lock(shard), &fill);
                } else {
                    fill.superseded.store(true, Ordering::Relaxed);
                    self.deregister(&fill);
                }
            }
            let fill = match beginning.take() {
                Some(fill) => fill,
                None => match self.new_fill(core, asked, key, Alone::No(asker)) {
                    Some(fill) => fill,
                    None => return Role::Busy,
                },
            };
            let mut shard = lock(shard);
            if !unlikely && shard.fills.contains_key(&asked) {
                drop(shard);
                beginning = Some(fill);
                continue;
            }
            if shard.stored.iter().any(|(id, at)| *id == asked && *at > ticket) {
                return Role::Again;
            }
            // Known, so that purges wait for it; but, until its head shows that others may have it,
            // under a name that nobody asks for.
            let id = if unlikely { (asked.0, fastrand::u128(..)) } else { asked };
            shard.fills.insert(id, Arc::clone(&fill));
            return Role::Fill(Filling::new(fill));
        }
    }

    /// Begins a fill that nobody joins.
    pub(in crate::store) fn begin_alone(&self, core: &Arc<Core>, key: Key<'_>) -> Option<Filling> {
        let asked = id_of(key.hash, None);
        let fill = self.new_fill(core, asked, key, Alone::Yes)?;
        // Known, so that purges wait for it.
        lock(self.shard(asked)?).fills.insert((asked.0, fastrand::u128(..)), Arc::clone(&fill));
        Some(Filling::new(fill))
    }

    /// A fill, if there is room for one more.
    fn new_fill(
        &self,
        core: &Arc<Core>,
        asked: FillId,
        key: Key<'_>,
        alone: Alone,
    ) -> Option<Arc<Fill>> {
        let room = core.unwritten.load(Ordering::Relaxed) < UNWRITTEN_MOST;
        if self.count.fetch_add(1, Ordering::Relaxed) < FILLS && room {
            *lock(self.shard(asked)?).keys.entry(asked.0).or_default() += 1;
            return Some(Arc::new(Fill::new(Arc::clone(core), asked, key, alone)));
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        core.counters.add(Count::Overloads);
        None
    }

    /// The head turned out storable: who knows the variant joins too.
    pub(super) fn storable(&self, fill: &Arc<Fill>, variant: Option<KeyHash>) {
        let Some(shard) = self.shard(fill.asked) else { return };
        let mut shard = lock(shard);
        shard.unshared.forget(fill.asked, fill.has_credentials());
        if fill.alone == Alone::Yes || fill.superseded.load(Ordering::Relaxed) {
            return;
        }
        for id in [Some(fill.asked.1), variant.map(KeyHash::as_u128)].into_iter().flatten() {
            shard.fills.entry((fill.asked.0, id)).or_insert_with(|| Arc::clone(fill));
        }
    }

    /// The answer was not shared: what the next requests for the same go by.
    pub(super) fn learn(&self, fill: &Fill, lesson: Lesson) {
        if let Some(shard) = self.shard(fill.asked) {
            lock(shard).unshared.learn(fill.asked, lesson, Instant::now());
        }
    }

    /// Nobody joins it any more.
    pub(super) fn deregister(&self, fill: &Fill) {
        self.take_out(fill, false);
    }

    /// Nobody joins it any more, for look-ups find what it brought.
    pub(super) fn deregister_stored(&self, fill: &Fill) {
        self.take_out(fill, true);
    }

    fn take_out(&self, fill: &Fill, stored: bool) {
        let Some(shard) = self.shard(fill.asked) else { return };
        let mut shard = lock(shard);
        let ours = |held: &Arc<Fill>| std::ptr::eq(Arc::as_ptr(held), fill);
        let gone: Vec<_> = shard.fills.extract_if(|_, held| ours(held)).collect();
        if stored {
            let at = Ticket(self.stored.fetch_add(1, Ordering::AcqRel) + 1);
            for (id, _) in &gone {
                if shard.stored.len() >= STORED_LAST {
                    shard.stored.pop_front();
                }
                shard.stored.push_back((*id, at));
            }
        }
        drop(shard);
        // Without the lock: the last one ends the fill.
        drop(gone);
    }

    pub(in crate::store) fn ticket(&self) -> Ticket {
        Ticket(self.stored.load(Ordering::Acquire))
    }

    /// A fill of `asked` was dropped.
    pub(super) fn ended(&self, asked: FillId) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        let Some(shard) = self.shard(asked) else { return };
        if let Entry::Occupied(mut count) = lock(shard).keys.entry(asked.0) {
            *count.get_mut() = count.get().saturating_sub(1);
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Whether a response for the key is coming in.
    pub(in crate::store) fn concern(&self, key: KeyHash) -> bool {
        let shard = self.shard(id_of(key, None));
        shard.is_some_and(|shard| lock(shard).keys.contains_key(&key.as_u128()))
    }

    pub(in crate::store) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn each(&self, mut act: impl FnMut(&Arc<Fill>)) {
        for shard in &self.shards {
            let fills: Vec<_> = lock(shard).fills.values().map(Arc::clone).collect();
            fills.iter().for_each(&mut act);
        }
    }

    /// The stamp of the oldest fill under way that will be stored.
    pub(in crate::store) fn oldest_stamp(&self) -> u64 {
        let mut oldest = u64::MAX;
        self.each(|fill| oldest = oldest.min(fill.stamp));
        oldest
    }

    /// Gives up the disk for fills whose writing takes too long.
    pub(in crate::store) fn give_up_stalled(&self) -> usize {
        let mut stalled = 0;
        self.each(|fill| {
            let mut state = fill.state();
            if matches!(state.disk, Disk::Busy(since) if since.elapsed() > STALLED) {
                stalled += 1;
                fill.turn_off(&mut state);
            }
        });
        stalled
    }
}

/// Whether the answer to a request for `asked` is likely to be nobody else's.
fn is_unlikely(shard: &Shard, asked: FillId, asker: Asker) -> bool {
    match asker {
        Asker::Cache => false,
        Asker::Credentials => true,
        Asker::Anyone | Asker::CredentialsShared => {
            shard.unshared.holds(asked, asker.has_credentials(), Instant::now())
        }
    }
}

/// Nobody joins it until its head comes; it may still be stored, so purges go on waiting for it.
fn set_aside(shard: &mut Shard, fill: &Arc<Fill>) {
    if shard.fills.get(&fill.asked).is_some_and(|held| Arc::ptr_eq(held, fill)) {
        shard.fills.remove(&fill.asked);
        shard.fills.insert((fill.asked.0, fastrand::u128(..)), Arc::clone(fill));
    }
}

/// A purge came after the fill began, so it must not answer those who come now.
fn purged(core: &Core, fill: &Fill) -> bool {
    if fill.stamp >= core.records.newest() {
        return false;
    }
    let front = match fill.state() {
        state if matches!(state.stage, Stage::Released(_)) => return true,
        state => state.front.clone(),
    };
    let tags = front.iter().flat_map(|front| front.tags());
    core.records.judge_parts(fill.hash, &fill.key, tags, fill.stamp) != Verdict::Keep
}
