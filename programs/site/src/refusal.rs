//! Requests that are not answered with a representation, and what they are answered with.

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use http::{Response, StatusCode};

use crate::body::Body;
use crate::request_path::PathMistake;
use crate::respond::set;

/// The methods every resource here takes.
pub(crate) const ALLOWED: &str = "GET, HEAD, OPTIONS";

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Path(#[from] PathMistake),
    #[error("There is nothing at this address.")]
    NotFound,
    #[error("This file is here but may not be read.")]
    Forbidden,
    #[error("Only GET, HEAD and OPTIONS are possible here.")]
    MethodNotAllowed,
    #[error("The file is not available in a coding that the request accepts.")]
    NotAcceptable,
    #[error("The file is not in the state the request asks for.")]
    PreconditionFailed,
    #[error("The range lies outside of the file, which has {length} bytes.")]
    RangeNotSatisfiable { length: u64 },
    #[error("The file could not be read. The server's log tells why.")]
    Internal,
}

impl Refusal {
    /// The status that says it.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Path(PathMistake::TooLong) => StatusCode::URI_TOO_LONG,
            Self::Path(PathMistake::Hidden | PathMistake::EmptySegment) | Self::NotFound => {
                StatusCode::NOT_FOUND
            }
            Self::Path(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::RangeNotSatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The response: a page for people, `application/problem+json` for programs.
    pub(crate) fn into_response(self, request: &HeaderMap) -> Response<Body> {
        let status = self.status();
        let page = page(self, request);
        let mut response = Response::new(Body::of_bytes(page.body));
        *response.status_mut() = status;
        let length = response.body().length();
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        set(headers, CONTENT_TYPE, page.content_type);
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Language"));
        match self {
            Self::MethodNotAllowed => {
                headers.insert(ALLOW, HeaderValue::from_static(ALLOWED));
            }
            Self::RangeNotSatisfiable { length } => {
                set(headers, CONTENT_RANGE, &format!("bytes */{length}"));
            }
            Self::NotAcceptable => {
                let vary = HeaderValue::from_static("Accept, Accept-Encoding, Accept-Language");
                headers.insert(VARY, vary);
            }
            Self::Internal => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            _ => {}
        }
        response
    }
}

/// Until the daemon's problem pages are there.
struct Page {
    body: String,
    content_type: &'static str,
}

fn page(refusal: Refusal, _request: &HeaderMap) -> Page {
    let status = refusal.status();
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": refusal.to_string(),
    });
    Page { body: problem.to_string(), content_type: "application/problem+json" }
}
