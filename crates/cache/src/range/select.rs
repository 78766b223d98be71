//! Which bytes of a stored representation answer a request with Range (RFC 9110 sections 13.1.5,
//! 14.2 and 15.3.7).

use tombolo_http1::{FieldId, Method};

use super::request::{ByteRange, Ranges, ranges};
use crate::conditional::etag;
use crate::message::Request;
use crate::metadata::{Metadata, Part};
use crate::time::Timestamp;

/// What of a stored representation to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// All of it, with its own status.
    Whole,
    /// One part, with 206.
    Single(Part),
    /// Several parts, with 206 and multipart/byteranges: at least two, in the request's order.
    Several(Vec<Part>),
    /// None of it: 416, with the length of the whole.
    Unsatisfiable {
        /// Bytes of the whole representation.
        complete: u64,
    },
    /// The stored part does not cover it: ask the origin.
    NotHeld,
}

/// Selects for a request from a stored response. `length`: bytes of the stored body.
///
/// Range counts for GET and a stored 200 only, and if If-Range, when there, names this very
/// representation by a strong validator.
pub fn select(
    request: &Request<'_>,
    meta: &Metadata,
    stored_head: &[u8],
    length: u64,
) -> Selection {
    let asked = if request.method() == Method::Get && meta.status == 200 {
        range_of(request).filter(|_| is_current(request, meta, stored_head))
    } else {
        None
    };
    match (asked, meta.part) {
        (None, None) => Selection::Whole,
        (None, Some(_)) => Selection::NotHeld,
        (Some(ranges), None) => of_whole(&ranges, length),
        (Some(ranges), Some(part)) => of_part(&ranges, part, length),
    }
}

/// The ranges asked for; two Range fields are as good as none.
fn range_of(request: &Request<'_>) -> Option<Ranges> {
    let mut lines = request.lines(FieldId::Range);
    match (lines.next(), lines.next()) {
        (Some(value), None) => ranges(value),
        _ => None,
    }
}

/// Whether If-Range is absent, or holds for the stored response (RFC 9110 section 13.1.5).
fn is_current(request: &Request<'_>, meta: &Metadata, stored_head: &[u8]) -> bool {
    let Some(validator) = request.first(FieldId::IfRange) else { return true };
    if validator.contains(&b'"') {
        return meta.etag_of(stored_head).is_some_and(|tag| etag::strong_match(validator, tag));
    }
    let date = Timestamp::parse(validator, meta.response_time);
    date.is_some() && date == meta.last_modified && meta.last_modified_is_strong()
}

fn of_whole(ranges: &Ranges, complete: u64) -> Selection {
    let parts: Vec<Part> = ranges
        .as_slice()
        .iter()
        .filter_map(|range| range.within(complete))
        .map(|(first, last)| Part { first, last, complete: Some(complete) })
        .collect();
    match parts.as_slice() {
        [] => Selection::Unsatisfiable { complete },
        [part] => Selection::Single(*part),
        // Parts that together are as long as the whole are sent as the whole: overlapping ranges
        // must not make an answer longer than the representation.
        parts
            if parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.len())) >= complete =>
        {
            Selection::Whole
        }
        _ => Selection::Several(parts),
    }
}

/// From a stored part only a single range is answered, and only if all of it is there.
fn of_part(ranges: &Ranges, part: Part, length: u64) -> Selection {
    if part.len() != length {
        return Selection::NotHeld;
    }
    let [range] = ranges.as_slice() else { return Selection::NotHeld };
    let found = match (part.complete, *range) {
        (Some(complete), range) => match range.within(complete) {
            None => return Selection::Unsatisfiable { complete },
            found => found,
        },
        (None, ByteRange::Between(first, last)) => Some((first, last)),
        (None, _) => None,
    };
    match found {
        Some((first, last)) if first >= part.first && last <= part.last => {
            Selection::Single(Part { first, last, complete: part.complete })
        }
        _ => Selection::NotHeld,
    }
}
