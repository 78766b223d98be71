//! Content-Range (RFC 9110 section 14.4).

use tombolo_http1::write;

use crate::metadata::Part;

/// Reads the value in a 206: `bytes first-last/complete`. `None`: it is another unit, is not
/// satisfied, or contradicts itself.
pub fn content_range(value: &[u8]) -> Option<Part> {
    let (unit, rest) = value.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes ") {
        return None;
    }
    let slash = memchr::memchr(b'/', rest)?;
    let (range, complete) = (rest.get(..slash)?, rest.get(slash + 1..)?);
    let dash = memchr::memchr(b'-', range)?;
    let first = number(range.get(..dash)?)?;
    let last = number(range.get(dash + 1..)?)?;
    let complete = if complete == b"*" { None } else { Some(number(complete)?) };
    let fits = first <= last && last < u64::MAX && complete.is_none_or(|length| last < length);
    fits.then_some(Part { first, last, complete })
}

/// Digits only. What overflows is no number: no representation is that long.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Appends the field line of a part.
pub fn write_content_range(part: &Part, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Range: bytes ");
    write::number(out, part.first);
    out.push(b'-');
    write::number(out, part.last);
    out.push(b'/');
    match part.complete {
        Some(complete) => write::number(out, complete),
        None => out.push(b'*'),
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the field line of a 416 (RFC 9110 section 15.5.17). `complete`: bytes of the whole.
pub fn write_unsatisfied(complete: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Range: bytes */");
    write::number(out, complete);
    out.extend_from_slice(b"\r\n");
}
