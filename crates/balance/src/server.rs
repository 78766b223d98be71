//! What is chosen from: a server as the balancer sees it. Owns the bounds of a weight.

use std::collections::HashSet;
use std::sync::Arc;

use crate::gate::Gate;
use crate::hash::{hash_key, mix};
use crate::room::Room;

/// A server's share of the load beside the others of its upstream: 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

impl Weight {
    /// The smallest weight, and the one of a server that names none.
    pub const MIN: Weight = Weight(1);
    /// The largest weight. One request in a thousand is as fine as a share need be, and the bound
    /// keeps every sum and product in this crate far from overflow.
    pub const MAX: Weight = Weight(1000);

    /// `None` unless `weight` is between 1 and 1000.
    #[must_use]
    pub const fn new(weight: u32) -> Option<Weight> {
        if weight >= Weight::MIN.0 as u32 && weight <= Weight::MAX.0 as u32 {
            Some(Weight(weight as u16))
        } else {
            None
        }
    }

    /// As a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0 as u32
    }
}

impl Default for Weight {
    fn default() -> Self {
        Weight::MIN
    }
}

/// One server of an upstream.
#[derive(Debug, Clone)]
pub struct ServerSpec {
    /// Its share of the load.
    pub weight: Weight,
    /// Who it is, the same after a restart: the address as written. Hashing and sticky tokens
    /// depend on this and on nothing else, so the place in the list may change freely.
    pub key: Box<str>,
    /// Whether it may be chosen. Whoever watches over it keeps the other end.
    pub gate: Arc<Gate>,
    /// How many may be there at one time; none: any number, and nobody counts them.
    pub room: Option<Arc<Room>>,
}

impl ServerSpec {
    /// A server of the given identity and weight, which may be chosen.
    #[must_use]
    pub fn new(key: impl Into<Box<str>>, weight: Weight) -> ServerSpec {
        ServerSpec { weight, key: key.into(), gate: Arc::default(), room: None }
    }

    /// The same behind a gate that another holds too.
    #[must_use]
    pub fn behind(self, gate: Arc<Gate>) -> ServerSpec {
        ServerSpec { gate, ..self }
    }

    /// The same with a room that another holds too.
    #[must_use]
    pub fn within(self, room: Arc<Room>) -> ServerSpec {
        ServerSpec { room: Some(room), ..self }
    }
}

/// A distinct number for each server, from its key alone. A key that is in the list a second time
/// (or, once in some 10^12 lists, shares its hash with another) is given the next number along, so
/// that it is a server of its own all the same.
pub(crate) fn identities(servers: &[ServerSpec]) -> Vec<u64> {
    let mut taken = HashSet::with_capacity(servers.len());
    let distinct = |server: &ServerSpec| {
        let mut identity = hash_key(server.key.as_bytes());
        while !taken.insert(identity) {
            identity = mix(identity.wrapping_add(1));
        }
        identity
    };
    servers.iter().map(distinct).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_written_twice_is_two_servers_and_the_first_keeps_its_number() {
        let spec = |key: &str| ServerSpec::new(key, Weight::MIN);
        let alone = identities(&[spec("a:1")]);
        let twice = identities(&[spec("a:1"), spec("a:1"), spec("b:1")]);
        assert_eq!(twice[0], alone[0]);
        assert_eq!(twice.iter().collect::<HashSet<_>>().len(), 3);
    }

    #[test]
    fn weights_outside_one_to_a_thousand_do_not_exist() {
        assert_eq!(Weight::new(0), None);
        assert_eq!(Weight::new(1), Some(Weight::MIN));
        assert_eq!(Weight::new(1000), Some(Weight::MAX));
        assert_eq!(Weight::new(1001), None);
        assert_eq!(Weight::new(65_537), None);
        assert_eq!(Weight::default().get(), 1);
    }
}
