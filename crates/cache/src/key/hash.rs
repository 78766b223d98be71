//! The hash of a key: 128 bits that are the same on every machine and in every version, so that
//! files are found again.

use std::fmt;

use super::memo;

/// 128-bit hash of a key or of a variant.
///
/// From BLAKE3: a client chooses the URLs it asks for, and must not be able to choose one that
/// takes the place of another's stored response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(u128);

impl KeyHash {
    /// Hash of `bytes`. That of bytes which this thread hashed lately is remembered.
    #[inline]
    pub fn of(bytes: &[u8]) -> Self {
        memo::remembered(bytes, || Self::from_digest(&blake3::hash(bytes)))
    }

    pub(crate) fn from_digest(digest: &blake3::Hash) -> Self {
        let half = digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
        Self(u128::from_be_bytes(half))
    }

    /// From a number kept elsewhere.
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// As a number: spread evenly, so any bits choose a shard.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes() {
        // Files on disk are named by it.
        assert_eq!(KeyHash::of(b"").to_string(), "af1349b9f5f9a1a6a0404dea36dcc949");
    }
}
