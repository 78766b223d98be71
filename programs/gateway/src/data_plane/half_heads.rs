//! How much memory request heads may hold that have begun to come and are not whole: a budget in
//! all, and a part of it for one client. Heads that come at once, as nearly all do, are not
//! counted.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::rate_limit::subscriber;

/// What a head costs whatever has come of it: bytes of buffers and of the connection's task.
const FIXED: usize = 16 * 1024;

/// The part of the budget that one client may take: so many clients take all of it.
const CLIENTS: usize = 8;

/// The counts of all threads together; bytes.
pub(crate) struct HalfHeads {
    budget: AtomicUsize,
    all: AtomicUsize,
    /// Entered only by clients whose heads come in pieces.
    clients: Mutex<HashMap<IpAddr, usize>>,
}

/// The budget, or the client's part of it, is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl HalfHeads {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget: AtomicUsize::new(budget),
            all: AtomicUsize::new(0),
            clients: Mutex::default(),
        }
    }

    /// Another budget holds from now on.
    pub(super) fn set(&self, budget: usize) {
        self.budget.store(budget, Ordering::Relaxed);
    }

    /// A head of `client` that is not whole.
    pub(crate) fn begin(&self, client: IpAddr) -> HalfHead<'_> {
        HalfHead { heads: self, client: subscriber(client), bytes: 0 }
    }

    fn take(&self, client: IpAddr, bytes: usize) -> Result<(), TooMany> {
        let budget = self.budget.load(Ordering::Relaxed);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = clients.get(&client).copied().unwrap_or(0).saturating_add(bytes);
        let in_all = self.all.load(Ordering::Relaxed).saturating_add(bytes);
        if in_all > budget || of_client > budget / CLIENTS {
            return Err(TooMany);
        }
        self.all.store(in_all, Ordering::Relaxed);
        clients.insert(client, of_client);
        Ok(())
    }

    fn give_back(&self, client: IpAddr, bytes: usize) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        self.all.store(self.all.load(Ordering::Relaxed).saturating_sub(bytes), Ordering::Relaxed);
        if let Some(of_client) = clients.get_mut(&client) {
            *of_client = of_client.saturating_sub(bytes);
            if *of_client == 0 {
                clients.remove(&client);
            }
        }
    }
}

/// What one head holds; given back when it is dropped.
pub(crate) struct HalfHead<'h> {
    heads: &'h HalfHeads,
    client: IpAddr,
    bytes: usize,
}

impl HalfHead<'_> {
    /// `come` bytes of it have come in all.
    ///
    /// # Errors
    /// There is no room for them.
    pub(crate) fn grow(&mut self, come: usize) -> Result<(), TooMany> {
        let more = come.saturating_add(FIXED).saturating_sub(self.bytes);
        self.heads.take(self.client, more)?;
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }
}

impl Drop for HalfHead<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.heads.give_back(self.client, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_holds_in_all_and_for_each_client() {
        let heads = HalfHeads::new(80 * FIXED);
        let client = |number: u8| IpAddr::from([192, 0, 2, number]);
        let mut held = Vec::new();
        for number in 0..9 {
            for turn in 0..10 {
                let mut head = heads.begin(client(number));
                let fits = head.grow(0).is_ok();
                assert_eq!(fits, number < 8 && turn < 10, "{number} {turn}");
                held.push(head);
            }
            let mut one_more = heads.begin(client(number));
            assert_eq!(one_more.grow(1), Err(TooMany));
        }
        held.clear();
        assert_eq!(heads.all.load(Ordering::Relaxed), 0);
        assert!(heads.clients.lock().unwrap().is_empty(), "nothing is left behind");
    }

    #[test]
    fn a_head_is_counted_by_what_has_come_of_it() {
        let heads = HalfHeads::new(CLIENTS * 2 * FIXED);
        let mut head = heads.begin(IpAddr::from([192, 0, 2, 1]));
        assert_eq!(head.grow(100), Ok(()));
        assert_eq!(head.grow(FIXED), Ok(()));
        assert_eq!(heads.all.load(Ordering::Relaxed), 2 * FIXED);
        assert_eq!(head.grow(FIXED + 1), Err(TooMany));
    }
}
