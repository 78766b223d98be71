//! What is to be stored of an answer: alone, or joined with a part that is stored (RFC 9111 section
//! 3.4). And the tags it can be purged by.

use tombolo_cache::message::Response;
use tombolo_cache::metadata::Metadata;
use tombolo_cache::range::{Joining, complete_head, join};
use tombolo_cache::storability::Plan;
use tombolo_cache::vary::Vary;

use super::fill::Piece;
use super::stored::Stored;

/// What is to be stored.
pub(super) struct Keeping {
    pub(super) head: Vec<u8>,
    pub(super) meta: Metadata,
    pub(super) vary: Vary,
    /// Bytes of what is stored already, before and after what comes.
    pub(super) before: Option<Piece>,
    pub(super) after: Option<Piece>,
}

impl Keeping {
    pub(super) fn of(plan: Plan) -> Self {
        let Plan { head, metadata, vary } = plan;
        Self { head, meta: metadata, vary, before: None, after: None }
    }

    /// The plan joined with the part that is stored. None: what comes is stored already.
    pub(super) fn joined(plan: Plan, stored: Option<&Stored>) -> Option<Self> {
        let Some(stored) = stored.filter(|stored| stored.meta().part.is_some()) else {
            return Some(Self::of(plan));
        };
        let (part, before, keep, skip) = match join(stored.meta(), stored.entry.head(), &plan) {
            Joining::Replace => return Some(Self::of(plan)),
            Joining::Held => return None,
            Joining::Joined { part, before, keep, skip } => (part, before, keep, skip),
        };
        let (head, meta) = complete_head(stored.entry.head(), &plan, part);
        let entry = stored.entry.clone();
        let length = stored.entry.body_length();
        let (first, last) = if before { (skip, length) } else { (0, keep) };
        let piece = Some(Piece { entry, range: first..last });
        let (before, after) = if before { (None, piece) } else { (piece, None) };
        Some(Self { head, meta, vary: plan.vary, before, after })
    }
}

/// The tags an answer can be purged by: `Cache-Tag` is a list with commas, `Surrogate-Key` one
/// with blanks.
pub(super) fn tags<'r>(response: &Response<'r>) -> Vec<&'r [u8]> {
    let by_comma = response.named(b"cache-tag").flat_map(|line| line.split(|byte| *byte == b','));
    let by_blank =
        response.named(b"surrogate-key").flat_map(|line| line.split(|byte| *byte == b' '));
    by_comma.chain(by_blank).map(<[u8]>::trim_ascii).filter(|tag| !tag.is_empty()).collect()
}
