//! A stored response with what is known of it.

use tombolo_cache::directives::RequestDirectives;
use tombolo_cache::freshness::{Judgement, Mark, judge};
use tombolo_cache::message::Request;
use tombolo_cache::metadata::Metadata;
use tombolo_cache::policy::Policy;
use tombolo_cache::range::{Selection, select};
use tombolo_cache::store::Entry;
use tombolo_cache::time::Timestamp;
use tombolo_http1::{FieldId, Method};

/// A response that was found.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) entry: Entry,
    pub(super) meta: Metadata,
}

impl Stored {
    /// Reads what is known of it; none if that was written by another version.
    pub(super) fn of(entry: Entry) -> Option<Self> {
        // What is in memory is read once and kept beside it.
        let meta = entry.object().annex(|front| Metadata::decode(front.meta()).ok());
        let meta = meta.copied().flatten()?;
        Some(Self { entry, meta })
    }

    /// Whether it will do, and how old it is.
    pub(super) fn judge(
        &self,
        directives: &RequestDirectives,
        policy: &Policy,
        now: Timestamp,
    ) -> Judgement {
        let mark = match self.entry.purged_soft_ms() {
            Some(at) => Mark::Stale(Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX))),
            None => Mark::None,
        };
        judge(directives, &self.meta, mark, policy, now)
    }

    /// What of it answers a request.
    pub(super) fn select(&self, request: &Request<'_>) -> Selection {
        if self.meta.part.is_none()
            && (request.method() == Method::Head || !request.has(FieldId::Range))
        {
            return Selection::Whole;
        }
        if request.method() == Method::Head && self.meta.part.is_some() {
            return Selection::NotHeld;
        }
        select(request, &self.meta, self.entry.head(), self.entry.body_length())
    }
}
