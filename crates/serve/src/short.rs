//! What a request is answered while memory is short: that it is, and when to ask again.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use tombolo_daemon::memory;
use tombolo_daemon::problem::{self, Problem};

use crate::limits;

/// The answer to a request with these fields. The connection ends with it, which frees its buffers.
pub(crate) fn refusal(request: &HeaderMap) -> Response<Full<Bytes>> {
    let field = |name: http::HeaderName| request.get(name).map(HeaderValue::as_bytes);
    let page = problem::page(&Problem {
        status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        detail: memory::DETAIL,
        request_id: "",
        accept: field(http::header::ACCEPT),
        accept_language: field(http::header::ACCEPT_LANGUAGE),
    });
    let mut response = Response::new(Full::from(page.body));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(RETRY_AFTER, HeaderValue::from(limits::RETRY_AFTER));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_why_and_when_to_come_again() {
        let response = refusal(&HeaderMap::new());
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
