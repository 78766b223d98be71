//! Bodies of JSON that arrive in time.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tombolo_daemon::json;

use crate::limits;
use crate::problem::Problem;

/// A body of JSON: one object. Types that are read have `#[serde(deny_unknown_fields)]`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // A page of another site cannot send this type without asking first, so it cannot post
        // in its visitor's name.
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case("application/json") {
            let detail = "Send JSON, with Content-Type: application/json.";
            return Err(Problem::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = timeout(limits::BODY_TIME, Bytes::from_request(request, state)).await;
        let bytes = bytes.map_err(|_| slow())?.map_err(too_large)?;
        json::object(&bytes).map(Self).map_err(|error| {
            Problem::field("body", format!("This is not the JSON that is expected here: {error}."))
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.0).into_response();
        let no_store = http::HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        response
    }
}

fn slow() -> Problem {
    let seconds = limits::BODY_TIME.as_secs();
    let detail = format!("The body did not arrive within {seconds} s; send it again.");
    Problem::of(StatusCode::REQUEST_TIMEOUT, detail)
}

fn too_large(rejection: BytesRejection) -> Problem {
    match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("The body has more than {} bytes; send less.", limits::BODY_BYTES);
            Problem::of(StatusCode::PAYLOAD_TOO_LARGE, detail)
        }
        _ => Problem::field("body", "The body ended too early; send it again."),
    }
}
