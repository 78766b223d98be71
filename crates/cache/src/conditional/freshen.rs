//! Stored responses brought up to date by a 304 or by an answer to HEAD (RFC 9111 sections 3.2,
//! 4.3.4 and 4.3.5).

use tombolo_http1::{FieldId, HeadLimits, Method, ResponseHead};

use super::etag;
use crate::freshness::Arrival;
use crate::message::Response;
use crate::metadata::Metadata;
use crate::policy::Policy;
use crate::storability::{NotStored, Plan, restorable};
use crate::stored_head::StoredHead;
use crate::time::Timestamp;

/// What became of a stored response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Freshened {
    /// Keep the body, with this head and metadata.
    Keep {
        /// The new head, metadata and Vary.
        plan: Box<Plan>,
        /// Vary differs from what it was: store it under its new variant key, remove the old.
        vary_changed: bool,
    },
    /// It may not be stored any longer: answer this request with it, then remove it.
    Remove(NotStored),
}

/// Whether a 304 is about a stored response (RFC 9111 section 4.3.4): they have the same strong
/// ETag; or else the same weak one or the same Last-Modified, and `is_newest` of those stored; or
/// neither has a validator, and it is the only one stored (`is_only`).
pub fn is_selected(
    response: &Response<'_>,
    meta: &Metadata,
    stored_head: &[u8],
    is_newest: bool,
    is_only: bool,
) -> bool {
    let stored = meta.etag_of(stored_head);
    if let Some(tag) = response.first(FieldId::Etag) {
        return if etag::is_strong(tag) {
            stored.is_some_and(|stored| etag::strong_match(stored, tag))
        } else {
            is_newest && stored.is_some_and(|stored| etag::weak_match(stored, tag))
        };
    }
    if let Some(modified) = response.first(FieldId::LastModified) {
        let modified = Timestamp::parse(modified, meta.response_time);
        return is_newest && modified.is_some() && modified == meta.last_modified;
    }
    is_only || (is_newest && meta.has_validator())
}

/// Brings a stored response up to date with the fields of a 304 that is about it, and works its
/// freshness out anew.
pub fn freshen(
    response: &Response<'_>,
    meta: &Metadata,
    stored_head: &[u8],
    policy: &Policy,
    arrival: Arrival,
) -> Freshened {
    match update(response, meta, stored_head, policy, arrival) {
        Ok(plan) => {
            let before = StoredHead::new(stored_head).first(FieldId::Vary);
            let after = StoredHead::new(&plan.head).first(FieldId::Vary);
            Freshened::Keep { vary_changed: before != after, plan: Box::new(plan) }
        }
        Err(reason) => Freshened::Remove(reason),
    }
}

/// What an answer to HEAD says of the stored answer to GET.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HeadEffect {
    /// Nothing: it is not 200, or the stored response is not.
    None,
    /// The stored response is the one described: bring it up to date.
    Freshen(Box<Freshened>),
    /// It is another one by now: mark it stale.
    Invalidate,
}

/// Compares the answer to a HEAD with a stored response. `length`: bytes of the stored body.
///
/// Each validator that both have, and Content-Length if it is there, must agree.
pub fn head_effect(
    response: &Response<'_>,
    meta: &Metadata,
    stored_head: &[u8],
    length: u64,
    policy: &Policy,
    arrival: Arrival,
) -> HeadEffect {
    if response.status() != 200 || meta.status != 200 {
        return HeadEffect::None;
    }
    let whole = meta.part.map_or(Some(length), |part| part.complete);
    let same_length = response
        .head
        .declared_length()
        .is_none_or(|declared| whole.is_none_or(|is| is == declared));
    let same_tag = match (response.first(FieldId::Etag), meta.etag_of(stored_head)) {
        (Some(tag), Some(stored)) => etag::weak_match(tag, stored),
        _ => true,
    };
    let modified = response.first(FieldId::LastModified);
    let modified = modified.and_then(|date| Timestamp::parse(date, meta.response_time));
    let same_date =
        modified.is_none() || meta.last_modified.is_none() || modified == meta.last_modified;
    if same_length && same_tag && same_date {
        let freshened = freshen(response, meta, stored_head, policy, arrival);
        HeadEffect::Freshen(Box::new(freshened))
    } else {
        HeadEffect::Invalidate
    }
}

/// The stored head with the newer one's fields in the place of its own of the same names, and
/// what follows from it.
///
/// Without a Date of the newer, the stored one does not stay either: the response is as old as
/// the answer that confirmed it (RFC 9110 section 6.6.1). Not replaced: what belongs to one connection, and what describes the stored bytes rather than
/// the resource: Content-Length, Content-Encoding, Content-Range (RFC 9111 section 3.2).
///
/// # Errors
/// The response may not be stored any longer.
pub fn update(
    response: &Response<'_>,
    meta: &Metadata,
    stored_head: &[u8],
    policy: &Policy,
    arrival: Arrival,
) -> Result<Plan, NotStored> {
    let newer = || {
        response.head.forwardable(response.buf).filter(|field| {
            !matches!(
                field.id,
                FieldId::ContentEncoding | FieldId::ContentRange | FieldId::XRequestId
            )
        })
    };
    let stored = StoredHead::new(stored_head);
    let lines = stored.field_lines().len();
    let mut merged = stored_head.get(..stored_head.len() - lines).unwrap_or_default().to_vec();
    for field in stored.fields() {
        let is_same = |name: &[u8]| name.eq_ignore_ascii_case(field.name);
        let replaced = newer().any(|other| is_same(other.name.of(response.buf)));
        if !replaced && field.id != FieldId::Date {
            merged.extend_from_slice(field.line);
        }
    }
    for field in newer() {
        let name = field.name.of(response.buf);
        tombolo_http1::write::field(&mut merged, name, field.value.of(response.buf));
    }
    tombolo_http1::write::end(&mut merged);
    let mut head = ResponseHead::new();
    // Both were read within these limits, and no more is left of them than was read.
    let limits = HeadLimits { head_bytes: merged.len(), ..HeadLimits::default() };
    match head.parse(&merged, &limits, Method::Head) {
        Ok(Some(_)) => {}
        _ => return Err(NotStored::Head),
    }
    let merged = Response { head: &head, buf: &merged };
    restorable(&merged, meta.part, policy, arrival)
}
