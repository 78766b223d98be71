//! Requests that are not answered with a representation, and what they are answered with.

use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY,
};
use http::{Response, StatusCode};
use tombolo_daemon::problem::{self, Problem};

use crate::body::Body;
use crate::field;
use crate::request_path::PathMistake;
use crate::respond::set;

/// The methods every resource here takes.
pub(crate) const ALLOWED: &str = "GET, HEAD, OPTIONS";

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is shown, in bytes.
const REQUEST_ID_BYTES: usize = 128;

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

    /// What to add to what the status says by itself, in English; empty for nothing.
    fn detail(self) -> String {
        match self {
            Self::Path(PathMistake::Hidden) | Self::NotFound | Self::Internal => String::new(),
            told => told.to_string(),
        }
    }

    /// The response: a page for people, `application/problem+json` (RFC 9457) for programs.
    pub(crate) fn into_response(self, request: &HeaderMap) -> Response<Body> {
        let status = self.status();
        let page = problem::page(&Problem {
            status: status.as_u16(),
            detail: &self.detail(),
            request_id: request_id(request),
            accept: field::list(request, &ACCEPT).as_deref(),
            accept_language: field::list(request, &ACCEPT_LANGUAGE).as_deref(),
        });
        let mut response = Response::new(Body::of_bytes(page.body));
        *response.status_mut() = status;
        let length = response.body().length();
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        for (name, value) in [
            (CONTENT_TYPE, page.content_type),
            (CONTENT_LANGUAGE, page.content_language),
            (CONTENT_SECURITY_POLICY, problem::CONTENT_SECURITY_POLICY),
            (VARY, problem::VARY),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        self.describe(headers);
        response
    }

    /// The fields that belong to one refusal only.
    fn describe(self, headers: &mut HeaderMap) {
        match self {
            Self::MethodNotAllowed => {
                headers.insert(ALLOW, HeaderValue::from_static(ALLOWED));
            }
            Self::RangeNotSatisfiable { length } => {
                set(headers, CONTENT_RANGE, &format!("bytes */{length}"));
            }
            Self::NotAcceptable => {
                headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
            }
            Self::Internal => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            _ => {}
        }
    }
}

/// The id the gateway gave the request, by which the operator finds it in the access log.
fn request_id(request: &HeaderMap) -> &str {
    let id = field::single(request, &X_REQUEST_ID).unwrap_or_default();
    let fits = id.len() <= REQUEST_ID_BYTES && id.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(id).ok().filter(|_| fits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_status_and_fields() {
        for (refusal, status) in [
            (Refusal::Path(PathMistake::TooLong), 414),
            (Refusal::Path(PathMistake::NotAbsolute), 400),
            (Refusal::Path(PathMistake::BadEscape), 400),
            (Refusal::Path(PathMistake::ForbiddenByte), 400),
            (Refusal::Path(PathMistake::DotSegment), 400),
            (Refusal::Path(PathMistake::EmptySegment), 404),
            (Refusal::Path(PathMistake::Hidden), 404),
            (Refusal::NotFound, 404),
            (Refusal::Forbidden, 403),
            (Refusal::MethodNotAllowed, 405),
            (Refusal::NotAcceptable, 406),
            (Refusal::PreconditionFailed, 412),
            (Refusal::RangeNotSatisfiable { length: 7 }, 416),
            (Refusal::Internal, 500),
        ] {
            let response = refusal.into_response(&HeaderMap::new());
            let headers = response.headers();
            assert_eq!(response.status().as_u16(), status, "{refusal:?}");
            assert_eq!(headers.contains_key(ALLOW), status == 405);
            assert_eq!(headers.contains_key(CONTENT_RANGE), status == 416);
            assert_eq!(headers.contains_key(CACHE_CONTROL), status == 500);
        }
    }

    #[test]
    fn hidden_names_look_as_if_nothing_were_there() {
        let hidden = Refusal::Path(PathMistake::Hidden);
        assert_eq!((hidden.status(), hidden.detail()), (Refusal::NotFound.status(), String::new()));
    }

    #[test]
    fn only_plain_request_ids_are_shown() {
        let mut request = HeaderMap::new();
        assert_eq!(request_id(&request), "");
        request.insert(X_REQUEST_ID, HeaderValue::from_static("0198-abc"));
        assert_eq!(request_id(&request), "0198-abc");
        for bad in ["a b".to_owned(), "x".repeat(REQUEST_ID_BYTES + 1)] {
            request.insert(X_REQUEST_ID, HeaderValue::from_str(&bad).unwrap());
            assert_eq!(request_id(&request), "", "{bad}");
        }
    }
}
