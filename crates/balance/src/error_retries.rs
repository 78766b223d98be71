//! Retries after an error status that nobody asked for: how many an upstream gets, so that they help
//! while one server fails, cost next to nothing while a page fails at all servers, and cannot be used up or
//! turned off for others by one client.
//!
//! A retry takes a token. One that ends well gives back two, one that ends in an error none: a server
//! that fails next to servers that do not is covered for as long as it takes, and errors of all
//! servers use the tokens up, after which one comes back each second.
//!
//! A client has an account of its own, which holds half of the tokens. A retry that ends in an error is
//! charged to it ten times, so a client whose requests fail everywhere has ten such retries, and then one
//! in ten seconds, whatever it asks for.
//!
//! A page (with its query) whose retry ended in an error is not retried for a while: for that client, and for
//! all once that has happened to two clients. One alone may have provoked it by what only it sends.
//!
//! Threads share this without a lock; nothing is read or written for an answer without an error. Both
//! tables are bounded: who comes later takes the place.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Tokens at the start, and the most there are.
const TOKENS: u64 = 200;

/// A token, in the thousandths that are counted: one comes back each millisecond.
const TOKEN: u64 = 1000;

/// Bits of the count of thousandths, below those of the time of the last change.
const COUNT_BITS: u32 = 20;

/// For so long a page whose retry ended in an error is not retried.
const PAGE_MS: u64 = 10_000;

/// Pages that are remembered. Two in one place: the later one.
const PAGES: usize = 256;

/// Clients that are remembered. Two in one place: the later one.
const CLIENTS: usize = 256;

/// What a client may have charged to its account; one is taken off each second.
const ACCOUNT: u64 = 100;

/// What a retry that ended in an error is charged, beside the one that each is until it ends.
const FAILURE: u64 = 9;

/// A request that may be retried, by hashes of which all bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// What it asks for, with the query.
    pub page: u64,
    /// Who asks.
    pub client: u64,
}

/// What an upstream has left for retries after error statuses. Times are in milliseconds of one clock.
#[derive(Debug)]
pub struct ErrorRetries {
    /// Milliseconds of the last change, then the thousandths of tokens that were left.
    state: AtomicU64,
    /// See [`Failed`].
    pages: [AtomicU64; PAGES],
    /// See [`Account`].
    clients: [AtomicU64; CLIENTS],
}

impl Default for ErrorRetries {
    fn default() -> Self {
        Self {
            state: AtomicU64::new(TOKENS * TOKEN),
            pages: [const { AtomicU64::new(0) }; PAGES],
            clients: [const { AtomicU64::new(0) }; CLIENTS],
        }
    }
}

impl ErrorRetries {
    /// Takes a token for a retry; false if there is none, the client has used up its own, or the page
    /// failed at another server a moment ago.
    pub fn take(&self, retry: Retry, now: u64) -> bool {
        if self.has_failed(retry, now) || !self.charge(retry.client, now) {
            return false;
        }
        let less = |state| {
            let left = count_at(state, now).checked_sub(TOKEN)?;
            Some(packed(time(state).max(now), left))
        };
        let is_taken = self.state.fetch_update(Relaxed, Relaxed, less).is_ok();
        if !is_taken {
            self.account(retry.client, now, |charged| charged.saturating_sub(1));
        }
        is_taken
    }

    /// The retry was not made after all.
    pub fn give_back(&self, retry: Retry, now: u64) {
        self.add(TOKEN);
        self.account(retry.client, now, |charged| charged.saturating_sub(1));
    }

    /// The retry was answered without an error.
    pub fn succeeded(&self, retry: Retry, now: u64) {
        self.add(2 * TOKEN);
        self.account(retry.client, now, |charged| charged.saturating_sub(1));
    }

