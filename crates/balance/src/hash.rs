//! The stable hash. Owns one function of bytes whose values never change: they decide which server
//! a key belongs to, on every machine, in every version. Refuses secrecy: it is not keyed, so who
//! chooses keys can choose their server. It is for spreading load, not for keeping anything apart.

/// Odd multipliers with an even mix of bits: the fractions of pi and of e, made odd.
const PI: u64 = 0x243f_6a88_85a3_08d3;
const E: u64 = 0xb7e1_5162_8aed_2a6b;

/// Hashes a request's key (path, header, cookie, client address) for [`crate::Ask::hash`].
///
/// The value depends on the bytes alone: it is the same after a restart, in a later version and on
/// another architecture. About 1 ns for each 8 bytes.
#[must_use]
pub fn hash_key(bytes: &[u8]) -> u64 {
    let mut state = fold(PI ^ bytes.len() as u64, E);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        state = absorb(state, word);
    }
    if !words.remainder().is_empty() {
        state = absorb(state, words.remainder());
    }
    mix(state)
}

/// Takes up to 8 bytes in, little-endian whatever the machine. The length, hashed at the start,
/// tells a short last word from one that ends in zeros.
fn absorb(state: u64, word: &[u8]) -> u64 {
    let mut padded = [0; 8];
    for (into, from) in padded.iter_mut().zip(word) {
        *into = *from;
    }
    // Adding the rotated state back keeps a factor of zero from wiping out what came before.
    fold(state ^ u64::from_le_bytes(padded), E).wrapping_add(state.rotate_left(23))
}

/// The 128-bit product folded in half: every bit in reaches bits on both sides of it.
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// A bijection of 64-bit numbers in which every bit in changes about half of the bits out: two
/// rounds of xor-shift and multiplication.
pub(crate) const fn mix(mut value: u64) -> u64 {
    value ^= value >> 32;
    value = value.wrapping_mul(PI);
    value ^= value >> 29;
    value = value.wrapping_mul(E);
    value ^ (value >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// If this fails, an upgrade would move every client's key to another server.
    #[test]
    fn values_are_fixed_for_ever() {
        assert_eq!(hash_key(b""), 0xdfee_645a_025a_2726);
        assert_eq!(hash_key(b"/"), 0x03f7_b90a_4390_bbdf);
        assert_eq!(hash_key(b"/index.html"), 0x20ca_b73d_b21f_1331);
        assert_eq!(hash_key(b"127.0.0.1"), 0x7a48_7d2f_8815_538b);
        assert_eq!(hash_key(&[0; 64]), 0xb7fa_7a86_52f2_30ac);
    }

    #[test]
    fn each_bit_of_the_input_changes_half_of_the_output() {
        for len in [1, 4, 8, 11, 24] {
            let mut rng = fastrand::Rng::with_seed(len as u64);
            let (mut changed, mut trials) = (0, 0);
            for _ in 0..200 {
                let mut bytes: Vec<u8> = (0..len).map(|_| rng.u8(..)).collect();
                let before = hash_key(&bytes);
                for bit in 0..len * 8 {
                    bytes[bit / 8] ^= 1 << (bit % 8);
                    let flips = (before ^ hash_key(&bytes)).count_ones();
                    assert!(flips >= 8, "length {len}, bit {bit}: only {flips} bits changed");
                    changed += flips;
                    trials += 1;
                    bytes[bit / 8] ^= 1 << (bit % 8);
                }
            }
            let mean = f64::from(changed) / f64::from(trials);
            assert!((31.0..33.0).contains(&mean), "length {len}: {mean} bits change on average");
        }
    }

    #[test]
    fn like_keys_do_not_collide() {
        let mut seen = HashSet::new();
        for number in 0..200_000 {
            assert!(seen.insert(hash_key(format!("/item/{number}").as_bytes())));
        }
        for len in 0..64 {
            assert!(seen.insert(hash_key(&vec![0; len])), "{len} zero bytes");
        }
    }

    #[test]
    fn buckets_fill_evenly() {
        let mut buckets = [0u32; 16];
        for client in 0..160_000u32 {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + client).to_string();
            buckets[(hash_key(address.as_bytes()) % 16) as usize] += 1;
        }
        assert!(buckets.iter().all(|&count| (9_600..10_400).contains(&count)), "{buckets:?}");
    }
}
