//! How many client connections there may be, in all and from one address. Counted once for each
//! connection, not for each request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Parts of the table of addresses, so that threads seldom meet at one lock.
const SHARDS: usize = 16;

/// The counts of all threads together.
pub(crate) struct Admission {
    open: AtomicUsize,
    limit: usize,
    limit_per_client: usize,
    clients: [Mutex<HashMap<IpAddr, usize>>; SHARDS],
    hasher: std::collections::hash_map::RandomState,
}

/// Why a connection is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// `connections` is reached.
    InAll,
    /// `connections_per_client` is reached for this address.
    ForClient,
}

impl Admission {
    pub(crate) fn new(limit: usize, limit_per_client: usize) -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            limit,
            limit_per_client,
            clients: Default::default(),
            hasher: Default::default(),
        })
    }

    /// A place for a connection from `client`, given back when the ticket is dropped.
    pub(crate) fn admit(self: &Arc<Self>, client: IpAddr) -> Result<Ticket, Full> {
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::InAll);
        }
        let mut clients = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client).or_insert(0);
        if *count >= self.limit_per_client {
            drop(clients);
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::ForClient);
        }
        *count = count.saturating_add(1);
        drop(clients);
        Ok(Ticket { admission: Arc::clone(self), client })
    }

    fn shard(&self, client: IpAddr) -> &Mutex<HashMap<IpAddr, usize>> {
        let [first, ..] = &self.clients;
        let index = usize::try_from(self.hasher.hash_one(client)).unwrap_or_default() % SHARDS;
        self.clients.get(index).unwrap_or(first)
    }
}

/// One admitted connection.
pub(crate) struct Ticket {
    admission: Arc<Admission>,
    client: IpAddr,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
        let shard = self.admission.shard(self.client);
        let mut clients = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = clients.entry(self.client) {
            let count = entry.get_mut();
            *count = count.saturating_sub(1);
            if *count == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn places_are_counted_and_given_back() {
        let admission = Admission::new(3, 2);
        let (one, two) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from([10, 0, 0, 1]));
        let first = admission.admit(one).unwrap_or_else(|_| panic!("first"));
        let _second = admission.admit(one).unwrap_or_else(|_| panic!("second"));
        assert_eq!(admission.admit(one).err(), Some(Full::ForClient));
        let _third = admission.admit(two).unwrap_or_else(|_| panic!("another client"));
        assert_eq!(admission.admit(two).err(), Some(Full::InAll));
        drop(first);
        assert_eq!(admission.open.load(Ordering::Relaxed), 2);
        assert!(admission.admit(one).is_ok());
    }

    #[test]
    fn a_client_that_left_leaves_nothing_behind() {
        let admission = Admission::new(10, 2);
        for last in 0..=255 {
            drop(admission.admit(IpAddr::from([10, 0, 0, last])));
        }
        assert!(admission.clients.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }
}
