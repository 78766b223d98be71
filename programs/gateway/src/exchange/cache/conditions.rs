//! What upstream is asked by, in place of the client's conditions: the validators of what is
//! stored, or the rest of a part that is stored.

use tombolo_cache::conditional::{Validation, validation};
use tombolo_cache::message::Request;
use tombolo_cache::range::completion;
use tombolo_http1::FieldId;

use super::question::Question;
use super::stored::Stored;
use crate::exchange::onward::Conditions;

/// How upstream is asked.
pub(super) enum Asking {
    /// As the client asks.
    Plainly,
    /// Whether what is stored is good (RFC 9111 section 4.3.1).
    Validating(Validation),
    /// For the rest of the part that is stored (RFC 9111 section 3.4).
    Completing,
}

/// How to ask, with the fields that say so.
pub(super) fn asking(
    request: &Request<'_>,
    question: &Question,
    stored: Option<&Stored>,
) -> (Asking, Option<Conditions>) {
    let plainly = (Asking::Plainly, None);
    let Some(stored) = stored else { return plainly };
    let head = stored.entry.head();
    if stored.meta().part.is_some() {
        // A request for a part is passed on as it is; what it brings is joined with what is here.
        if question.head || request.has(FieldId::Range) {
            return plainly;
        }
        let Some(wanted) = completion(stored.meta(), head) else { return plainly };
        let conditions =
            Conditions { range: wanted.range, if_range: wanted.if_range, ..Conditions::default() };
        return (Asking::Completing, Some(conditions));
    }
    if question.head {
        return plainly;
    }
    let validation = validation(request, &[(stored.meta(), head)]);
    if validation.is_empty() {
        return plainly;
    }
    let conditions = Conditions {
        if_none_match: validation.if_none_match.clone(),
        if_modified_since: validation.if_modified_since.clone(),
        ..Conditions::default()
    };
    (Asking::Validating(validation), Some(conditions))
}
