//! Which parts of a content a `Range` field asks for (RFC 9110, section 14): pure arithmetic.

use std::ops::Range;

use crate::limits;

/// What a `Range` field means for content of a certain size. Ranges are half open, never empty, and
/// within the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByteRanges {
    /// The whole: there is no field, or one that is not understood, or that asks for too many parts.
    Whole,
    /// One part.
    Part(Range<u64>),
    /// Several, in the order in which they were asked for, none touching another.
    Parts(Vec<Range<u64>>),
    /// Nothing of what was asked for is there: 416.
    Nothing,
}

/// Reads a `Range` field's value.
#[must_use]
pub fn byte_ranges(field: Option<&[u8]>, size: u64) -> ByteRanges {
    let Some(specs) = field.and_then(specs) else { return ByteRanges::Whole };
    let Some(specs) = specs else { return ByteRanges::Whole };
    let ranges: Vec<_> = specs.iter().filter_map(|spec| spec.within(size)).collect();
    let mut ranges = coalesce(ranges);
    match ranges.len() {
        0 => ByteRanges::Nothing,
        1 => ranges.pop().map_or(ByteRanges::Nothing, ByteRanges::Part),
        _ => ByteRanges::Parts(ranges),
    }
}

/// One part as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    /// `first-` or `first-last`.
    From(u64, Option<u64>),
    /// `-length`: the last bytes.
    Last(u64),
}

impl Spec {
    /// The part of content that there is; None for none of it.
    fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => {
                let end = last.and_then(|last| last.checked_add(1)).unwrap_or(size);
                first..end.min(size)
            }
            Self::Last(length) => size.saturating_sub(length)..size,
        };
        (range.start < range.end).then_some(range)
    }
}

/// Reads the value; None if it is no `bytes` field, Some(None) if it is one that is to be ignored.
fn specs(value: &[u8]) -> Option<Option<Vec<Spec>>> {
    if value.len() > limits::RANGE_FIELD_BYTES {
        return Some(None);
    }
    let text = std::str::from_utf8(value).ok()?;
    let (unit, set) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut specs = Vec::new();
    for part in set.split(',').map(|part| part.trim_matches([' ', '\t'])) {
        // A list may have empty elements (RFC 9110, section 5.6.1.2).
        if part.is_empty() {
            continue;
        }
        specs.push(spec(part)?);
        if specs.len() > limits::RANGES {
            return Some(None);
        }
    }
    (!specs.is_empty()).then_some(Some(specs))
}

fn spec(part: &str) -> Option<Spec> {
    let (first, last) = part.split_once('-')?;
    if first.is_empty() {
        return Some(Spec::Last(number(last)?));
    }
    let first = number(first)?;
    if last.is_empty() {
        return Some(Spec::From(first, None));
    }
    let last = number(last)?;
    (first <= last).then_some(Spec::From(first, Some(last)))
}

