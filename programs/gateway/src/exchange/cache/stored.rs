//! A stored response with what is known of it.

use std::sync::LazyLock;

use tombolo_cache::credentials::suits;
use tombolo_cache::directives::RequestDirectives;
use tombolo_cache::freshness::{Judgement, Mark, Verdict, Why, judge};
use tombolo_cache::message::Request;
use tombolo_cache::metadata::Metadata;
use tombolo_cache::policy::Policy;
use tombolo_cache::range::{Selection, select};
use tombolo_cache::store::Entry;
use tombolo_cache::time::Timestamp;
use tombolo_http1::{FieldId, Method};

/// A response that was found. Small: what is known of it lies beside it in the store.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) entry: Entry,
}

/// What is known of a response that says nothing: it is stale, and good for nothing.
static NOTHING: LazyLock<Metadata> = LazyLock::new(Metadata::default);

impl Stored {
    /// Reads what is known of it; none if that was written by another version.
    pub(super) fn of(entry: Entry) -> Option<Self> {
        known(&entry).is_some().then_some(Self { entry })
    }

    /// What is known of it.
    #[inline]
    pub(super) fn meta(&self) -> &Metadata {
        known(&self.entry).unwrap_or(&NOTHING)
    }

    /// Whether it will do, and how old it is.
    pub(super) fn judge(
        &self,
        directives: &RequestDirectives,
        policy: &Policy,
        now: Timestamp,
    ) -> Judgement {
        let mark = match self.entry.purged_soft_ms() {
            _ if self.entry.is_doubtful() => Mark::Doubtful(now),
            Some(at) => Mark::Stale(Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX))),
            None => Mark::None,
        };
        judge(directives, self.meta(), mark, policy, now)
    }

    /// The same for a request, by its credentials too.
    pub(super) fn judge_for(
        &self,
        request: &Request<'_>,
        directives: &RequestDirectives,
        policy: &Policy,
        now: Timestamp,
    ) -> Judgement {
        let mut judgement = self.judge(directives, policy, now);
        if !suits(request, self.meta(), policy) {
            judgement.verdict = match directives.only_if_cached {
                true => Verdict::Unsatisfiable(Why::Credentials),
                false => Verdict::Revalidate { why: Why::Credentials, if_error: false },
            };
        }
        judgement
    }

    /// What of it answers a request.
    pub(super) fn select(&self, request: &Request<'_>) -> Selection {
        if self.meta().part.is_none()
            && (request.method() == Method::Head || !request.has(FieldId::Range))
        {
            return Selection::Whole;
        }
        if request.method() == Method::Head && self.meta().part.is_some() {
            return Selection::NotHeld;
        }
        select(request, self.meta(), self.entry.head(), self.entry.body_length())
    }
}

/// Reads the metadata of a response once, and finds it again beside the response.
#[inline]
fn known(entry: &Entry) -> Option<&Metadata> {
    entry.object().annex(|front| Metadata::decode(front.meta()).ok())?.as_ref()
}
