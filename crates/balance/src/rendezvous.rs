//! Weighted rendezvous hashing. Owns the scores: each server draws its own number for a key, from
//! nothing but the key and its own identity, and the best wins. A server that goes takes only its
//! own keys with it, one that comes takes only what it wins, and the place in the list, a restart
//! or another gateway makes no difference.
//!
//! A server of weight `w` draws `-ln(u) / w` with `u` even in (0, 1], and the least draw wins: it
//! wins with the probability `w / sum of weights`. The logarithm is to base two and in integers,
//! because a library's floating point may differ in the last bit between machines.
//!
//! A choice looks at every server: 1 to 3 ns each. For thousands of servers that is microseconds.

use crate::hash::mix;
use crate::server::ServerSpec;

/// The servers' identities and weights.
#[derive(Clone, Debug)]
pub(crate) struct Rendezvous {
    servers: Box<[Entrant]>,
    /// All weights are alike, so that the greatest hash has the least draw: no logarithm needed.
    alike: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entrant {
    identity: u64,
    weight: u32,
}

impl Rendezvous {
    /// `identities` are distinct and in the order of `servers`.
    pub(crate) fn new(servers: &[ServerSpec], identities: &[u64]) -> Rendezvous {
        let entrant = |(server, &identity): (&ServerSpec, _)| Entrant {
            identity,
            weight: server.weight.get(),
        };
        let first = servers.first().map(|server| server.weight);
        Rendezvous {
            servers: servers.iter().zip(identities).map(entrant).collect(),
            alike: servers.iter().all(|server| Some(server.weight) == first),
        }
    }

    /// The `eligible` server that wins the key; `None` if none is eligible.
    pub(crate) fn pick(&self, key: u64, eligible: impl Fn(usize) -> bool) -> Option<usize> {
        // Mixed first, so that a caller's poor hash (a bare number, say) does no harm.
        let key = mix(key);
        let taking_part = self.servers.iter().enumerate().filter(|&(server, _)| eligible(server));
        let draws = taking_part.map(|(server, entrant)| (server, Draw::new(*entrant, key)));
        let best = if self.alike {
            draws.reduce(|best, other| if other.1.has_more(&best.1) { other } else { best })
        } else {
            draws.reduce(|best, other| if other.1.beats(&best.1) { other } else { best })
        };
        best.map(|(server, _)| server)
    }
}

/// One server's draw for one key.
struct Draw {
    hash: u64,
    entrant: Entrant,
}

impl Draw {
    fn new(entrant: Entrant, key: u64) -> Draw {
        Draw { hash: mix(entrant.identity ^ key), entrant }
    }

    /// The order for equal weights.
    fn has_more(&self, other: &Draw) -> bool {
        (self.hash, self.entrant.identity) > (other.hash, other.entrant.identity)
    }