/// A number in decimal digits. One that no content reaches counts as the largest.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Joins parts that overlap or touch; each joined part stands where its first one was asked for.
fn coalesce(ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut numbered: Vec<(usize, Range<u64>)> = ranges.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, range)| range.start);
    let mut joined: Vec<(usize, Range<u64>)> = Vec::with_capacity(numbered.len());
    for (place, range) in numbered {
        match joined.last_mut() {
            Some((first, last)) if range.start <= last.end => {
                last.end = last.end.max(range.end);
                *first = place.min(*first);
            }
            _ => joined.push((place, range)),
        }
    }
    joined.sort_by_key(|(place, _)| *place);
    joined.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(field: &str, size: u64) -> ByteRanges {
        byte_ranges(Some(field.as_bytes()), size)
    }

    #[test]
    fn the_forms_of_the_standard() {
        for (field, expected) in [
            ("bytes=0-499", ByteRanges::Part(0..500)),
            ("bytes=500-999", ByteRanges::Part(500..1000)),
            ("bytes=-500", ByteRanges::Part(9500..10000)),
            ("bytes=9500-", ByteRanges::Part(9500..10000)),
            ("bytes=0-0,-1", ByteRanges::Parts(vec![0..1, 9999..10000])),
            ("bytes= 0-0 , ,9999-", ByteRanges::Parts(vec![0..1, 9999..10000])),
            ("Bytes=1-", ByteRanges::Part(1..10000)),
            ("bytes=-20000", ByteRanges::Part(0..10000)),
            ("bytes=0-99999999999999999999999999", ByteRanges::Part(0..10000)),
            ("bytes=500-600,601-999", ByteRanges::Part(500..1000)),
            ("bytes=500-700,601-999", ByteRanges::Part(500..1000)),
            ("bytes=900-999,0-9,500-599", ByteRanges::Parts(vec![900..1000, 0..10, 500..600])),
            ("bytes=10000-", ByteRanges::Nothing),
            ("bytes=-0", ByteRanges::Nothing),
            ("bytes=10000-,5-5", ByteRanges::Part(5..6)),
        ] {
            assert_eq!(of(field, 10000), expected, "{field}");
        }
    }

    #[test]
    fn what_is_not_understood_is_ignored() {
        for field in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=--1",
            "bytes=1",
            "items=0-5",
            "bytes=0-1,x",
            "bytes=+1-2",
            "bytes 0-5",
        ] {
            assert_eq!(of(field, 10000), ByteRanges::Whole, "{field}");
        }
        assert_eq!(byte_ranges(None, 10), ByteRanges::Whole);
        assert_eq!(byte_ranges(Some(b"bytes=\xff-"), 10), ByteRanges::Whole);
    }

    #[test]
    fn empty_content_has_no_parts() {
        for field in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(of(field, 0), ByteRanges::Nothing, "{field}");
        }
    }

    #[test]
    fn too_many_parts_are_the_whole() {
        let many = |count: usize| {
            let parts: Vec<_> = (0..count).map(|n| format!("{}-{}", n * 10, n * 10)).collect();
            of(&format!("bytes={}", parts.join(",")), 10000)
        };
        assert!(
            matches!(many(limits::RANGES), ByteRanges::Parts(parts) if parts.len() == limits::RANGES)
        );
        assert_eq!(many(limits::RANGES + 1), ByteRanges::Whole);
    }

    proptest! {
        #[test]
        fn any_field_gives_parts_that_are_there(field: Vec<u8>, size: u64) {
            check(byte_ranges(Some(&field), size), size)?;
        }

        #[test]
        fn parts_cover_exactly_what_was_asked_for(
            size in 0..200_u64, specs in prop::collection::vec((0..220_u64, 0..220_u64), 1..17)
        ) {
            let text: Vec<_> = specs.iter().map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))).collect();
            let found = of(&format!("bytes={}", text.join(",")), size);
            check(found.clone(), size)?;
            let parts = match found {
                ByteRanges::Part(part) => vec![part],
                ByteRanges::Parts(parts) => parts,
                _ => vec![],
            };
            for byte in 0..size {
                let is_asked = specs.iter().any(|(a, b)| (*a.min(b)..=*a.max(b)).contains(&byte));
                prop_assert_eq!(parts.iter().any(|part| part.contains(&byte)), is_asked);
            }
        }
    }

    fn check(found: ByteRanges, size: u64) -> Result<(), TestCaseError> {
        let parts = match found {
            ByteRanges::Whole | ByteRanges::Nothing => return Ok(()),
            ByteRanges::Part(part) => vec![part],
            ByteRanges::Parts(parts) => {
                prop_assert!(parts.len() > 1 && parts.len() <= limits::RANGES);
                parts
            }
        };
        let mut sorted = parts;
        sorted.sort_by_key(|part| part.start);
        for part in &sorted {
            prop_assert!(part.start < part.end && part.end <= size);
        }
        for pair in sorted.windows(2) {
            prop_assert!(pair[0].end < pair[1].start);
        }
        Ok(())
    }
}
