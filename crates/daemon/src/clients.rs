//! Clients by their address: whose quota an address counts to, and how many places each takes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The client that an address belongs to: with IPv6 a client has a whole network of addresses (/64,
/// RFC 4291, section 2.5.1), and an IPv4 address is one however it is written.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        plain => plain,
    }
}

/// Places of which each client may take so many. Clones count together; a client without a place is
/// not remembered.
#[derive(Clone, Debug)]
pub struct Places {
    each: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    client: IpAddr,
}

impl Places {
    /// So many places for each client.
    #[must_use]
    pub fn new(each: usize) -> Self {
        Self { each, taken: Arc::default() }
    }

    /// Takes a place for the client of an address; None when it has as many as it may.
    #[must_use]
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let client = network(address);
        let mut taken = self.lock();
        let count = taken.entry(client).or_default();
        if *count >= self.each {
            if *count == 0 {
                taken.remove(&client);
            }
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Place { places: self.clone(), client })
    }

    /// Each change is one step, so counts are whole whoever panicked.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn places_are_counted_for_each_client_and_given_back() {
        let places = Places::new(2);
        let address = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        let held = [places.take(address(1)), places.take(address(2))];
        assert!(held.iter().all(Option::is_some) && places.take(address(3)).is_none());
        assert!(places.take(IpAddr::from([192, 0, 2, 1])).is_some());
        drop(held);
        assert!(places.lock().is_empty());
        assert!(Places::new(0).take(address(1)).is_none());
    }
}