    /// The order for any weights: the quotients compared crosswise (below 2^48), so that nothing is
    /// rounded. Where they are equal the hash decides, so that with equal weights the two orders
    /// are one, and a change of one server's weight moves none of the keys between the others.
    fn beats(&self, other: &Draw) -> bool {
        let ours = cost(self.hash) * u64::from(other.entrant.weight);
        let theirs = cost(other.hash) * u64::from(self.entrant.weight);
        ours < theirs || (ours == theirs && self.has_more(other))
    }
}

/// `log2(1 + i / 256)` in units of 2^-32.
static LOG2: [u64; 257] = log2_table();

/// `-log2(hash / 2^64)` in units of 2^-32: more than zero, at most 2^38, never rising with `hash`.
fn cost(hash: u64) -> u64 {
    let hash = hash.max(1);
    let zeros = hash.leading_zeros();
    // The bits after the leading one: 8 choose the interval, the next 24 the place within it.
    let fraction = (hash << zeros) << 1;
    let interval = (fraction >> 56) as usize;
    let within = (fraction >> 32) & 0xff_ffff;
    let (Some(&low), Some(&high)) = (LOG2.get(interval), LOG2.get(interval + 1)) else {
        return 0;
    };
    let log2 = (u64::from(63 - zeros) << 32) + low + (((high - low) * within) >> 24);
    (64 << 32) - log2
}

/// Bit by bit: squaring a number doubles its logarithm, and each time it passes two, that is a one.
#[allow(clippy::indexing_slicing)] // evaluated by the compiler, which checks the bounds
const fn log2_table() -> [u64; 257] {
    let mut table = [0; 257];
    let mut entry = 0;
    while entry <= 256 {
        let mut number: u128 = (256 + entry as u128) << 54; // one is 2^62
        if entry == 256 {
            table[entry] = 1 << 32;
            break;
        }
        let mut bit = 32;
        while bit > 0 {
            bit -= 1;
            number = (number * number) >> 62;
            if number >= 1 << 63 {
                number >>= 1;
                table[entry] |= 1 << bit;
            }
        }
        entry += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_key;
    use crate::server::{Weight, identities};
    use proptest::prelude::*;

    fn list(servers: &[(u32, u32)]) -> (Vec<ServerSpec>, Rendezvous) {
        let spec = |&(name, weight): &(u32, u32)| {
            ServerSpec::new(format!("10.0.0.{name}:80"), Weight::new(weight).unwrap())
        };
        let servers: Vec<_> = servers.iter().map(spec).collect();
        let rendezvous = Rendezvous::new(&servers, &identities(&servers));
        (servers, rendezvous)
    }

    fn winner(list: &(Vec<ServerSpec>, Rendezvous), key: u64) -> &str {
        &list.0[list.1.pick(key, |_| true).unwrap()].key
    }

    #[test]
    fn the_logarithm_is_right_and_never_rises() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut hashes: Vec<u64> = (0..20_000).map(|_| rng.u64(..) >> rng.u32(0..64)).collect();
        hashes.extend([0, 1, 2, 3, u64::MAX - 1, u64::MAX, 1 << 63, (1 << 63) - 1]);
        hashes.sort_unstable();
        for pair in hashes.windows(2) {
            assert!(cost(pair[0]) >= cost(pair[1]), "{pair:?}");
        }
        for &hash in hashes.iter().filter(|&&hash| hash > 0) {
            let exact = 64.0 - (hash as f64).log2();
            let ours = cost(hash) as f64 / f64::from(1u32 << 16) / f64::from(1u32 << 16);
            assert!((exact - ours).abs() < 4e-6, "{hash}: {ours}, exactly {exact}");
        }
        assert!(cost(u64::MAX) > 0);
    }

    #[test]
    fn weights_are_kept_within_five_percent() {
        let weights = [1, 2, 4, 8, 5];
        let list = list(&[(1, 1), (2, 2), (3, 4), (4, 8), (5, 5)]);
        let keys = 400_000u32;
        let mut had = [0u32; 5];
        for key in 0..keys {
            let key = hash_key(format!("/item/{key}").as_bytes());
            had[list.1.pick(key, |_| true).unwrap()] += 1;
        }
        for (had, weight) in had.into_iter().zip(weights) {
            let due = f64::from(keys) * f64::from(weight) / 20.0;
            assert!((f64::from(had) / due - 1.0).abs() < 0.05, "weight {weight}: {had}, due {due}");
        }
    }

    #[test]
    fn about_one_in_n_keys_moves_to_a_server_that_comes() {
        let nine = list(&(1..=9).map(|name| (name, 1)).collect::<Vec<_>>());
        let ten = list(&(1..=10).map(|name| (name, 1)).collect::<Vec<_>>());
        let moved = (0..50_000).filter(|&key| winner(&nine, key) != winner(&ten, key)).count();
        assert!((4_750..5_250).contains(&moved), "{moved} of 50000 moved, due 5000");
    }

    #[test]
    fn bare_numbers_as_keys_are_spread_too() {
        let list = list(&[(1, 1), (2, 1), (3, 1), (4, 1)]);
        let mut had = [0u32; 4];
        for key in 0..40_000 {
            had[list.1.pick(key, |_| true).unwrap()] += 1;
        }
        assert!(had.iter().all(|&count| (9_500..10_500).contains(&count)), "{had:?}");
    }

    proptest! {
        /// When a server goes only its own keys move; when one comes, keys move only to it; and the
        /// order of the list does not matter.
        #[test]
        fn only_the_keys_of_the_one_that_goes_move(
            weights in proptest::collection::vec(1u32..=50, 2..12),
            gone in any::<prop::sample::Index>(),
            keys in proptest::collection::vec(any::<u64>(), 50),
        ) {
            let mut servers: Vec<(u32, u32)> = (1..).zip(weights).collect();
            let before = list(&servers);
            let gone = servers.remove(gone.index(servers.len()));
            servers.reverse();
            let after = list(&servers);
            let gone = format!("10.0.0.{}:80", gone.0);
            for key in keys {
                let was = winner(&before, key);
                if was != gone {
                    prop_assert_eq!(winner(&after, key), was);
                }
                let avoided = before.1.pick(key, |server| *before.0[server].key != *gone);
                prop_assert_eq!(winner(&after, key), &*before.0[avoided.unwrap()].key);
            }
        }

        /// A server whose weight grows takes keys and loses none; no others change hands.
        #[test]
        fn a_weight_that_grows_only_draws_keys_in(
            weights in proptest::collection::vec(1u32..=9, 2..8),
            key in any::<u64>(),
        ) {
            let mut servers: Vec<(u32, u32)> = (1..).zip(weights).collect();
            let before = list(&servers);
            servers[0].1 += 3;
            let after = list(&servers);
            let (was, is) = (winner(&before, key), winner(&after, key));
            prop_assert!(is == was || is == "10.0.0.1:80", "moved from {} to {}", was, is);
        }
    }
}
