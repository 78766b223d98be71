//! The buckets of all keys. The table has a fixed size, so nobody can make it grow: a word for each
//! bucket, in sets of eight. A key belongs to one set; where that is full, the bucket goes that is
//! nearest to being full, which its owner hardly notices. No lock: a bucket changes by one
//! compare-and-swap, and is exact over all threads.
//!
//! A word is 16 bits of the key's hash and 48 of the time when the bucket is full, in microseconds
//! (enough for eight years; a bucket that would be full later refuses instead). Two keys of one set share a bucket once in some ten thousand pairs. The
//! hash is seeded anew by each process, so nobody can choose whose bucket is shared.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::pace::{Pace, Taken};

const WAYS: usize = 8;

/// Sets of the table: 131,072 buckets, 1 MiB.
const SETS: usize = 16_384;

const TIME: u64 = (1 << 48) - 1;

/// Tries, when other threads change the same set in between; then the request passes uncounted.
/// Each failure is another thread's success, so this is far more than threads can cause by chance.
const TRIES: u32 = 64;

/// The buckets of one process.
pub(crate) struct Table {
    words: Box<[AtomicU64]>,
    seed: RandomState,
}

impl Table {
    /// All buckets full.
    pub(crate) fn new() -> Self {
        let words = (0..SETS * WAYS).map(|_| AtomicU64::new(0)).collect();
        Self { words, seed: RandomState::new() }
    }

    /// When the bucket of `key` would be full again had a token been taken, and otherwise as
    /// [`take`](Self::take); takes none.
    pub(super) fn peek(&self, key: impl Hash, pace: Pace, now: u64) -> Result<u64, u64> {
        let hash = self.seed.hash_one(key);
        let tag = (hash >> 48).max(1) << 48;
        let first = (hash as usize % SETS) * WAYS;
        let set = self.words.get(first..first + WAYS).unwrap_or_default();
        let words = set.iter().map(|slot| slot.load(Relaxed));
        let own = words.filter(|word| word & !TIME == tag).map(|word| word & TIME).next();
        taken(pace, own.unwrap_or(0), now)
    }

    /// Takes a token from the bucket of `key` at `now`, in microseconds. Tells when the bucket is
    /// full again; the error is how long to wait, in the same.
    pub(super) fn take(&self, key: impl Hash, pace: Pace, now: u64) -> Result<u64, u64> {
        let hash = self.seed.hash_one(key);
        let tag = (hash >> 48).max(1) << 48;
        let first = (hash as usize % SETS) * WAYS;
        let Some(set) = self.words.get(first..first + WAYS) else { return Ok(now) };
        let mut last = now;
        for _ in 0..TRIES {
            let Some((slot, word)) = find(set, tag, now) else { break };
            let full_at = if word & !TIME == tag { word & TIME } else { 0 };
            let full_at = taken(pace, full_at, now)?;
            if slot.compare_exchange(word, tag | full_at, Relaxed, Relaxed).is_ok() {
                return Ok(full_at);
            }
            last = full_at;
        }
        Ok(last)
    }
}

/// When a bucket is full again once a token was taken from it, and how long to wait if there is none. One
/// that would be full at a time which a word cannot hold has none.
fn taken(pace: Pace, full_at: u64, now: u64) -> Result<u64, u64> {
    match pace.take(full_at, now) {
        Taken::Token { full_at } if full_at > TIME => Err(full_at - TIME),
        Taken::Token { full_at } => Ok(full_at),
        Taken::Wait(micros) => Err(micros),
    }
}

/// The key's own bucket, or else the one of the set that is full for the longest or soonest.
fn find(set: &[AtomicU64], tag: u64, now: u64) -> Option<(&AtomicU64, u64)> {
    let words = set.iter().map(|slot| (slot, slot.load(Relaxed)));
    words.min_by_key(|(_, word)| match word {
        own if own & !TIME == tag => 0,
        other => (other & TIME).max(now.min(1)).saturating_add(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_key_has_a_bucket_of_its_own() {
        let (table, pace) = (Table::new(), Pace::new(1, Duration::from_secs(1), 3));
        for key in 0..100 {
            let allowed = (0..10).filter(|_| table.take(key, pace, 1_000).is_ok()).count();
            assert_eq!(allowed, 3, "key {key}");
        }
        assert_eq!(table.peek(7, pace, 500_000), Err(501_000));
        assert!(table.peek(1_000_000, pace, 500_000).is_ok());
        assert_eq!(table.take(7, pace, 500_000), Err(501_000));
        assert!(table.take(7, pace, 1_100_000).is_ok());
    }

    #[test]
    fn a_limit_beyond_what_a_word_can_hold_refuses_rather_than_begin_anew() {
        let (table, year) = (Table::new(), Duration::from_secs(365 * 24 * 3600));
        let pace = Pace::new(1, year, 1_000_000);
        let allowed = (0..1000).filter(|_| table.take("one", pace, 5).is_ok()).count();
        assert_eq!(allowed, 8, "years that fit");
        assert!(table.peek("one", pace, 5).is_err());
    }

    #[test]
    fn threads_share_a_bucket_exactly() {
        let (table, pace) = (Table::new(), Pace::new(1, Duration::from_secs(1), 1000));
        let allowed: usize = std::thread::scope(|scope| {
            let ask = || (0..2000).filter(|_| table.take("one", pace, 5).is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        // Who lost every race passes uncounted; that hardly happens.
        assert!((1000..1010).contains(&allowed), "{allowed}");
    }

    #[test]
    fn more_keys_than_buckets_take_no_more_memory() {
        let (table, pace) = (Table::new(), Pace::new(1, Duration::from_secs(1), 1));
        for key in 0..400_000 {
            assert!(table.take(key, pace, 1_000 + key).is_ok() || key > 0);
        }
        assert_eq!(table.words.len(), SETS * WAYS);
    }
}
