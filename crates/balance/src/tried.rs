//! The servers one request has already been to. Owns a set of small numbers, nothing else.

/// A set of server indices. The first 64 servers take no allocation, so the ordinary request costs
/// none; a request that is retried on a server beyond them allocates one bit per server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    low: u64,
    high: Vec<u64>,
}

impl Tried {
    /// No server tried yet.
    #[must_use]
    pub const fn new() -> Tried {
        Tried { low: 0, high: Vec::new() }
    }

    /// Adds a server; the caller passes what [`crate::Balancer::pick`] returned, so the set is
    /// bounded by [`crate::MAX_SERVERS`] bits.
    pub fn insert(&mut self, server: usize) {
        let bit = 1 << (server % 64);
        match (server / 64).checked_sub(1) {
            None => self.low |= bit,
            Some(word) => {
                if word >= self.high.len() {
                    self.high.resize(word + 1, 0);
                }
                if let Some(word) = self.high.get_mut(word) {
                    *word |= bit;
                }
            }
        }
    }

    /// Whether the server has been tried.
    #[must_use]
    pub fn contains(&self, server: usize) -> bool {
        let word = match (server / 64).checked_sub(1) {
            None => self.low,
            Some(word) => self.high.get(word).copied().unwrap_or(0),
        };
        word & (1 << (server % 64)) != 0
    }

    /// Whether no server has been tried: the case of nearly every pick.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.low == 0 && self.high.iter().all(|&word| word == 0)
    }

    /// How many servers have been tried.
    #[must_use]
    pub fn len(&self) -> usize {
        let ones = |word: &u64| word.count_ones() as usize;
        ones(&self.low) + self.high.iter().map(ones).sum::<usize>()
    }

    /// Forgets all, for the next request; what was allocated is kept.
    pub fn clear(&mut self) {
        self.low = 0;
        self.high.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_as_a_set(servers in proptest::collection::vec(0usize..4096, 0..80)) {
            let mut tried = Tried::new();
            let mut model = BTreeSet::new();
            for server in servers {
                tried.insert(server);
                model.insert(server);
                prop_assert_eq!(tried.len(), model.len());
            }
            prop_assert_eq!(tried.is_empty(), model.is_empty());
            for server in 0..4200 {
                prop_assert_eq!(tried.contains(server), model.contains(&server));
            }
            tried.clear();
            prop_assert!(tried.is_empty());
        }
    }

    #[test]
    fn the_first_64_servers_need_no_allocation() {
        let mut tried = Tried::new();
        for server in 0..64 {
            tried.insert(server);
        }
        assert_eq!(tried.high.capacity(), 0);
        assert_eq!(tried.len(), 64);
    }
}
