//! The page: files that are part of the program, and the page itself in each language.

mod files;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{StatusCode, Uri};
use tombolo_daemon::problem::{self, Language};

use super::App;
use super::refusal::Refusal;
use super::room::query;

use self::files::File;
pub(crate) use self::files::Files;

/// Nothing from elsewhere, nothing inline, and no other site may frame the page.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// The page in the visitor's language: the one that the query names, or that they like most.
pub(super) async fn index(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let chosen = query(&uri, "lang").ok().flatten();
    let chosen = Language::ALL.into_iter().find(|one| chosen.as_deref() == Some(one.tag()));
    let language = chosen.unwrap_or_else(|| {
        problem::language(headers.get(ACCEPT_LANGUAGE).map(HeaderValue::as_bytes))
    });
    let mut response = answer(app.files.page(language), &headers);
    let fields = response.headers_mut();
    fields.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    fields.insert(VARY, HeaderValue::from_static("Accept-Language"));
    response
}

/// A file that the page is made of.
pub(super) async fn file(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.files.named(&name).map(|file| answer(file, &headers)).ok_or(Refusal::NotFound)
}

/// The page's relative links depend upon its slash.
pub(super) async fn add_slash(uri: Uri) -> Redirect {
    let query = uri.query().map_or(String::new(), |query| format!("?{query}"));
    Redirect::permanent(&format!("/chat/{query}"))
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
