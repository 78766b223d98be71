//! A client's conditions, answered from a stored response (RFC 9111 section 4.3.2).

use tombolo_http1::{FieldId, write};

use super::etag;
use crate::message::Request;
use crate::metadata::Metadata;
use crate::stored_head::StoredHead;
use crate::time::Timestamp;

/// What a client's conditions come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precondition {
    /// Send the stored response; there is no condition, or it holds.
    Send,
    /// The client has it already: 304.
    NotModified,
}

/// Evaluates If-None-Match, or else If-Modified-Since, against a stored response. They count for
/// a stored 200 only; a part that is stored is of such a one.
///
/// If-Match and If-Unmodified-Since are the origin's to evaluate: such requests do not come here
/// ([`consult`](crate::lookup::consult)).
#[inline]
pub fn precondition(request: &Request<'_>, meta: &Metadata, stored_head: &[u8]) -> Precondition {
    if meta.status != 200 {
        return Precondition::Send;
    }
    let unchanged = if request.has(FieldId::IfNoneMatch) {
        is_listed(request, meta, stored_head)
    } else if request.has(FieldId::IfModifiedSince) {
        is_unmodified(request, meta)
    } else {
        false
    };
    if unchanged { Precondition::NotModified } else { Precondition::Send }
}

/// Whether If-None-Match lists the stored tag, or any (RFC 9110 section 13.1.2).
fn is_listed(request: &Request<'_>, meta: &Metadata, stored_head: &[u8]) -> bool {
    let stored = meta.etag_of(stored_head);
    request.lines(FieldId::IfNoneMatch).any(|line| {
        line == b"*"
            || stored.is_some_and(|stored| {
                // As one string first: the list may hold a tag that only looks like several.
                line == stored || etag::tags(line).any(|tag| etag::weak_match(tag, stored))
            })
    })
}

/// Whether the stored response was not modified after If-Modified-Since; without Last-Modified its
/// Date stands in (RFC 9111 section 4.3.2). What is no date, or two, is ignored.
fn is_unmodified(request: &Request<'_>, meta: &Metadata) -> bool {
    let mut lines = request.lines(FieldId::IfModifiedSince);
    let (Some(value), None) = (lines.next(), lines.next()) else { return false };
    let modified = meta.last_modified.unwrap_or(meta.date);
    Timestamp::parse(value, meta.response_time).is_some_and(|since| modified.secs() <= since.secs())
}

/// Appends status line and fields of a 304 for a stored response: those that RFC 9110 section
/// 15.4.5 demands, and Last-Modified if there is no ETag.
pub fn write_not_modified(meta: &Metadata, stored_head: &[u8], out: &mut Vec<u8>) {
    write::status_line(out, 304, b"");
    for field in StoredHead::new(stored_head).fields() {
        let wanted = match field.id {
            FieldId::CacheControl
            | FieldId::CdnCacheControl
            | FieldId::ContentLocation
            | FieldId::Date
            | FieldId::Etag
            | FieldId::Expires
            | FieldId::Vary => true,
            FieldId::LastModified => meta.etag.is_empty(),
            _ => false,
        };
        if wanted {
            out.extend_from_slice(field.line);
        }
    }
}
