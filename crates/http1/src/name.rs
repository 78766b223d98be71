//! From the bytes of a field name to its [`FieldId`]: one table look-up and one comparison.
//!
//! The table is a perfect hash made while compiling: the multiplier is searched until no two
//! known names share a slot, so adding a name needs no other change.

use crate::field::{FieldId, KNOWN};

const SLOTS: usize = 512;
/// A slot without a name.
const VACANT: u8 = u8::MAX;
/// Sets the bit that tells upper case from lower case in each byte.
const LOWER: u64 = 0x2020_2020_2020_2020;

struct Table {
    multiplier: u32,
    /// Index into [`KNOWN`], or [`VACANT`].
    slots: [u8; SLOTS],
}

static TABLE: Table = build();

/// Known names differ in length, first two or last two letters.
#[inline]
const fn hash(name: &[u8], multiplier: u32) -> usize {
    let (head, tail) = match name {
        [a, b, .., y, z] => (*a as u32 | (*b as u32) << 8, *y as u32 | (*z as u32) << 8),
        [a, .., z] => (*a as u32, *z as u32),
        _ => (0, 0),
    };
    let folded = (head | tail << 16) | LOWER as u32;
    let sum = folded.wrapping_add((name.len() as u32).wrapping_mul(0x9E37));
    (sum.wrapping_mul(multiplier) >> 23) as usize
}

/// Searches from a multiplier known to fit the names of today, so that this ends at once; new
/// names lengthen the search, and the compiler's limit on constants says when to begin elsewhere.
const fn build() -> Table {
    let mut multiplier = 0x7A27_35A9_u32;
    loop {
        if let Some(slots) = place(multiplier) {
            return Table { multiplier, slots };
        }
        multiplier = multiplier.wrapping_add(0x9E37_79B2) | 1;
    }
}

/// Places every known name, or gives up at the first slot wanted twice.
#[allow(clippy::indexing_slicing)] // Runs while compiling; an index out of range does not build.
const fn place(multiplier: u32) -> Option<[u8; SLOTS]> {
    let mut slots = [VACANT; SLOTS];
    let mut index = 0;
    while index < KNOWN.len() {
        let slot = hash(KNOWN[index].1, multiplier);
        if slots[slot] != VACANT {
            return None;
        }
        slots[slot] = index as u8;
        index += 1;
    }
    Some(slots)
}

/// What `name`, a token in any letter case, is known as.
#[inline]
pub(crate) fn classify(name: &[u8]) -> FieldId {
    match lookup(name) {
        Some(id) => id,
        None if has_odd_sign(name) => fold(name),
        None => FieldId::Other,
    }
}

#[inline]
fn lookup(name: &[u8]) -> Option<FieldId> {
    let slot = TABLE.slots.get(hash(name, TABLE.multiplier))?;
    let (id, known) = KNOWN.get(usize::from(*slot))?;
    eq_folded(name, known).then_some(*id)
}

/// Whether `token` is `lower` in any letter case. `lower` holds letters, digits and hyphens only,
/// and in a token nothing but the letter itself differs from those by the case bit alone.
#[inline]
pub(crate) fn eq_folded(token: &[u8], lower: &[u8]) -> bool {
    if token.len() != lower.len() {
        return false;
    }
    let (Some(token_end), Some(lower_end)) = (token.last_chunk::<8>(), lower.last_chunk::<8>())
    else {
        return token.iter().zip(lower).all(|(a, b)| a | 0x20 == *b);
    };
    // The last eight bytes may overlap the chunk before: comparing twice is cheaper than a tail.
    let mut difference = (u64::from_ne_bytes(*token_end) | LOWER) ^ u64::from_ne_bytes(*lower_end);
    for (a, b) in token.as_chunks::<8>().0.iter().zip(lower.as_chunks::<8>().0) {
        difference |= (u64::from_ne_bytes(*a) | LOWER) ^ u64::from_ne_bytes(*b);
    }
    difference == 0
}

/// Whether a token holds a sign other than letters, digits and hyphen.
#[inline]
fn has_odd_sign(name: &[u8]) -> bool {
    name.iter().fold(false, |odd, &b| odd | !(b.is_ascii_alphanumeric() | (b == b'-')))
}

/// Reads `name` as a backend would that maps every sign to one.
#[cold]
fn fold(name: &[u8]) -> FieldId {
    let mut copy = [0_u8; 32];
    let Some(copy) = copy.get_mut(..name.len()) else { return FieldId::Other };
    for (to, from) in copy.iter_mut().zip(name) {
        *to = if from.is_ascii_alphanumeric() { *from } else { b'-' };
    }
    if lookup(copy).is_some() { FieldId::Folded } else { FieldId::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case() {
        for (id, name) in KNOWN {
            assert!(name.len() <= 32, "fold() copies at most 32 bytes");
            assert_eq!(classify(name), *id);
            assert_eq!(classify(&name.to_ascii_uppercase()), *id);
        }
    }

    #[test]
    fn near_misses_are_other() {
        for name in ["hos", "hostt", "x", "content-lengt", "content-lengthh", "xontent-length"] {
            assert_eq!(classify(name.as_bytes()), FieldId::Other, "{name}");
        }
        assert_eq!(classify(b""), FieldId::Other);
    }

    #[test]
    fn row_26_names_that_fold_onto_known_ones() {
        for name in ["Transfer_Encoding", "content_length", "Content.Length", "x_forwarded-for"] {
            assert_eq!(classify(name.as_bytes()), FieldId::Folded, "{name}");
        }
        assert_eq!(classify(b"my_own_header"), FieldId::Other);
    }
}
