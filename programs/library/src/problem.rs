//! Requests that are not done, and what they are answered with (RFC 9457): what happened, why, and
//! what to do.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tombolo_daemon::problem::reason;
use tombolo_storage::{Error, Fault, Outcome};
use utoipa::ToSchema;

use crate::accounts::Mistake;

/// What every problem's `type` begins with.
const TYPES: &str = "/library/problems#";

/// The slug of a disk that is full.
pub(crate) const NO_ROOM: &str = "no-room";

/// Why a request is refused, as the client is told.
#[derive(Debug)]
pub(crate) struct Problem {
    // Boxed: results are small then.
    told: Box<Told>,
}

#[derive(Debug)]
struct Told {
    status: StatusCode,
    /// What programs know it by; empty: the status says it all.
    slug: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    headers: HeaderMap,
}

/// The body of every refusal, for the description of the API.
#[derive(ToSchema, Serialize)]
#[allow(dead_code, reason = "describes the body that is written as a map")]
pub(crate) struct ProblemBody {
    /// What kind of problem it is; `about:blank` when the status says it all.
    #[schema(example = "/library/problems#quota-exceeded")]
    r#type: String,
    /// The same in words.
    title: String,
    /// The status of the response.
    status: u16,
    /// What happened in this case, why, and what to do.
    detail: String,
    /// Which field of the request it is about.
    #[schema(nullable = false)]
    field: Option<String>,
}

