//! `GET` and `HEAD /library/api/items/{id}/content`: an item's bytes, or parts of them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RANGE,
};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use tombolo_serve::{Client, Exchange};
use utoipa::IntoParams;

use super::body::{Download, Piece};
use super::conditions::{Verdict, judge};
use super::headers;
use super::multipart::{self, Multipart};
use super::range::{ByteRanges, byte_ranges};
use crate::accounts::Caller;
use crate::catalogue::{Item, Viewer, find_for, hexadecimal};
use crate::http::{ClientAddress, Id, Query};
use crate::ids::{ItemId, UserId};
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};
use crate::transfers::{Begin, Direction, Object};

/// How to send it.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Form {
    /// Whether it is to be saved rather than shown, whatever it is.
    #[serde(default)]
    download: bool,
}

/// Sends an item's bytes: all, or the ranges that are asked for.
#[utoipa::path(
    get, path = "/items/{id}/content", tag = "downloads",
    params(("id" = ItemId, Path), Form, ("Range" = Option<String>, Header)),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "All of it, as the media type of the content that is safe to show.", content_type = "*/*"),
        (status = 206, description = "The parts that were asked for.", content_type = "*/*"),
        (status = 304, description = "It is what the caller has."),
        (status = 400, description = "Something in the query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The session is over.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The plan allows no more this month.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none, or the caller may not see it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "A condition does not hold.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "None of the ranges is there.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many of the caller's transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many transfers are under way.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<ItemId>,
    Query(form): Query<Form>,
    ClientAddress(client): ClientAddress,
    parts: Parts,
) -> Result<Response, Problem> {
    let asking = caller.clone();
    let found = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let viewer = Viewer::of(work, &asking).await?;
            find_for(work, id, &viewer).await
        })
    });
    let item = found.await?.ok_or_else(Problem::not_found)?;
    let payer = caller.user().ok().map(|user| user.id);
    let wants_attachment = form.download;
    answer(&library, item, Request { parts, caller, payer, client, wants_attachment }).await
}

/// The same without the bytes.
#[utoipa::path(
    head, path = "/items/{id}/content", tag = "downloads",
    params(("id" = ItemId, Path), Form, ("Range" = Option<String>, Header)),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "As GET, without the bytes."),
        (status = 206, description = "As GET, without the bytes."),
        (status = 304, description = "It is what the caller has."),
        (status = 400, description = "Something in the query is wrong."),
        (status = 401, description = "The session is over."),
        (status = 403, description = "The plan allows no more this month."),
        (status = 404, description = "There is none, or the caller may not see it."),
        (status = 412, description = "A condition does not hold."),
        (status = 416, description = "None of the ranges is there."),
        (status = 503, description = "The database cannot be reached now."),
    )
)]
pub(super) async fn head(
    state: State<Arc<Library>>,
    caller: Caller,
    id: Id<ItemId>,
    form: Query<Form>,
    client: ClientAddress,
    parts: Parts,
) -> Result<Response, Problem> {
    get(state, caller, id, form, client, parts).await
}

/// A request for content that the caller may have.
pub(super) struct Request {
    pub(super) parts: Parts,
    pub(super) caller: Caller,
    /// Against whose plan its bytes count; None for somebody without an account.
    pub(super) payer: Option<UserId>,
    pub(super) client: Client,
    pub(super) wants_attachment: bool,
}

/// Answers with an item's content.
pub(super) async fn answer(
    library: &Arc<Library>,
    item: Item,
    request: Request,
) -> Result<Response, Problem> {
    let mut headers = headers::of(&item, &request.parts.headers, request.wants_attachment);
    let range_counts = match judge(&request.parts.headers, &headers::validators(&item)) {
        Verdict::Go { range_counts } => range_counts,
        Verdict::NotModified => {
            headers.remove(CONTENT_TYPE);
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        Verdict::Failed => {
            let detail = "The content is another one than If-Match or If-Unmodified-Since names.";
            return Ok(refusal(StatusCode::PRECONDITION_FAILED, detail, headers));
        }
    };
    let field = request.parts.headers.get(RANGE).filter(|_| range_counts);
    let (status, pieces) = match byte_ranges(field.map(HeaderValue::as_bytes), item.size) {
        ByteRanges::Whole => (StatusCode::OK, vec![Piece::Content(0..item.size)]),
        ByteRanges::Part(part) => {
            let last = part.end.saturating_sub(1);
            insert(
                &mut headers,
                CONTENT_RANGE,
                format!("bytes {}-{last}/{}", part.start, item.size),
            );
            (StatusCode::PARTIAL_CONTENT, vec![Piece::Content(part)])
        }
        ByteRanges::Parts(parts) => {
            let media_type = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let media_type = media_type.unwrap_or_default().to_owned();
            let boundary = boundary()?;
            let Multipart { content_type, pieces } =
                multipart::body(&parts, item.size, &media_type, &boundary);
            insert(&mut headers, CONTENT_TYPE, content_type);
            (StatusCode::PARTIAL_CONTENT, pieces)
        }
        ByteRanges::Nothing => {
            insert(&mut headers, CONTENT_RANGE, format!("bytes */{}", item.size));
            let detail =
                format!("The content has {} bytes; none of the ranges lies within.", item.size);
            return Ok(refusal(StatusCode::RANGE_NOT_SATISFIABLE, detail, headers));
        }
    };
    let pieces: Vec<_> = pieces.into_iter().filter(|piece| piece.length() > 0).collect();
    let length = pieces.iter().map(Piece::length).fold(0, u64::saturating_add);
    insert(&mut headers, CONTENT_LENGTH, length.to_string());
    if request.parts.method == Method::HEAD || length == 0 {
        return Ok((status, headers).into_response());
    }
    let body = download(library, item, pieces, request).await?;
    Ok((status, headers, Body::new(body)).into_response())
}

async fn download(
    library: &Arc<Library>,
    item: Item,
    pieces: Vec<Piece>,
    request: Request,
) -> Result<Download, Problem> {
    let user = request.caller.user().ok().map(|user| user.id);
    let client = request.client;
    let begin = Begin {
        direction: Direction::Download,
        user,
        payer: request.payer,
        object: Object::Item(item.id),
        name: item.name,
        total: Some(item.size),
        client: client.address().to_string(),
    };
    let mut ticket = library.book.begin(begin);
    let pass = library.admission.enter(library, user, client.network(), &mut ticket).await?;
    let content = Arc::clone(&library.content);
    let exchange = request.parts.extensions.get::<Exchange>().cloned();
    Ok(Download::new(content, item.content, pieces, (ticket, pass), exchange))
}

/// A refusal that keeps the fields of the content, which tell its length and protect its reader.
fn refusal(status: StatusCode, detail: impl Into<String>, mut fields: HeaderMap) -> Response {
    let mut response = Problem::of(status, detail.into()).into_response();
    for name in [CONTENT_TYPE, CONTENT_DISPOSITION] {
        fields.remove(name);
    }
    response.headers_mut().extend(fields);
    response
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::from_str(&value) {
        headers.insert(name, value);
    }
}

/// A text that the content's writer could not foresee.
fn boundary() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Problem::internal())?;
    Ok(hexadecimal(&bytes))
}
