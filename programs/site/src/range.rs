//! Byte ranges (RFC 9110, section 14): from the `Range` field and a length to the parts to send.
//!
//! Pure arithmetic. Whether a `Range` applies at all (`If-Range`, the method) is decided by
//! [`crate::conditional`].

use crate::limits;

/// A part of a representation. Never empty: `first <= last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Offset of the first byte.
    pub(crate) first: u64,
    /// Offset of the last byte, which belongs to the part.
    pub(crate) last: u64,
}

impl Part {
    /// Bytes in the part.
    pub(crate) fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

/// What a `Range` field selects from a representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    /// The field does not count (another unit, malformed, too many ranges): send everything, 200.
    Whole,
    /// At least one part, none overlapping or touching another: 206.
    Parts(Vec<Part>),
    /// No range lies within the representation: 416.
    Unsatisfiable,
}

/// One range as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spec {
    /// `first-` or `first-last`.
    From { first: u64, last: Option<u64> },
    /// `-length`: the last `length` bytes.
    Suffix(u64),
}

/// Applies the value of a `Range` field to a representation of `length` bytes.
///
/// Section 14.2 lets a server ignore an invalid field; so it does, which is always correct, if
/// not what was hoped for.
pub(crate) fn select(field: &[u8], length: u64) -> Selection {
    let Some(specs) = parse(field) else {
        return Selection::Whole;
    };
    if length == 0 {
        // No Content-Range can describe a part of nothing; the whole, being as empty, serves a
        // suffix range, and a range from an offset lies outside (section 14.1.2).
        let suffix = specs.iter().any(|spec| matches!(spec, Spec::Suffix(1..)));
        return if suffix { Selection::Whole } else { Selection::Unsatisfiable };
    }
    let parts: Vec<Part> = specs.into_iter().filter_map(|spec| part(spec, length)).collect();
    if parts.is_empty() { Selection::Unsatisfiable } else { Selection::Parts(coalesce(parts)) }
}

/// Reads `bytes=…`; None when the field is to be ignored.
fn parse(field: &[u8]) -> Option<Vec<Spec>> {
    let (unit, set) = field.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return None;
    }
    let mut specs = Vec::new();
    // Empty list elements are allowed for and skipped (section 5.6.1.2), but not without end.
    for (position, element) in set.split(|byte| *byte == b',').enumerate() {
        if position >= 4 * limits::RANGES {
            return None;
        }
        let element = element.trim_ascii();
        if !element.is_empty() {
            specs.push(parse_spec(element)?);
        }
    }
    (1..=limits::RANGES).contains(&specs.len()).then_some(specs)
}

fn parse_spec(element: &[u8]) -> Option<Spec> {
    let dash = element.iter().position(|byte| *byte == b'-')?;
    let (first, last) = element.split_at_checked(dash)?;
    let last = last.get(1..)?;
    match (first, last) {
        (b"", b"") => None,
        (b"", suffix) => Some(Spec::Suffix(number(suffix)?)),
        (first, b"") => Some(Spec::From { first: number(first)?, last: None }),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::From { first, last: Some(last) })
        }
    }
}

/// Decimal digits only. More than fit are as good as the greatest number: both lie past the end.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    })
}

/// The part a range stands for; None when it lies outside. `length` is not 0.
fn part(spec: Spec, length: u64) -> Option<Part> {
    let end = length - 1;
    match spec {
        Spec::Suffix(0) => None,
        Spec::Suffix(count) => Some(Part { first: length.saturating_sub(count), last: end }),
        Spec::From { first, .. } if first > end => None,
        Spec::From { first, last } => {
            Some(Part { first, last: last.map_or(end, |last| last.min(end)) })
        }
    }
}