#[allow(dead_code, reason = "what every part of the library answers with")]
impl Problem {
    /// A problem of a kind of its own. `slug`: lower-case letters and hyphens, for programs; `title`:
    /// the kind in a few words; `detail`: what happened, why, what to do.
    pub(crate) fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (members, headers) = (Map::new(), HeaderMap::new());
        let detail = detail.into();
        Self { told: Box::new(Told { status, slug, title, detail, members, headers }) }
    }

    /// A problem whose status says it all.
    pub(crate) fn of(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let title = match reason(status.as_u16()) {
            "" => status.canonical_reason().unwrap_or_default(),
            reason => reason,
        };
        Self::new(status, "", title, detail)
    }

    /// Something is wrong with a field of the request.
    pub(crate) fn field(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid-field",
            "A field of the request is wrong",
            detail,
        )
        .with("field", field)
    }

    /// There is no such thing, or none that this caller may know of: both look alike.
    pub(crate) fn not_found() -> Self {
        Self::of(StatusCode::NOT_FOUND, "There is no such thing here, or it is not yours.")
    }

    /// Only for those who are logged in.
    pub(crate) fn unauthenticated() -> Self {
        let detail = "Log in first (POST /library/api/sessions), then send the token as \
                      \"Authorization: Bearer TOKEN\".";
        Self::unauthenticated_because(detail)
    }

    /// Only for those who are logged in, and why this one is not.
    pub(crate) fn unauthenticated_because(detail: &'static str) -> Self {
        Self::of(StatusCode::UNAUTHORIZED, detail)
            .header(http::header::WWW_AUTHENTICATE, "Bearer realm=\"library\"")
    }

    /// This caller may not do that.
    pub(crate) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::FORBIDDEN, detail)
    }

    /// It cannot be done in the state that things are in.
    pub(crate) fn conflict(
        slug: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::CONFLICT, slug, title, detail)
    }

    /// Too much at once; it may be done after so many seconds.
    pub(crate) fn too_many(seconds: u64, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
    }

    /// It cannot be done now and may be after so many seconds.
    pub(crate) fn unavailable(seconds: u64, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(seconds)
    }

    /// The database has no room. For uploads there is a status of its own: see
    /// [`Problem::of_upload`].
    pub(crate) fn no_room() -> Self {
        let detail = "The database's disk is full; nothing was changed. It can be done once there \
                      is room.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM, "The disk is full", detail)
            .retry_after(60)
    }

    /// As uploads are told it: with 507 where there is no room.
    pub(crate) fn of_upload(mut self) -> Self {
        if self.told.slug == NO_ROOM {
            self.told.status = StatusCode::INSUFFICIENT_STORAGE;
        }
        self
    }

    /// A fault of this program, which the log tells about.
    pub(crate) fn internal() -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, "The library failed; its log tells why.")
    }

    /// The same with one more member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.told.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same with one more header field.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.told.headers.insert(name, value);
        }
        self
    }

    /// The same, to be tried again after so many seconds.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.told.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        self
    }

    /// The same with another status, for clients that know it by that one.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.told.status = status;
        self
    }

    /// The status of the response.
    pub(crate) fn status(&self) -> StatusCode {
        self.told.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Told { status, slug, title, detail, members, headers } = *self.told;
        let kind = match slug {
            "" => "about:blank".to_owned(),
            slug => format!("{TYPES}{slug}"),
        };
        let mut body = json!({
            "type": kind, "title": title, "status": status.as_u16(), "detail": detail,
        });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(members);
        }
        let mut response = (status, headers, format!("{body}\n")).into_response();
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl From<Mistake> for Problem {
    fn from(mistake: Mistake) -> Self {
        Self::field(mistake.field, mistake.to_string())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error.fault() {
            Fault::Database => tracing::warn!(%error, "a request failed"),
            Fault::Operator | Fault::Program => tracing::error!(%error, "a request failed"),
        }
        match error.outcome() {
            Outcome::Unknown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome-unknown",
                "Whether it was done is not known",
                "The database did not answer in time, so it may or may not have been done; look \
                 before you send it again.",
            )
            .with("outcome", "unknown")
            .retry_after(1),
            Outcome::NotDone => {
                Self::unavailable(1, "The database cannot be reached now; nothing was changed.")
            }
            Outcome::WillNotPass if error.is_full() => Self::no_room(),
            Outcome::WillNotPass => Self::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tombolo_storage::Query;

    use super::*;

    async fn told(problem: Problem) -> (StatusCode, HeaderMap, Value) {
        let response = problem.into_response();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4096).await.unwrap();
        (head.status, head.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_has_the_members_of_rfc_9457_and_its_own() {
        let problem = Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "quota-exceeded",
            "The plan has no room for this",
            "It has 5 bytes left.",
        );
        let (status, headers, body) = told(problem.with("left", 5)).await;
        assert_eq!(status, 413);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(
            body,
            json!({"type": "/library/problems#quota-exceeded", "status": 413, "left": 5,
                "title": "The plan has no room for this", "detail": "It has 5 bytes left."})
        );
        let (_, _, body) = told(Problem::not_found()).await;
        assert_eq!((&body["type"], &body["title"]), (&json!("about:blank"), &json!("Not Found")));
    }

    #[tokio::test]
    async fn a_full_disk_of_the_database_is_told_in_words() {
        let world = crate::testing::World::with(|_| {}).await;
        let full = world.library.database.write(crate::testing::soon(), |work| {
            Box::pin(async move {
                work.run(Query::new("PRAGMA max_page_count = 1")).await?;
                let fill =
                    "INSERT INTO library_secret (name, value) VALUES ('x', zeroblob(9999999))";
                work.run(Query::new(fill)).await
            })
        });
        let (status, headers, body) = told(full.await.unwrap_err().into()).await;
        assert_eq!((status.as_u16(), &body["type"]), (503, &json!("/library/problems#no-room")));
        assert!(body["detail"].as_str().unwrap().contains("disk"), "{body}");
        assert!(headers.contains_key("retry-after"));
    }

    #[tokio::test]
    async fn a_commit_without_an_answer_is_told_apart() {
        let (status, headers, body) = told(Error::Deadline { at_commit: true }.into()).await;
        assert_eq!((status.as_u16(), &body["outcome"]), (503, &json!("unknown")));
        assert_eq!(headers["retry-after"], "1");
        let (status, _, body) = told(Error::NoConnection.into()).await;
        assert_eq!((status.as_u16(), body.get("outcome")), (503, None));
    }
}
