//! The addresses of uploads, and which protocol a request speaks.
//!
//! `Tus-Resumable` makes a request one of tus; any other is one of the draft, of which a plain POST
//! of a whole file is the simplest case.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use tombolo_serve::Client;
use utoipa_axum::routes;

use super::fields::{self, tus as field};
use super::look::look;
use super::terminate::terminate;
use super::{draft, limits, refusal, shown, tus};
use crate::accounts::Caller;
use crate::http::{ClientAddress, Id, Origin, Routes};
use crate::ids::{UploadId, UserId};
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;

/// What clients can ask for here.
pub(crate) fn routes() -> Routes {
    Routes::new().routes(routes!(shown::list, create, options)).routes(routes!(
        head,
        get,
        patch,
        delete,
        overridden,
        options_of_one
    ))
}

/// The path of uploads.
const PATH: &str = "/library/api/uploads";

/// Who asks for something with uploads.
pub(super) struct Asker {
    pub(super) library: Arc<Library>,
    pub(super) user: UserId,
    pub(super) origin: Origin,
    pub(super) client: Client,
}

impl Asker {
    /// The absolute address of an upload: some clients cannot use any other.
    pub(super) fn address(&self, id: UploadId) -> String {
        format!("{}{PATH}/{id}", self.origin.as_str())
    }

    /// Says where an upload is also when something went wrong after it was created.
    pub(super) fn with_location(&self, problem: Problem, id: UploadId) -> Problem {
        problem.header(LOCATION, &self.address(id))
    }
}

/// The upload that an address names: absolute, or only a path.
pub(super) fn id_of(address: &str) -> Option<UploadId> {
    let (folder, id) = address.rsplit_once('/')?;
    folder.ends_with(PATH).then(|| id.parse().ok()).flatten()
}

fn is_tus(headers: &HeaderMap) -> bool {
    headers.contains_key(field::RESUMABLE)
}

/// The answer of a protocol, with what all of its answers have.
///
/// Clients of tus take any 4xx but 409 and 423 for the end of an upload (tus-js-client 4,
/// `defaultOnShouldRetry`): one that has to wait is told 423, with `Retry-After` as everybody.
fn answer(is_tus: bool, answer: Result<Response, Problem>) -> Response {
    let waits = |problem: &Problem| is_tus && problem.status() == StatusCode::TOO_MANY_REQUESTS;
    let answer = answer.map_err(|problem| match waits(&problem) {
        true => problem.with_status(StatusCode::LOCKED),
        false => problem,
    });
    let mut response = answer.unwrap_or_else(|problem| problem.of_upload().into_response());
    let headers = response.headers_mut();
    if is_tus {
        headers.insert(field::RESUMABLE, HeaderValue::from_static(tus::VERSION));
        if response.status() == StatusCode::PRECONDITION_FAILED {
            let version = HeaderValue::from_static(tus::VERSION);
            response.headers_mut().insert(field::VERSION, version);
        }
    }
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

/// Begin an upload
///
/// tus 1.0: `Tus-Resumable: 1.0.0`, and `Upload-Length` or `Upload-Defer-Length`. The IETF's draft:
/// `Upload-Complete: ?0`, or `?1` with all of the bytes. With none of these the body is the file.
#[utoipa::path(post, path = "/uploads", tag = "uploads",
    security(("token" = []), ("cookie" = [])),
    params(
        ("Tus-Resumable" = Option<String>, Header),
        ("Upload-Length" = Option<u64>, Header),
        ("Upload-Defer-Length" = Option<String>, Header),
        ("Upload-Metadata" = Option<String>, Header),
        ("Upload-Concat" = Option<String>, Header),
        ("Upload-Checksum" = Option<String>, Header),
        ("Upload-Complete" = Option<String>, Header),
        ("Repr-Digest" = Option<String>, Header),
        ("Content-Digest" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "It is there; `Location` names it.", body = shown::Shown),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 460, body = ProblemBody, content_type = "application/problem+json"),
        (status = 423, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn create(
    State(library): State<Arc<Library>>,
    caller: Caller,
    origin: Origin,
    ClientAddress(client): ClientAddress,
    request: Request,
) -> Response {
    let is_tus = is_tus(request.headers());
    let done = async {
        let user = caller.user()?.id;
        let asker = Asker { library, user, origin, client };
        if is_tus {
            tus::create(&asker, request).await
        } else {
            draft::create(&asker, request).await
        }
    };
    answer(is_tus, done.await)
}

/// Where an upload is
///
/// A request that was adding bytes is stopped, so that the offset can be used. 423 while the offset
/// cannot be told: ask again.
#[utoipa::path(head, path = "/uploads/{id}", tag = "uploads", params(("id" = UploadId, Path)),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "`Upload-Offset` bytes are stored (tus)."),
        (status = 204, description = "The same (draft)."),
        (status = 401), (status = 404), (status = 410), (status = 412), (status = 423),
    ))]
async fn head(
    State(library): State<Arc<Library>>,
    caller: Result<Caller, Problem>,
    origin: Origin,
    ClientAddress(client): ClientAddress,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
) -> Response {
    let is_tus = is_tus(&headers);
    let done = async {
        let user = caller?.user()?.id;
        let asker = Asker { library, user, origin, client };
        if is_tus { tus::head(&asker, id, &headers).await } else { draft::head(&asker, id).await }
    };
    answer(is_tus, done.await.map_err(|problem| told_later(problem, id)))
}

