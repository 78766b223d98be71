//! Why a request for an upload is not done, and what it is answered. One table for both protocols.

use http::StatusCode;
use serde_json::json;

use super::fields::{OFFSET, draft};
use super::group::NotDone;
use super::limits;
use crate::content::ContentError;
use crate::plans::quota::QuotaExceeded;
use crate::problem::{NO_ROOM, Problem};

/// Where the types of the draft's problems are defined.
const IANA: &str = "https://iana.org/assignments/http-problem-types#";

/// The offset is another one.
pub(crate) fn mismatch(expected: u64, provided: u64) -> Problem {
    let detail = format!(
        "The upload has {expected} bytes, and this request begins at {provided}; go on at {expected}."
    );
    Problem::of(StatusCode::CONFLICT, detail)
        .with("type", format!("{IANA}mismatching-upload-offset"))
        .with("title", "The offset is another one")
        .with("expected-offset", json!(expected))
        .with("provided-offset", json!(provided))
        .header(OFFSET, &expected.to_string())
        .header(draft::COMPLETE, "?0")
}

/// Two statements about the length differ.
pub(crate) fn inconsistent_length() -> Problem {
    let detail = "What the requests of this upload say about its length differs; begin again with \
                  one length.";
    Problem::of(StatusCode::BAD_REQUEST, detail)
        .with("type", format!("{IANA}inconsistent-upload-length"))
        .with("title", "The lengths differ")
}

/// All is there already.
pub(crate) fn completed(offset: u64) -> Problem {
    Problem::of(StatusCode::CONFLICT, "This upload is complete; nothing can be added to it.")
        .with("type", format!("{IANA}completed-upload"))
        .with("title", "The upload is complete")
        .header(OFFSET, &offset.to_string())
        .header(draft::COMPLETE, "?1")
}

/// Another request has gone on with the upload.
pub(crate) fn taken_over(offset: u64) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "taken-over",
        "Another request goes on with this upload",
        "Another request goes on with this upload; ask where it is (HEAD) before you send more.",
    )
    .header(OFFSET, &offset.to_string())
    .header(draft::COMPLETE, "?0")
}

/// It is over: given up, expired or failed.
pub(crate) fn gone(failure: Option<&str>) -> Problem {
    let detail = match failure {
        Some(failure) => format!("This upload has failed: {failure}. Send the file again."),
        None => "This upload was given up or has expired; send the file again.".to_owned(),
    };
    Problem::of(StatusCode::GONE, detail)
}

/// What was joined of pieces takes no bytes.
pub(crate) fn joined() -> Problem {
    Problem::forbidden("This upload is joined of others; no bytes can be added to it.")
}

/// Pieces that cannot be joined.
pub(crate) fn no_pieces() -> Problem {
    let detail = format!(
        "Upload-Concat names uploads that are not there, are not partial, are not complete or have \
         more than {} bytes together; finish them first.",
        limits::UPLOAD_BYTES
    );
    Problem::new(StatusCode::BAD_REQUEST, "wrong-pieces", "These uploads cannot be joined", detail)
}

/// The bytes are not those that were announced.
pub(crate) fn failed(why: &str) -> Problem {
    let detail = format!("The upload has failed: {why}. Send the file again.");
    Problem::new(StatusCode::BAD_REQUEST, "upload-failed", "The upload has failed", detail)
}

/// Another request still holds the upload, or nobody can tell now where it is.
pub(crate) fn locked() -> Problem {
    let detail = "Where this upload is cannot be told now; what was acknowledged is kept. Ask again \
                  in a second.";
    Problem::of(StatusCode::LOCKED, detail).retry_after(1)
}

/// It is longer than anything is accepted.
pub(crate) fn too_large() -> Problem {
    let most = limits::UPLOAD_BYTES;
    let detail = format!("An upload has at most {most} bytes; send the file in pieces.");
    Problem::of(StatusCode::PAYLOAD_TOO_LARGE, detail)
        .with("limit", json!(most))
        .header(draft::LIMIT, &format!("max-size={most}"))
}

