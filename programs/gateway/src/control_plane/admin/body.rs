//! Reads a small body within its bounds.

use axum::body::{Body, Bytes};
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::limits;
use super::refusal::Refusal;

/// All bytes of the body, or what is wrong with it.
pub(super) async fn whole(body: Body) -> Result<Bytes, Refusal> {
    let body = Limited::new(body, limits::BODY_BYTES);
    match timeout(limits::BODY_TIME, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body may have 65536 bytes at most.",
        )),
        Ok(Err(_)) => Err(Refusal::new(StatusCode::BAD_REQUEST, "The body is not whole.")),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body was not whole within 10 seconds.",
        )),
    }
}
