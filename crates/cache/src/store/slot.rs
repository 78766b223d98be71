//! The name of a stored response: 128 bits from its key, and from its variant if it has one.

use std::hash::{BuildHasherDefault, Hasher};

use crate::key::{Key, KeyHash};
use crate::vary::VariantKey;

/// Where one response lies: the same number names its file, its shard and its place in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Slot {
    high: u64,
    low: u64,
}

impl Slot {
    const fn of_number(number: u128) -> Self {
        #[allow(clippy::cast_possible_truncation)]
        Self { high: (number >> 64) as u64, low: number as u64 }
    }

    /// The slot of a key: a response that does not vary, or the record of how it varies.
    pub(super) const fn of_key(key: KeyHash) -> Self {
        Self::of_number(key.as_u128())
    }

    /// The slot of a variant. `generation` is drawn anew whenever the record of the key is: what
    /// was stored under an earlier record is out of reach at once.
    pub(super) fn of_variant(key: KeyHash, generation: u64, variant: KeyHash) -> Self {
        let mut bytes = [0; 40];
        let parts = key.as_u128().to_le_bytes().into_iter();
        let parts = parts.chain(variant.as_u128().to_le_bytes());
        for (to, from) in bytes.iter_mut().zip(parts.chain(generation.to_le_bytes())) {
            *to = from;
        }
        Self::of_number(xxhash_rust::xxh3::xxh3_128(&bytes))
    }

    /// The slot of a key, or of its variant under a record of that generation.
    pub(super) fn of(key: Key<'_>, variant: Option<(u64, VariantKey<'_>)>) -> Self {
        match variant {
            None => Self::of_key(key.hash),
            Some((generation, variant)) => Self::of_variant(key.hash, generation, variant.hash),
        }
    }

    /// One of `count` shards. The leading bits, so that a shard's files are in folders of its own.
    pub(super) const fn shard(self, count: usize) -> usize {
        ((self.high >> 32) as usize).wrapping_mul(count) >> 32
    }

    /// Bits that no shard and no map bucket is chosen by.
    pub(super) const fn fingerprint(self) -> u32 {
        (self.low >> 32) as u32
    }

    /// `ab/c/abc…` below `entries/`: 256 folders of 16.
    pub(super) fn below(self) -> String {
        format!("{}/{self}", self.folder())
    }

    /// `ab/c`, the folder of its file.
    pub(super) fn folder(self) -> String {
        format!("{:02x}/{:x}", self.high >> 56, (self.high >> 52) & 0xf)
    }

    /// From the name of a file.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let good = name.len() == 32 && name.bytes().all(lower);
        let number = u128::from_str_radix(name, 16).ok().filter(|_| good)?;
        Some(Self::of_number(number))
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}{:016x}", self.high, self.low)
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// A map hasher for what is a hash already.
#[derive(Default)]
pub(super) struct AsIs(u64);

/// Builds [`AsIs`].
pub(super) type BuildAsIs = BuildHasherDefault<AsIs>;

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = self.0.rotate_left(32) ^ number;
    }

    fn write_u128(&mut self, number: u128) {
        #[allow(clippy::cast_possible_truncation)]
        self.write_u64((number >> 64) as u64 ^ number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_back_from_its_file_name() {
        let slot = Slot::of_key(KeyHash::of(b"http://a/"));
        let path = slot.below();
        let (folder, name) = path.rsplit_once('/').unwrap();
        assert_eq!(
            (folder, slot.folder()),
            (&*format!("{}/{}", &name[..2], &name[2..3]), folder.to_owned())
        );
        assert_eq!(Slot::of_name(name), Some(slot));
        assert_eq!(Slot::of_name(&name.to_uppercase()).is_some(), name.to_uppercase() == name);
        for bad in ["", "+f", "0123456789abcdef0123456789abcdeg", "../etc/passwd"] {
            assert_eq!(Slot::of_name(bad), None);
        }
    }

    #[test]
    fn variants_of_another_generation_lie_elsewhere() {
        let (key, variant) = (KeyHash::of(b"k"), KeyHash::of(b"gzip"));
        assert_ne!(Slot::of_variant(key, 1, variant), Slot::of_variant(key, 2, variant));
        assert_ne!(Slot::of_variant(key, 1, variant), Slot::of_key(key));
    }

    #[test]
    fn shards_cover_their_range() {
        for count in [1, 7, 64] {
            for last in [u128::MIN, u128::MAX] {
                assert!(Slot::of_number(last).shard(count) < count);
            }
        }
        assert_eq!(Slot::of_number(u128::MAX).shard(64), 63);
    }
}
