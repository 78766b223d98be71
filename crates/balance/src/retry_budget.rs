//! The retry budget: repeats are paid for by requests, so that servers which fail are not overrun by
//! repeats on top. Each worker has an account of its own, which only it writes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What one repeat costs, in thousandths.
const REPEAT: u64 = 1000;

/// The most repeats that a worker saves up.
const SAVED: u64 = 1000 * REPEAT;

/// How many of an upstream's requests may be repeated: a part of them, and some each second whatever
/// their number. Over all workers together, repeats stay below both sums.
#[derive(Debug)]
pub struct RetryBudget {
    /// What a request pays in, in thousandths of a repeat.
    deposit: u64,
    /// What each worker is given for a second, in thousandths of a repeat.
    floor: u64,
    accounts: Box<[Account]>,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Account {
    saved: AtomicU64,
    /// When the floor was last paid in, in milliseconds.
    paid: AtomicU64,
    granted: AtomicU64,
    refused: AtomicU64,
}

impl RetryBudget {
    /// Repeats for `percent` of the requests, and `per_second`, for workers `0..workers`.
    #[must_use]
    pub fn new(percent: u32, per_second: u32, workers: usize) -> RetryBudget {
        let workers = workers.max(1);
        let floor = u64::from(per_second) * REPEAT / workers as u64;
        let account = |_| Account { saved: AtomicU64::new(floor), ..Account::default() };
        RetryBudget {
            deposit: u64::from(percent) * REPEAT / 100,
            floor,
            accounts: (0..workers).map(account).collect(),
        }
    }

    /// A request begins on this worker.
    #[inline]
    pub fn deposit(&self, worker: usize) {
        if let Some(account) = self.accounts.get(worker) {
            let saved = account.saved.load(Relaxed) + self.deposit;
            account.saved.store(saved.min(SAVED), Relaxed);
        }
    }

    /// Whether a request may be repeated; then it is paid for. `now` is in milliseconds.
    pub fn withdraw(&self, worker: usize, now: u64) -> bool {
        let Some(account) = self.accounts.get(worker) else { return false };
        let passed = now.saturating_sub(account.paid.load(Relaxed)).min(1000);
        let floor = self.floor * passed / 1000;
        let mut saved = account.saved.load(Relaxed);
        if floor > 0 {
            account.paid.store(now, Relaxed);
            saved = (saved + floor).min(SAVED.max(self.floor));
        }
        let left = saved.checked_sub(REPEAT);
        account.saved.store(left.unwrap_or(saved), Relaxed);
        let count = if left.is_some() { &account.granted } else { &account.refused };
        count.store(count.load(Relaxed) + 1, Relaxed);
        left.is_some()
    }

    /// Repeats so far: those that were made, and those for which there was nothing left.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        self.accounts.iter().fold((0, 0), |(granted, refused), account| {
            (granted + account.granted.load(Relaxed), refused + account.refused.load(Relaxed))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fifth_of_the_requests_may_be_repeated() {
        let budget = RetryBudget::new(20, 0, 1);
        let mut repeats = 0;
        for _ in 0..1000 {
            budget.deposit(0);
            repeats += u32::from(budget.withdraw(0, 0));
        }
        assert_eq!(repeats, 200);
        assert_eq!(budget.counts(), (200, 800));
    }

    #[test]
    fn some_may_be_repeated_each_second_whatever_the_requests() {
        let budget = RetryBudget::new(0, 10, 2);
        let repeats = |now| (0..100).filter(|_| budget.withdraw(1, now)).count();
        assert_eq!(repeats(0), 5, "half of the floor, with two workers");
        assert_eq!((repeats(200), repeats(400), repeats(1400)), (1, 1, 5));
        assert_eq!(repeats(60_000), 5, "a floor is not saved up");
    }

    #[test]
    fn a_worker_that_does_not_exist_has_nothing() {
        let budget = RetryBudget::new(100, 100, 1);
        budget.deposit(3);
        assert!(!budget.withdraw(3, 0));
    }

    proptest! {
        /// However requests and failures fall, repeats stay within the budget.
        #[test]
        fn repeats_stay_within_the_budget(
            percent in 0u32..=100,
            per_second in 0u32..=50,
            steps in proptest::collection::vec((0u64..50, 1usize..5, 0usize..3), 1..300),
        ) {
            let budget = RetryBudget::new(percent, per_second, 1);
            let (mut now, mut requests, mut repeats) = (0, 0, 0);
            for (passed, several, tries) in steps {
                now += passed;
                for _ in 0..several {
                    budget.deposit(0);
                    requests += 1;
                    repeats += (0..tries).filter(|_| budget.withdraw(0, now)).count() as u64;
                }
            }
            // In thousandths, so that nothing is rounded.
            let due = requests * u64::from(percent) * 10 + u64::from(per_second) * (now + 1000);
            prop_assert!(repeats * 1000 <= due, "{} repeats, {} allowed", repeats, due / 1000);
        }
    }
}
