//! Bodies that tell whose they are: every byte follows from the number that was asked for, so that
//! a mixed, torn or repeated body is found.

/// Bytes of a small body.
pub(crate) const SMALL: usize = 1024;
/// Bytes of a large body: too many for one buffer of a balancer.
pub(crate) const LARGE: usize = 256 * 1024;

/// One request in so many asks for a large body.
const LARGE_EACH: u64 = 16;

/// How long the body of this number is.
pub(crate) fn length(number: u64) -> usize {
    if number.is_multiple_of(LARGE_EACH) { LARGE } else { SMALL }
}

/// The body of this number.
pub(crate) fn body(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(length(number));
    while bytes.len() < length(number) {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_differ_and_repeat() {
        assert_ne!(body(1), body(2));
        assert_eq!(body(1), body(1));
        assert_eq!((body(1).len(), body(16).len()), (SMALL, LARGE));
    }
}