/// Some clients take a HEAD that failed in any way but 423 for the loss of the upload, and send all
/// of it again.
fn told_later(problem: Problem, id: UploadId) -> Problem {
    let status = problem.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        tracing::debug!(upload = %id, %status, "where an upload is cannot be told now");
        return refusal::locked();
    }
    problem
}

/// An upload as JSON
#[utoipa::path(get, path = "/uploads/{id}", tag = "uploads", params(("id" = UploadId, Path)),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = shown::Shown),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json"),
        (status = 423, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn get(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<UploadId>,
) -> Response {
    let done = async {
        let upload = look(&library, caller.user()?.id, id).await?;
        let mut response = axum::Json(shown::Shown::of(&upload)).into_response();
        draft::describe(&upload, response.headers_mut());
        Ok(response)
    };
    answer(false, done.await)
}

/// Add bytes to an upload
#[utoipa::path(patch, path = "/uploads/{id}", tag = "uploads",
    params(
        ("id" = UploadId, Path),
        ("Upload-Offset" = u64, Header),
        ("Tus-Resumable" = Option<String>, Header),
        ("Upload-Length" = Option<u64>, Header),
        ("Upload-Checksum" = Option<String>, Header),
        ("Upload-Complete" = Option<String>, Header),
        ("Content-Digest" = Option<String>, Header),
    ),
    security(("token" = []), ("cookie" = [])),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 200, description = "All is there (draft).", body = shown::Shown),
        (status = 204, description = "`Upload-Offset` bytes are stored."),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 423, body = ProblemBody, content_type = "application/problem+json"),
        (status = 460, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn patch(
    State(library): State<Arc<Library>>,
    caller: Caller,
    origin: Origin,
    ClientAddress(client): ClientAddress,
    Id(id): Id<UploadId>,
    request: Request,
) -> Response {
    let is_tus = is_tus(request.headers());
    let done = async {
        let user = caller.user()?.id;
        let asker = Asker { library, user, origin, client };
        if is_tus {
            tus::patch(&asker, id, request).await
        } else {
            draft::patch(&asker, id, request).await
        }
    };
    answer(is_tus, done.await)
}

/// Give an upload up
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads", params(("id" = UploadId, Path)),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 204, description = "It is given up; an item that it has become stays."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn delete(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
) -> Response {
    let is_tus = is_tus(&headers);
    let done = async {
        if is_tus {
            tus::check_version(&headers)?;
        }
        terminate(&library.uploads, caller.user()?.id, id).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    answer(is_tus, done.await)
}

/// Another method, for clients that can only POST
///
/// `X-HTTP-Method-Override` says which: `PATCH`, `DELETE` or `HEAD`.
#[utoipa::path(post, path = "/uploads/{id}", tag = "uploads",
    params(("id" = UploadId, Path), ("X-HTTP-Method-Override" = String, Header)),
    security(("token" = []), ("cookie" = [])),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 200), (status = 204),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 405, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 423, body = ProblemBody, content_type = "application/problem+json"),
        (status = 460, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn overridden(
    state: State<Arc<Library>>,
    caller: Caller,
    origin: Origin,
    client: ClientAddress,
    id: Id<UploadId>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    match fields::text(&headers, &field::OVERRIDE) {
        Ok(Some("PATCH")) => patch(state, caller, origin, client, id, request).await,
        Ok(Some("HEAD")) => head(state, Ok(caller), origin, client, id, headers).await,
        Ok(Some("DELETE")) => delete(state, caller, id, headers).await,
        _ => {
            let detail = "POST is possible here only with X-HTTP-Method-Override: PATCH, DELETE or \
                          HEAD.";
            Problem::of(StatusCode::METHOD_NOT_ALLOWED, detail).into_response()
        }
    }
}

/// What this server can do with uploads
#[utoipa::path(options, path = "/uploads", tag = "uploads",
    responses((status = 204, description = "Versions, extensions and limits, in header fields.")))]
async fn options() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    tus::abilities(headers);
    let limit = HeaderValue::from_str(&draft::limit());
    headers.extend(limit.ok().map(|limit| (fields::draft::LIMIT, limit)));
    let size = HeaderValue::from(limits::UPLOAD_BYTES);
    headers.insert(field::MAX_SIZE, size);
    response
}

/// What this server can do with an upload
#[utoipa::path(options, path = "/uploads/{id}", tag = "uploads", params(("id" = UploadId, Path)),
    responses((status = 204, description = "Versions, extensions and limits, in header fields.")))]
async fn options_of_one() -> Response {
    options().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_uploads_are_absolute_or_paths() {
        let id = UploadId::new();
        for address in [
            format!("https://files.example.org/library/api/uploads/{id}"),
            format!("/library/api/uploads/{id}"),
        ] {
            assert_eq!(id_of(&address), Some(id), "{address}");
        }
        for address in ["", "/", "/library/api/uploads/", &format!("/other/{id}")] {
            assert_eq!(id_of(address), None, "{address}");
        }
    }
}
