//! How many client connections there may be, in all and from one client: an IPv4 address, or an IPv6
//! network of 64 bits. Counted once for each connection, not for each request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tombolo_daemon::memory;

use super::half_heads::HalfHeads;
use crate::rate_limit::subscriber;

/// Parts of the table of addresses, so that threads seldom meet at one lock.
const SHARDS: usize = 16;

/// The counts of all threads together.
pub(crate) struct Admission {
    open: AtomicUsize,
    refused: AtomicU64,
    limit: AtomicUsize,
    limit_per_client: AtomicUsize,
    clients: [Mutex<HashMap<IpAddr, usize>>; SHARDS],
    hasher: std::collections::hash_map::RandomState,
    /// The memory of request heads that are not whole.
    pub(crate) half_heads: HalfHeads,
}

/// Why a connection is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// `connections` is reached.
    InAll,
    /// `connections_per_client` is reached for this client.
    ForClient,
    /// The process has reached its bound of memory.
    Memory,
}

impl Admission {
    pub(crate) fn new(limit: usize, limit_per_client: usize, half_heads: usize) -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            limit: AtomicUsize::new(limit),
            limit_per_client: AtomicUsize::new(limit_per_client),
            clients: Default::default(),
            hasher: Default::default(),
            half_heads: HalfHeads::new(half_heads),
        })
    }

    /// Other limits hold from now on; who is in stays.
    pub(crate) fn set(&self, limit: usize, limit_per_client: usize, half_heads: usize) {
        self.half_heads.set(half_heads);
        self.limit.store(limit, Ordering::Relaxed);
        self.limit_per_client.store(limit_per_client, Ordering::Relaxed);
    }

    /// Counts a connection from `client` in. Whoever admits it lets it [`leave`](Self::leave).
    pub(crate) fn admit(&self, client: IpAddr) -> Result<(), Full> {
        self.try_admit(client).inspect_err(|_| {
            self.refused.fetch_add(1, Ordering::Relaxed);
        })
    }

    fn try_admit(&self, client: IpAddr) -> Result<(), Full> {
        if memory::is_short() {
            return Err(Full::Memory);
        }
        let client = subscriber(client);
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.limit() {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::InAll);
        }
        let mut clients = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client).or_insert(0);
        if *count >= self.limit_per_client.load(Ordering::Relaxed) {
            drop(clients);
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::ForClient);
        }
        *count = count.saturating_add(1);
        Ok(())
    }

    /// Counts an admitted connection for the client it is from, in place of the proxy it came
    /// through. Unless that client has too many: then it is still the proxy's.
    pub(crate) fn rename(&self, proxy: IpAddr, client: IpAddr) -> Result<(), Full> {
        let client = subscriber(client);
        if subscriber(proxy) == client {
            return Ok(());
        }
        {
            let mut clients = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
            let count = clients.entry(client).or_insert(0);
            if *count >= self.limit_per_client.load(Ordering::Relaxed) {
                return Err(Full::ForClient);
            }
            *count = count.saturating_add(1);
        }
        self.forget(proxy);
        Ok(())
    }

    /// Counts an admitted connection out.
    pub(crate) fn leave(&self, client: IpAddr) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.forget(client);
    }

    fn forget(&self, client: IpAddr) {
        let client = subscriber(client);
        let mut clients = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = clients.entry(client) {
            let count = entry.get_mut();
            *count = count.saturating_sub(1);
            if *count == 0 {
                entry.remove();
            }
        }
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// The most that may be.
    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Connections turned away since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn shard(&self, client: IpAddr) -> &Mutex<HashMap<IpAddr, usize>> {
        let [first, ..] = &self.clients;
        let index = usize::try_from(self.hasher.hash_one(client)).unwrap_or_default() % SHARDS;
        self.clients.get(index).unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn places_are_counted_and_given_back() {
        let admission = Admission::new(3, 2, 0);
        let (one, two) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from([10, 0, 0, 1]));
        assert_eq!(admission.admit(one), Ok(()));
        assert_eq!(admission.admit(one), Ok(()));
        assert_eq!(admission.admit(one), Err(Full::ForClient));
        assert_eq!(admission.admit(two), Ok(()));
        assert_eq!(admission.admit(two), Err(Full::InAll));
        admission.leave(one);
        assert_eq!(admission.open.load(Ordering::Relaxed), 2);
        assert!(admission.admit(one).is_ok());
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_client() {
        let admission = Admission::new(9, 2, 0);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(admission.admit(ip("2001:db8::1")), Ok(()));
        assert_eq!(admission.rename(ip("2001:db8::1"), ip("2001:db8::9")), Ok(()));
        assert_eq!(admission.admit(ip("2001:db8::2")), Ok(()));
        assert_eq!(admission.admit(ip("2001:db8::3")), Err(Full::ForClient));
        assert_eq!(admission.admit(ip("2001:db8:0:1::3")), Ok(()));
        admission.leave(ip("2001:db8::9"));
        assert_eq!(admission.admit(ip("2001:db8::3")), Ok(()));
    }

    #[test]
    fn a_renamed_connection_counts_for_its_client() {
        let admission = Admission::new(3, 1, 0);
        let (proxy, client) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([192, 0, 2, 7]));
        assert_eq!(admission.admit(proxy), Ok(()));
        assert_eq!(admission.rename(proxy, client), Ok(()));
        assert_eq!(admission.admit(proxy), Ok(()), "its place is free again");
        assert_eq!(admission.rename(proxy, client), Err(Full::ForClient));
        assert_eq!(admission.rename(proxy, proxy), Ok(()), "it is counted already");
        admission.leave(proxy);
        admission.leave(client);
        assert_eq!(admission.open.load(Ordering::Relaxed), 0);
        assert!(admission.clients.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }

    #[test]
    fn a_client_that_left_leaves_nothing_behind() {
        let admission = Admission::new(10, 2, 0);
        for last in 0..=255 {
            let client = IpAddr::from([10, 0, 0, last]);
            assert_eq!(admission.admit(client), Ok(()));
            admission.leave(client);
        }
        assert!(admission.clients.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }
}
