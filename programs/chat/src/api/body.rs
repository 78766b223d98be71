//! Bodies: JSON that arrives in time, and answers whose memory stays counted until they are sent.

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tombolo_daemon::json;

use super::refusal::Refusal;
use crate::limits;
use crate::quota::{Counted, Memory};

/// A body of JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        // A page of another site cannot send this type without asking first, so it cannot post
        // in its visitor's name.
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case("application/json") {
            return Err(Refusal::MediaType);
        }
        let bytes = timeout(limits::BODY_TIME, Bytes::from_request(request, state)).await;
        let bytes = bytes.map_err(|_| Refusal::Slow)?.map_err(too_large)?;
        json::object(&bytes).map(Self).map_err(|error| {
            let words = format!("This is not the JSON that is expected here: {error}.");
            Refusal::field("body", words)
        })
    }
}

fn too_large(rejection: BytesRejection) -> Refusal {
    match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => Refusal::field("body", "The body ended too early; send it again."),
    }
}

/// An answer in JSON that holds its memory until it is sent.
pub(super) fn counted(answer: &impl Serialize, mut memory: Memory) -> Response {
    // What is written here always can be: texts, numbers, and maps with texts for keys.
    let text = serde_json::to_vec(answer).unwrap_or_default();
    memory.shrink(text.capacity());
    let mut response = Response::new(Body::from(Counted::bytes(text.into(), memory)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
