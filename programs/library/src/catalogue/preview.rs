//! `GET /library/api/items/{id}/thumbnail`: a small picture of an item.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, StatusCode};
use tombolo_storage::Query;

use super::thumbnails::media_type;
use super::{Viewer, find_for, hexadecimal};
use crate::accounts::Caller;
use crate::http::Id;
use crate::ids::ItemId;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};

/// Sends a small picture of an item.
#[utoipa::path(
    get, path = "/items/{id}/thumbnail", tag = "catalogue", params(("id" = ItemId, Path)),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A JPEG or PNG.", content_type = "image/jpeg"),
        (status = 304, description = "It is what the caller has."),
        (status = 401, description = "The session is over.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see the item.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<ItemId>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let found = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let viewer = Viewer::of(work, &caller).await?;
            let Some(item) = find_for(work, id, &viewer).await? else { return Ok(None) };
            let query = Query::new("SELECT image FROM library_thumbnail WHERE item = $1").bind(id);
            let picture: Option<Vec<u8>> =
                work.row(query).await?.map(|row| row.get(0)).transpose()?.flatten();
            Ok(picture.map(|picture| (item, picture)))
        })
    });
    let (item, picture) = found.await?.ok_or_else(Problem::not_found)?;
    let etag = format!("\"t-{}\"", hexadecimal(&item.sha256));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(&picture)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Authorization, Cookie"));
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    let has_it = asked.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if has_it.is_some_and(|tags| tags.contains(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, picture).into_response())
}
