//! What is known of a stored response: all that a later request is judged by, worked out once.
//!
//! The store keeps it as opaque bytes ([`Metadata::encode`]); nothing of the response's head is
//! parsed again on a hit.

mod encoding;

pub use encoding::{DecodeError, ENCODED_BYTES};

use tombolo_http1::Span;

use crate::time::Timestamp;

/// What decided the lifetime of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LifetimeSource {
    /// Nothing did: it is stale at once.
    #[default]
    Nothing,
    /// `s-maxage`.
    SMaxage,
    /// `max-age`.
    MaxAge,
    /// Expires.
    Expires,
    /// The configured `ttl`.
    Default,
    /// A tenth of the time since Last-Modified.
    Heuristic,
}

impl LifetimeSource {
    /// Whether the response itself says how long it is fresh.
    pub fn is_explicit(self) -> bool {
        matches!(self, Self::SMaxage | Self::MaxAge | Self::Expires)
    }
}

/// Part of a representation (RFC 9110 section 14.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte.
    pub last: u64,
    /// Length of the whole representation, if it was told.
    pub complete: Option<u64>,
}

impl Part {
    /// Number of bytes.
    pub fn len(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// Never: a part has a byte at least.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// What is known of a stored response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metadata {
    /// Status of the answer; 200 for a stored part, too.
    pub status: u16,
    /// When the request was sent that it, or its last validation, answered.
    pub request_time: Timestamp,
    /// When that answer came.
    pub response_time: Timestamp,
    /// Date of the response, or when it came.
    pub date: Timestamp,
    /// Its age when it came: `corrected_initial_age` of RFC 9111 section 4.2.3; milliseconds.
    pub initial_age_ms: u64,
    /// Freshness lifetime; seconds.
    pub lifetime: u32,
    /// What decided the lifetime.
    pub lifetime_source: LifetimeSource,
    /// Seconds for which it may be used stale while it is validated.
    pub stale_while_revalidate: u32,
    /// Seconds for which it may be used stale if the origin fails.
    pub stale_if_error: u32,
    /// Never to be used without validation.
    pub no_cache: bool,
    /// Not to be used stale, whatever a client would take.
    pub must_revalidate: bool,
    /// The directives came from CDN-Cache-Control.
    pub targeted: bool,
    /// ETag's value in the stored head; empty: there is none that can be used.
    pub etag: Span,
    /// Last-Modified's value in the stored head; empty: there is none that can be used.
    pub last_modified_text: Span,
    /// Last-Modified as a point in time.
    pub last_modified: Option<Timestamp>,
    /// The part of the representation that is stored; none: all of it.
    pub part: Option<Part>,
}

impl Metadata {
    /// Whether it can be validated: it has an ETag or a date of modification.
    pub fn has_validator(&self) -> bool {
        !self.etag.is_empty() || self.last_modified.is_some()
    }

    /// ETag as it stands in the stored head.
    #[inline]
    pub fn etag_of<'h>(&self, stored_head: &'h [u8]) -> Option<&'h [u8]> {
        Some(self.etag.of(stored_head)).filter(|tag| !tag.is_empty())
    }

    /// Whether Last-Modified is a strong validator: Date is later, so that no second change can
    /// hide in that second (RFC 9110 section 8.8.2.2).
    pub fn last_modified_is_strong(&self) -> bool {
        self.last_modified.is_some_and(|modified| self.date.secs() > modified.secs())
    }
}
