//! The page: three files that are part of the program.

use axum::response::{IntoResponse, Redirect, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH,
};
use http::{StatusCode, Uri};

const INDEX: &str = include_str!("../../web/index.html");
const STYLE: &str = include_str!("../../web/chat.css");
const SCRIPT: &str = include_str!("../../web/chat.js");

/// Nothing from elsewhere, nothing inline, and no other site may frame the page.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

pub(super) async fn index(headers: HeaderMap) -> Response {
    file(INDEX, "text/html; charset=utf-8", &headers)
}

pub(super) async fn style(headers: HeaderMap) -> Response {
    file(STYLE, "text/css; charset=utf-8", &headers)
}

pub(super) async fn script(headers: HeaderMap) -> Response {
    file(SCRIPT, "text/javascript; charset=utf-8", &headers)
}

/// The page's relative links depend upon its slash.
pub(super) async fn add_slash(uri: Uri) -> Redirect {
    let query = uri.query().map_or(String::new(), |query| format!("?{query}"));
    Redirect::permanent(&format!("/chat/{query}"))
}

fn file(text: &'static str, kind: &'static str, asked: &HeaderMap) -> Response {
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let tag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
    let mut response = if has(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        text.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SECURITY_POLICY));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Whether the client has this very file (RFC 9110, section 13.1.2; the comparison is weak).
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let lines = asked.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}