/// Joins parts that overlap or touch, so that no byte is sent twice (section 15.3.7.2). Parts
/// that do neither stay in the order asked for; otherwise they come in ascending order.
fn coalesce(parts: Vec<Part>) -> Vec<Part> {
    let mut sorted = parts.clone();
    sorted.sort_by_key(|part| part.first);
    let mut joined: Vec<Part> = Vec::with_capacity(sorted.len());
    for part in sorted {
        match joined.last_mut() {
            Some(before) if part.first <= before.last.saturating_add(1) => {
                before.last = before.last.max(part.last);
            }
            _ => joined.push(part),
        }
    }
    if joined.len() == parts.len() { parts } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(field: &str, length: u64) -> Vec<(u64, u64)> {
        match select(field.as_bytes(), length) {
            Selection::Parts(parts) => parts.iter().map(|part| (part.first, part.last)).collect(),
            other => panic!("{field} of {length}: {other:?}"),
        }
    }

    #[test]
    fn single_ranges() {
        assert_eq!(parts("bytes=0-0", 10), [(0, 0)]);
        assert_eq!(parts("bytes=2-5", 10), [(2, 5)]);
        assert_eq!(parts("bytes=2-", 10), [(2, 9)]);
        assert_eq!(parts("bytes=2-99", 10), [(2, 9)]);
        assert_eq!(parts("bytes=-3", 10), [(7, 9)]);
        assert_eq!(parts("bytes=-99", 10), [(0, 9)]);
        assert_eq!(parts("BYTES=0-1", 10), [(0, 1)], "unit names ignore case");
        assert_eq!(parts("bytes=0-99999999999999999999999", 10), [(0, 9)]);
    }

    #[test]
    fn several_ranges_are_coalesced() {
        assert_eq!(parts("bytes=0-1,4-5", 10), [(0, 1), (4, 5)]);
        assert_eq!(parts("bytes=4-5, 0-1", 10), [(4, 5), (0, 1)], "the order asked for");
        assert_eq!(parts("bytes=0-1,2-3", 10), [(0, 3)], "touching");
        assert_eq!(parts("bytes=0-5,3-7,-1", 10), [(0, 7), (9, 9)]);
        assert_eq!(parts("bytes=0-1,50-60", 10), [(0, 1)], "what lies outside is left out");
        assert_eq!(parts("bytes=,0-1,,", 10), [(0, 1)], "empty elements");
    }

    #[test]
    fn outside_is_unsatisfiable() {
        for field in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(select(field.as_bytes(), 10), Selection::Unsatisfiable, "{field}");
        }
        assert_eq!(select(b"bytes=0-", 0), Selection::Unsatisfiable);
        assert_eq!(select(b"bytes=-5", 0), Selection::Whole);
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        for field in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes 0-1",
            "items=0-1",
            "bytes=0-1;2-3",
            "bytes=0 - 1",
            "bytes=0x1-2",
            "bytes=0-1,z",
        ] {
            assert_eq!(select(field.as_bytes(), 10), Selection::Whole, "{field}");
        }
        let many = format!(
            "bytes={}",
            (0..17).map(|n| format!("{}-{}", n * 3, n * 3)).collect::<Vec<_>>().join(",")
        );
        assert_eq!(select(many.as_bytes(), 1000), Selection::Whole);
        let empty = format!("bytes={}0-1", ",".repeat(100));
        assert_eq!(select(empty.as_bytes(), 1000), Selection::Whole);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(field in proptest::collection::vec(any::<u8>(), 0..60), length: u64) {
            select(&field, length);
        }

        /// Every byte asked for is sent exactly once, and no other.
        #[test]
        fn parts_cover_what_was_asked(
            ranges in proptest::collection::vec((0_u64..40, 0_u64..40), 1..=16), length in 1_u64..40,
        ) {
            let ranges: Vec<(u64, u64)> =
                ranges.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
            let field = ranges.iter().map(|(a, b)| format!("{a}-{b}")).collect::<Vec<_>>().join(",");
            let asked = |byte: u64| ranges.iter().any(|(a, b)| (*a..=*b).contains(&byte));
            match select(format!("bytes={field}").as_bytes(), length) {
                Selection::Whole => prop_assert!(false, "a valid field was ignored"),
                Selection::Unsatisfiable => prop_assert!(!(0..length).any(asked)),
                Selection::Parts(parts) => for byte in 0..length {
                    let times = parts.iter().filter(|part| (part.first..=part.last).contains(&byte)).count();
                    prop_assert_eq!(times, usize::from(asked(byte)));
                    prop_assert!(parts.iter().all(|part| part.last < length));
                },
            }
        }
    }
}
