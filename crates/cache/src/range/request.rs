//! The Range field of a request (RFC 9110 sections 14.1 and 14.2).

use super::content_range::number;
use crate::message::trim;

/// Most ranges that are answered; a request with more gets the whole representation, which is
/// what RFC 9110 section 14.2 lets a server do with requests that only cost it work.
pub const RANGES_MAX: usize = 16;

/// One range as it was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteRange {
    /// From this offset to that, both included.
    Between(u64, u64),
    /// From this offset to the end.
    From(u64),
    /// So many bytes at the end.
    Suffix(u64),
}

impl ByteRange {
    /// First and last offset in `complete` bytes. `None`: it does not touch them.
    pub fn within(self, complete: u64) -> Option<(u64, u64)> {
        let end = complete.checked_sub(1)?;
        match self {
            Self::Between(first, last) => (first <= end).then(|| (first, last.min(end))),
            Self::From(first) => (first <= end).then_some((first, end)),
            Self::Suffix(0) => None,
            Self::Suffix(length) => Some((complete.saturating_sub(length), end)),
        }
    }
}

/// The ranges of a request, in its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ranges {
    asked: [ByteRange; RANGES_MAX],
    count: usize,
}

impl Ranges {
    /// The ranges; at least one.
    pub fn as_slice(&self) -> &[ByteRange] {
        self.asked.get(..self.count).unwrap_or_default()
    }
}

/// Reads a Range value. `None`: it is to be ignored, being of another unit, malformed, or longer
/// than [`RANGES_MAX`].
pub fn ranges(value: &[u8]) -> Option<Ranges> {
    let (unit, set) = value.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return None;
    }
    let mut found = Ranges { asked: [ByteRange::Suffix(0); RANGES_MAX], count: 0 };
    for range in set.split(|&byte| byte == b',').map(trim).filter(|range| !range.is_empty()) {
        *found.asked.get_mut(found.count)? = byte_range(range)?;
        found.count += 1;
    }
    (found.count > 0).then_some(found)
}

fn byte_range(range: &[u8]) -> Option<ByteRange> {
    let dash = memchr::memchr(b'-', range)?;
    let (first, last) = (range.get(..dash)?, range.get(dash + 1..)?);
    match (first, last) {
        (b"", last) => saturating(last).map(ByteRange::Suffix),
        (first, b"") => saturating(first).map(ByteRange::From),
        (first, last) => {
            let (first, last) = (saturating(first)?, saturating(last)?);
            (first <= last).then_some(ByteRange::Between(first, last))
        }
    }
}

/// Digits; what overflows lies beyond any end, and is read as the greatest number.
fn saturating(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| number(digits).unwrap_or(u64::MAX))
}