    /// The retry ended in an error too.
    pub fn failed(&self, retry: Retry, now: u64) {
        self.account(retry.client, now, |charged| (charged + FAILURE).min(2 * ACCOUNT));
        if let Some(place) = self.pages.get(retry.page as usize % PAGES) {
            let known = Failed(place.load(Relaxed));
            let is_shared = known.is_recent(now)
                && known.is_of_page(retry.page)
                && (known.is_shared() || !known.is_of_client(retry.client));
            place.store(Failed::new(retry, is_shared, now).0, Relaxed);
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

    fn has_failed(&self, retry: Retry, now: u64) -> bool {
        self.pages.get(retry.page as usize % PAGES).is_some_and(|place| {
            let known = Failed(place.load(Relaxed));
            known.is_recent(now)
                && known.is_of_page(retry.page)
                && (known.is_shared() || known.is_of_client(retry.client))
        })
    }

    /// Charges a retry to its client; false if too much is charged already.
    fn charge(&self, client: u64, now: u64) -> bool {
        let Some(place) = self.clients.get(client as usize % CLIENTS) else { return true };
        let more = |word| {
            let charged = Account(word).charged(client, now);
            (charged < ACCOUNT).then(|| Account::new(client, charged + 1, now).0)
        };
        place.fetch_update(Relaxed, Relaxed, more).is_ok()
    }

    /// Changes what is charged to a client, unless another has taken its place.
    fn account(&self, client: u64, now: u64, change: impl Fn(u64) -> u64) {
        let Some(place) = self.clients.get(client as usize % CLIENTS) else { return };
        // Refused where it is another's: that one's account stays as it is.
        let _ = place.fetch_update(Relaxed, Relaxed, |word| {
            let known = Account(word);
            let changed = || Account::new(client, change(known.charged(client, now)), now).0;
            known.is_of(client).then(changed)
        });
    }
}

/// What is charged to a client: 20 bits of its hash, 32 of the time in units of 1.024 seconds, and
/// 12 of the charge at that time.
#[derive(Clone, Copy)]
struct Account(u64);

impl Account {
    fn new(client: u64, charged: u64, now: u64) -> Self {
        Self(client >> 44 << 44 | ((now >> 10) & u64::from(u32::MAX)) << 12 | charged & 0xfff)
    }

    fn is_of(self, client: u64) -> bool {
        self.0 >> 44 == client >> 44
    }

    /// What is left of the charge.
    fn charged(self, client: u64, now: u64) -> u64 {
        if !self.is_of(client) {
            return 0;
        }
        let passed = (now >> 10).wrapping_sub(self.0 >> 12) & u64::from(u32::MAX);
        (self.0 & 0xfff).saturating_sub(passed)
    }
}

/// A page whose retry failed: 20 bits of its hash, 15 of the client's, whether it failed for another too,
/// and 28 of the time in units of 1.024 seconds.
#[derive(Clone, Copy)]
struct Failed(u64);

impl Failed {
    const TIME: u64 = (1 << 28) - 1;
    const SHARED: u64 = 1 << 28;
    const CLIENT: u64 = 0x7fff;

    fn new(Retry { page, client }: Retry, is_shared: bool, now: u64) -> Self {
        let shared = if is_shared { Self::SHARED } else { 0 };
        Self(
            page >> 44 << 44
                | (client >> 40 & Self::CLIENT) << 29
                | shared
                | (now >> 10) & Self::TIME,
        )
    }

    fn is_recent(self, now: u64) -> bool {
        let passed = (now >> 10).wrapping_sub(self.0) & Self::TIME;
        self.0 != 0 && passed < PAGE_MS >> 10
    }

    fn is_of_page(self, page: u64) -> bool {
        self.0 >> 44 == page >> 44
    }

    fn is_of_client(self, client: u64) -> bool {
        self.0 >> 29 & Self::CLIENT == client >> 40 & Self::CLIENT
    }

    fn is_shared(self) -> bool {
        self.0 & Self::SHARED != 0
    }
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
mod tests;
