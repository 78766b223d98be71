//! Retries after an error status that nobody asked for: how many an upstream gets, so that they help
//! while one server fails, and cost next to nothing while a page fails at all servers.
//!
//! A retry takes a token. One that ends well gives back two, one that ends in an error none: a server
//! that fails next to servers that do not is covered for as long as it takes, and errors of all
//! servers use the tokens up, after which one comes back each second. A page whose retry ended in an
//! error is not retried for a while, so that one broken page leaves the tokens to all others.
//!
//! Threads share this without a lock; nothing is read or written for an answer without an error.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Tokens at the start, and the most there are.
const TOKENS: u64 = 100;

/// A token, in the thousandths that are counted: one comes back each millisecond.
const TOKEN: u64 = 1000;

/// Bits of the count of thousandths, below those of the time of the last change.
const COUNT_BITS: u32 = 20;

/// For so long a page whose retry ended in an error is not retried.
const PAGE_MS: u64 = 10_000;

/// Pages that are remembered. Two in one place: the later one.
const PAGES: usize = 64;

/// What an upstream has left for retries after error statuses. Times are in milliseconds of one clock.
#[derive(Debug)]
pub struct ErrorRetries {
    /// Milliseconds of the last change, then the thousandths of tokens that were left.
    state: AtomicU64,
    /// Of each page half of its hash, and the time of its error in units of 2^-10 seconds.
    pages: [AtomicU64; PAGES],
}

impl Default for ErrorRetries {
    fn default() -> Self {
        Self { state: AtomicU64::new(TOKENS * TOKEN), pages: [const { AtomicU64::new(0) }; PAGES] }
    }
}

impl ErrorRetries {
    /// Takes a token for a retry of the page with this hash; false if there is none, or the page
    /// failed at another server a moment ago.
    pub fn take(&self, page: u64, now: u64) -> bool {
        let less = |state| {
            let left = count_at(state, now).checked_sub(TOKEN)?;
            Some(packed(time(state).max(now), left))
        };
        !self.has_failed(page, now) && self.state.fetch_update(Relaxed, Relaxed, less).is_ok()
    }

    /// The retry was not made after all.
    pub fn give_back(&self) {
        self.add(TOKEN);
    }

    /// The retry was answered without an error.
    pub fn succeeded(&self) {
        self.add(2 * TOKEN);
    }

    /// The retry of this page ended in an error too.
    pub fn failed(&self, page: u64, now: u64) {
        if let Some(place) = self.place(page) {
            place.store(remembered(page, now), Relaxed);
        }
    }

    /// Whole tokens that are left.
    #[must_use]
    pub fn left(&self, now: u64) -> u64 {
        count_at(self.state.load(Relaxed), now) / TOKEN
    }

    fn add(&self, thousandths: u64) {
        let more = |state| {
            let count = (count(state) + thousandths).min(TOKENS * TOKEN);
            Some(packed(time(state), count))
        };
        // The closure refuses nothing.
        let _ = self.state.fetch_update(Relaxed, Relaxed, more);
    }

    fn has_failed(&self, page: u64, now: u64) -> bool {
        self.place(page).is_some_and(|place| {
            let known = place.load(Relaxed);
            let is_same = known != 0 && known >> 32 == page >> 32;
            let passed = (now >> 10).wrapping_sub(known) & u64::from(u32::MAX);
            is_same && passed < PAGE_MS >> 10
        })
    }

    fn place(&self, page: u64) -> Option<&AtomicU64> {
        self.pages.get(page as usize % PAGES)
    }
}

fn remembered(page: u64, now: u64) -> u64 {
    page >> 32 << 32 | (now >> 10) & u64::from(u32::MAX)
}

fn packed(time: u64, count: u64) -> u64 {
    time << COUNT_BITS | count
}

fn time(state: u64) -> u64 {
    state >> COUNT_BITS
}

fn count(state: u64) -> u64 {
    state & ((1 << COUNT_BITS) - 1)
}

/// Thousandths of tokens with what came back since the last change.
fn count_at(state: u64, now: u64) -> u64 {
    let back = now.saturating_sub(time(state));
    count(state).saturating_add(back).min(TOKENS * TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A hash of which all bits count.
    fn page(number: u64) -> u64 {
        crate::hash_key(&number.to_be_bytes())
    }

    #[test]
    fn a_server_that_fails_next_to_others_is_covered_for_as_long_as_it_takes() {
        let retries = ErrorRetries::default();
        for number in 0..100_000 {
            assert!(retries.take(page(number % 50), 5), "retry {number}");
            retries.succeeded();
        }
        assert_eq!(retries.left(5), TOKENS);
    }

    #[test]
    fn as_many_as_are_under_way_at_one_server_are_covered_at_once() {
        let retries = ErrorRetries::default();
        assert!((0..TOKENS).all(|_| retries.take(page(1), 5)));
        assert!(!retries.take(page(1), 5));
        (0..TOKENS).for_each(|_| retries.succeeded());
        assert_eq!(retries.left(5), TOKENS, "never more");
    }

    #[test]
    fn a_broken_page_is_retried_once_in_ten_seconds_and_leaves_the_tokens_to_others() {
        let retries = ErrorRetries::default();
        let mut made = 0;
        for now in 0..60_000 {
            if retries.take(page(7), now) {
                made += 1;
                retries.failed(page(7), now);
            }
        }
        assert!((6..=8).contains(&made), "{made}");
        assert!(retries.left(60_000) >= TOKENS - 2 && retries.take(page(8), 60_000));
    }

    #[test]
    fn errors_of_all_pages_cost_one_retry_each_second_in_the_long_run() {
        let retries = ErrorRetries::default();
        let mut made = 0;
        for now in 0..100_000 {
            if retries.take(page(now), now) {
                made += 1;
                retries.failed(page(now), now);
            }
        }
        assert!((190..=200).contains(&made), "{made}: 100 at the start, then 1 a second");
    }

    #[test]
    fn what_is_given_back_is_there_again() {
        let retries = ErrorRetries::default();
        for _ in 0..1000 {
            assert!(retries.take(page(1), 0));
            retries.give_back();
        }
        assert_eq!(retries.left(0), TOKENS);
    }

    proptest! {
        /// However retries end, those that end in errors stay within the tokens.
        #[test]
        fn errors_stay_within_the_tokens(
            steps in proptest::collection::vec((0u64..400, any::<u64>(), 0u8..4), 1..400),
        ) {
            let retries = ErrorRetries::default();
            let (mut now, mut failed, mut well) = (0, 0, 0);
            for (passed, page, how) in steps {
                now += passed;
                if !retries.take(page, now) {
                    continue;
                }
                match how {
                    0 => retries.give_back(),
                    1 => {
                        retries.succeeded();
                        well += 1;
                    }
                    _ => {
                        retries.failed(page, now);
                        failed += 1;
                    }
                }
            }
            prop_assert!(failed <= TOKENS + well + now / 1000 + 1);
        }
    }
}