/// Too many bytes with one checksum for an upload whose length nobody has said.
pub(crate) fn too_much_unsaid() -> Problem {
    let most = limits::RESERVE_AHEAD;
    let detail = format!(
        "A request with a checksum has at most {most} bytes while the upload's length is not known; \
         say the length (Upload-Length), or send less at a time."
    );
    Problem::of(StatusCode::PAYLOAD_TOO_LARGE, detail).with("limit", json!(most))
}

/// More bytes than were announced.
pub(crate) fn too_long(length: u64) -> Problem {
    let detail = format!("The upload has {length} bytes, and more were sent; send the file again.");
    Problem::of(StatusCode::PAYLOAD_TOO_LARGE, detail).with("limit", json!(length))
}

/// The user's plan has no room.
pub(crate) fn quota(exceeded: &QuotaExceeded, wanted: u64) -> Problem {
    let QuotaExceeded { used, reserved, limit } = exceeded;
    let detail = format!(
        "Your plan stores {limit} bytes; {used} are used and {reserved} are reserved by uploads, so \
         {wanted} more do not fit. Delete something or change the plan."
    );
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "quota-exceeded",
        "The plan has no room for this",
        detail,
    )
    .with("used", json!(used))
    .with("reserved", json!(reserved))
    .with("limit", json!(limit))
}

/// Too many uploads are not finished.
pub(crate) fn too_many() -> Problem {
    let detail = format!(
        "You have {} uploads that are not finished; finish some, or delete them.",
        limits::UNFINISHED_EACH
    );
    Problem::new(StatusCode::CONFLICT, "too-many-uploads", "Too many unfinished uploads", detail)
}

/// The same key came with something else.
pub(crate) fn key_reused() -> Problem {
    let detail = "This Idempotency-Key was used for another upload; take a new one.";
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "The key was used already",
        detail,
    )
}

/// The bytes of a request are not those that its checksum is of: 460 in tus.
pub(crate) fn wrong_checksum() -> Problem {
    let status = StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST);
    let detail = "The bytes that came are not those that the checksum is of; none of them is kept. \
                  Send them again.";
    Problem::new(status, "checksum-mismatch", "Checksum Mismatch", detail)
}

/// The client sent too few bytes.
pub(crate) fn too_slow() -> Problem {
    let detail = "The bytes came too slowly; what came is kept. Ask where the upload is (HEAD) and \
                  go on from there.";
    Problem::of(StatusCode::REQUEST_TIMEOUT, detail)
}

impl From<NotDone> for Problem {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::Full => Self::unavailable(1, "Too many changes wait; nothing was changed."),
            NotDone::Database(error) if error.is_full() => {
                tracing::error!(%error, "an upload cannot be noted");
                Self::no_room()
            }
            NotDone::Database(error) => {
                tracing::warn!(%error, "an upload could not be noted");
                let detail = "The database cannot be written now, so it is not known whether this \
                              was done; ask where the upload is (HEAD) before you go on.";
                Self::unavailable(1, detail)
            }
        }
    }
}

impl From<ContentError> for Problem {
    fn from(error: ContentError) -> Self {
        match &error {
            ContentError::Full(_) => {
                tracing::error!(%error, "an upload has no room");
                let detail = "There is no room for more bytes now; what was acknowledged is kept, \
                              and the upload can go on once there is.";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, NO_ROOM, "The disk is full", detail)
                    .retry_after(60)
            }
            ContentError::Busy | ContentError::Cut => locked(),
            ContentError::Missing(_) | ContentError::Changed => {
                tracing::error!(%error, "an upload cannot go on");
                gone(Some("what was stored of it is damaged"))
            }
            ContentError::Disk { .. } | ContentError::Service { .. } => {
                tracing::error!(%error, "content cannot be read or written");
                let detail =
                    "The bytes cannot be stored or read now; what was acknowledged is kept.";
                Self::unavailable(5, detail)
            }
        }
    }
}
