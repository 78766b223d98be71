//! The conditions we send (RFC 9111 section 4.3.1), and what the answer to them is about.

use tombolo_http1::{FieldId, FieldSet};

use super::etag;
use crate::message::{Request, Response};
use crate::metadata::Metadata;

/// Fields of a client's request that are left out where our own conditions go in.
pub const CONDITIONS: FieldSet = FieldSet::of(&[
    FieldId::IfNoneMatch,
    FieldId::IfModifiedSince,
    FieldId::IfMatch,
    FieldId::IfUnmodifiedSince,
    FieldId::IfRange,
    FieldId::Range,
]);

/// Most tags in one request of ours; stored variants beyond them are left out.
const TAGS_MAX: usize = 16;

/// The conditions to send in place of the client's ([`CONDITIONS`]).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Validation {
    /// Value of If-None-Match; empty: not sent.
    pub if_none_match: Vec<u8>,
    /// Value of If-Modified-Since; empty: not sent.
    pub if_modified_since: Vec<u8>,
    /// The list holds tags of the client's beside ours.
    merged: bool,
}

impl Validation {
    /// Whether there is nothing to validate by: the request goes out without conditions.
    pub fn is_empty(&self) -> bool {
        self.if_none_match.is_empty() && self.if_modified_since.is_empty()
    }
}

/// The conditions that validate stored responses of a key: the one that matches the request
/// first, then other variants, whose tags let the origin choose one of them.
///
/// A client's own tags are added, so that the origin may tell it directly that it has the current
/// one. Last-Modified is sent along for the first, if it has one.
pub fn validation(request: &Request<'_>, stored: &[(&Metadata, &[u8])]) -> Validation {
    let mut found = Validation::default();
    let Some(&(first, head)) = stored.first() else { return found };
    let mut tags: Vec<&[u8]> = Vec::new();
    for (meta, head) in stored {
        if let Some(tag) = meta.etag_of(head)
            && !tags.contains(&tag)
            && tags.len() < TAGS_MAX
        {
            tags.push(tag);
        }
    }
    if first.last_modified.is_some() {
        found.if_modified_since = first.last_modified_text.of(head).to_vec();
    }
    if !tags.is_empty() {
        for tag in request.lines(FieldId::IfNoneMatch).flat_map(etag::tags) {
            if etag::is_well_formed(tag) && !tags.contains(&tag) && tags.len() < TAGS_MAX {
                tags.push(tag);
                found.merged = true;
            }
        }
        found.if_none_match = tags.join(&b", "[..]);
    }
    found
}

/// What a 304 confirms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confirmed {
    /// The stored response at this place of the list given to [`validation`]: freshen it, answer
    /// from it.
    Stored(usize),
    /// What the client has, not what is stored: pass the 304 on.
    Clients,
    /// It cannot be told: ask again without conditions.
    Unknown,
}

impl Validation {
    /// What a 304 to this request confirms (RFC 9111 section 4.3.4).
    pub fn confirmed(&self, response: &Response<'_>, stored: &[(&Metadata, &[u8])]) -> Confirmed {
        let selected = |tag| {
            stored.iter().position(|(meta, head)| {
                meta.etag_of(head).is_some_and(|stored| etag::weak_match(stored, tag))
            })
        };
        match response.first(FieldId::Etag) {
            Some(tag) => match selected(tag) {
                Some(place) => Confirmed::Stored(place),
                None if self.lists(tag) => Confirmed::Clients,
                None => Confirmed::Unknown,
            },
            None if !self.merged && stored.len() == 1 => Confirmed::Stored(0),
            None => Confirmed::Unknown,
        }
    }

    fn lists(&self, tag: &[u8]) -> bool {
        etag::tags(&self.if_none_match).any(|listed| etag::weak_match(listed, tag))
    }
}
