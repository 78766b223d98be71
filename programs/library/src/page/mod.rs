//! The page of the library: files that are part of the program, and the page itself in each
//! language. What it shows it asks the API for, like any other client.

mod files;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use tombolo_daemon::problem::{self, Language};

use self::files::File;
pub(crate) use self::files::Files;
pub use self::files::PageError;
use crate::problem::Problem;
use crate::state::Library;

/// Nothing from elsewhere, nothing inline, and no other site may frame the page.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// What is under `/library`, beside the API.
pub(crate) fn routes() -> Router<Arc<Library>> {
    Router::new()
        .route("/library", get(add_slash))
        .route("/library/", get(index))
        .route("/library/{file}", get(file))
}

/// The page in the visitor's language: the one that the query names, or that they like most.
async fn index(
    State(library): State<Arc<Library>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let chosen = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
    let chosen = Language::ALL.into_iter().find(|one| chosen == Some(one.tag()));
    let language = chosen.unwrap_or_else(|| {
        problem::language(headers.get(ACCEPT_LANGUAGE).map(HeaderValue::as_bytes))
    });
    let mut response = answer(library.page.page(language), &headers);
    let fields = response.headers_mut();
    fields.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    fields.insert(VARY, HeaderValue::from_static("Accept-Language"));
    response
}

/// A file that the page is made of.
async fn file(
    State(library): State<Arc<Library>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    library.page.named(&name).map(|file| answer(file, &headers)).ok_or_else(Problem::not_found)
}

/// The page's relative links depend upon its slash.
async fn add_slash(RawQuery(query): RawQuery) -> Redirect {
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    Redirect::permanent(&format!("/library/{query}"))
}

fn answer(file: &File, asked: &HeaderMap) -> Response {
    let mut response = if has(asked, &file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.text.clone().into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SECURITY_POLICY));
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
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
