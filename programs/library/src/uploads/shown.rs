//! Uploads as JSON: for the page, which lists what its user has not finished, and for programs that
//! speak neither protocol.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use tombolo_storage::Error;
use utoipa::{IntoParams, ToSchema};

use super::digest::Running;
use super::row::{State, Upload, columns};
use crate::accounts::Caller;
use crate::http::{Json, List, Query, limit};
use crate::ids::{ItemId, UploadId};
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;
use crate::time::Time;

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(super) struct Shown {
    id: UploadId,
    /// `receiving`, `joining`, `complete` or `failed`.
    state: String,
    /// The file's name, as the client gave it.
    name: String,
    /// The folders that the file lay in; empty for none.
    folder: String,
    media_type: Option<String>,
    /// Bytes; null while they are not known.
    length: Option<u64>,
    /// Bytes that are stored.
    offset: u64,
    /// The SHA-256 of these bytes: a file that is picked again is the same if its first bytes have
    /// it. Null if it is not known.
    sha256: Option<String>,
    /// The item that it has become.
    item: Option<ItemId>,
    /// Why it failed.
    failure: Option<String>,
    created: Time,
    /// When it is removed unless more bytes come.
    expires: Time,
}

impl Shown {
    pub(super) fn of(upload: &Upload) -> Self {
        let prefix = || Running::of_state(&upload.digest).finish();
        Self {
            id: upload.id,
            state: upload.state.name().to_owned(),
            name: upload.name.clone(),
            folder: upload.folder().into_text(),
            media_type: upload.media_type.clone(),
            length: upload.length,
            offset: upload.offset,
            sha256: upload.sha256.or_else(prefix).map(|digest| hex(&digest)),
            item: upload.item,
            failure: upload.failure.clone(),
            created: upload.created,
            expires: upload.expires,
        }
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// How many, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<UploadId>,
}

/// Your uploads that are not finished
#[utoipa::path(get, path = "/uploads", tag = "uploads", params(Page),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = List<Shown>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    Shared(library): Shared<Arc<Library>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<List<Shown>>, Problem> {
    let user = caller.user()?;
    let limit = limit(page.limit)?;
    let find = concat!(
        "SELECT ",
        columns!(),
        " FROM library_upload WHERE owner = $1 AND id > $2
            AND state IN ('receiving', 'joining', 'failed') ORDER BY id LIMIT $3"
    );
    let after = page.cursor.map(String::from).unwrap_or_default();
    let find = tombolo_storage::Query::new(find).bind(user.id).bind(after);
    // One more than asked for: then there is a next page.
    let rows = library.query(find.bind(i64::from(limit) + 1)).await?;
    let items = rows.iter().map(|row| Ok(Shown::of(&Upload::of_row(row)?)));
    let items: Result<Vec<_>, Error> = items.collect();
    Ok(Json(List::of(items?, limit, |last| last.id.to_string())))
}

/// Whether all of an upload is there.
pub(super) fn is_complete(upload: &Upload) -> bool {
    upload.state == State::Complete
}
