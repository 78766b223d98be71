//! Parts that become a whole (RFC 9111 section 3.4, RFC 9110 section 15.3.7.3).

use tombolo_http1::write;

use crate::conditional::etag;
use crate::metadata::{Metadata, Part};
use crate::storability::Plan;
use crate::stored_head::StoredHead;

/// How the body of a new part goes together with that of a stored one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joining {
    /// Store the new one alone: they are not of one representation, or do not touch.
    Replace,
    /// All of the new one is stored already: keep what is stored, with the new one's head.
    Held,
    /// After the first `keep` bytes of the stored body comes the new one's; or, if `before`, the
    /// new one's body comes first and the stored one from offset `skip`.
    Joined {
        /// What is then stored; none: all of the representation.
        part: Option<Part>,
        /// The new body comes first.
        before: bool,
        /// Bytes of the stored body to keep from its front, if it comes first.
        keep: u64,
        /// Bytes of the stored body to leave out at its front, if it comes second.
        skip: u64,
    },
}

/// How the part that `plan` would store goes together with a stored one. Both must have the same
/// strong validator and not contradict each other in length.
pub fn join(stored: &Metadata, stored_head: &[u8], plan: &Plan) -> Joining {
    let (Some(old), Some(new)) = (stored.part, plan.metadata.part) else { return Joining::Replace };
    let same_tag = match (stored.etag_of(stored_head), plan.metadata.etag_of(&plan.head)) {
        (Some(old), Some(new)) => etag::strong_match(old, new),
        _ => false,
    };
    let complete = old.complete.or(new.complete);
    let agree =
        old.complete.is_none_or(|_| new.complete.is_none_or(|_| old.complete == new.complete))
            && complete.is_none_or(|complete| old.last.max(new.last) < complete);
    let touch = new.first <= old.last.saturating_add(1) && old.first <= new.last.saturating_add(1);
    if !same_tag || !agree || !touch {
        return Joining::Replace;
    }
    if new.first >= old.first && new.last <= old.last {
        return Joining::Held;
    }
    let (first, last) = (old.first.min(new.first), old.last.max(new.last));
    if new.first <= old.first && new.last >= old.last {
        return Joining::Replace;
    }
    let whole = first == 0 && complete.is_some_and(|complete| last + 1 == complete);
    let part = (!whole).then_some(Part { first, last, complete });
    if new.first > old.first {
        Joining::Joined { part, before: false, keep: new.first - old.first, skip: 0 }
    } else {
        Joining::Joined { part, before: true, keep: 0, skip: new.last + 1 - old.first }
    }
}

/// What to ask for so that a stored part becomes whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// Value of Range.
    pub range: Vec<u8>,
    /// Value of If-Range: the origin sends all of it if it has another by now.
    pub if_range: Vec<u8>,
}

/// The request that completes a stored part: what follows it if it is the beginning, what
/// precedes it if it is the end. `None`: it lies in the middle, is whole, or has no strong ETag
/// by which the rest could be known to belong to it.
pub fn completion(stored: &Metadata, stored_head: &[u8]) -> Option<Completion> {
    let part = stored.part?;
    let tag = stored.etag_of(stored_head).filter(|tag| etag::is_strong(tag))?;
    let mut range = b"bytes=".to_vec();
    if part.first == 0 {
        write::number(&mut range, part.last.checked_add(1)?);
        range.push(b'-');
    } else if part.complete == Some(part.last.checked_add(1)?) {
        range.extend_from_slice(b"0-");
        write::number(&mut range, part.first - 1);
    } else {
        return None;
    }
    Some(Completion { range, if_range: tag.to_vec() })
}

/// Head and metadata of the whole after [`join`] said so: the newer head with the stored one's
/// fields it does not have (RFC 9111 section 3.4). `part` is from [`Joining::Joined`].
pub fn complete_head(stored_head: &[u8], plan: &Plan, part: Option<Part>) -> (Vec<u8>, Metadata) {
    let mut head = plan.head.clone();
    let newer = StoredHead::new(&plan.head);
    for field in StoredHead::new(stored_head).fields() {
        let known = newer.fields().any(|other| other.name.eq_ignore_ascii_case(field.name));
        if !known {
            head.extend_from_slice(field.line);
        }
    }
    (head, Metadata { part, ..plan.metadata })
}
