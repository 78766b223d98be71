//! The page of the library: what it is made of, and where it is. What it shows it asks the API for,
//! like any other client.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::HeaderMap;
pub use tombolo_pages::PageError;
use tombolo_pages::{CSS, Pages, SCRIPT, SVG, Source};

use crate::problem::Problem;
use crate::state::Library;

/// Name, media type and text of each file but the page itself.
const FILES: &[(&str, &str, &str)] = &[
    ("library.css", CSS, include_str!("../web/library.css")),
    ("favicon.svg", SVG, include_str!("../web/favicon.svg")),
    ("library.js", SCRIPT, include_str!("../web/library.js")),
    ("admin.js", SCRIPT, include_str!("../web/admin.js")),
    ("api.js", SCRIPT, include_str!("../web/api.js")),
    ("digest.js", SCRIPT, include_str!("../web/digest.js")),
    ("dropping.js", SCRIPT, include_str!("../web/dropping.js")),
    ("hash.js", SCRIPT, include_str!("../web/hash.js")),
    ("items.js", SCRIPT, include_str!("../web/items.js")),
    ("plans.js", SCRIPT, include_str!("../web/plans.js")),
    ("statistics.js", SCRIPT, include_str!("../web/statistics.js")),
    ("there.js", SCRIPT, include_str!("../web/there.js")),
    ("transfers.js", SCRIPT, include_str!("../web/transfers.js")),
    ("upload.js", SCRIPT, include_str!("../web/upload.js")),
    ("uploads.js", SCRIPT, include_str!("../web/uploads.js")),
    ("words.js", SCRIPT, include_str!("../web/words.js")),
];

const SOURCE: Source = Source {
    page: include_str!("../web/index.html"),
    english: include_str!("../web/en.json"),
    spanish: include_str!("../web/es.json"),
    files: FILES,
    // Nothing from elsewhere, nothing inline, and no other site may frame the page.
    security_policy: "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'",
};

/// Fills the page in.
pub(crate) fn pages() -> Result<Pages, PageError> {
    Pages::new(SOURCE)
}

/// What is under `/library`, beside the API.
pub(crate) fn routes() -> Router<Arc<Library>> {
    Router::new()
        .route("/library", get(add_slash))
        .route("/library/", get(index))
        .route("/library/{file}", get(file))
}

async fn index(
    State(library): State<Arc<Library>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    library.page.index(query.as_deref(), &headers).into_response()
}

/// A file that the page is made of.
async fn file(
    State(library): State<Arc<Library>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let answer = library.page.file(&name, &headers);
    answer.map(IntoResponse::into_response).ok_or_else(Problem::not_found)
}

/// The page's relative links depend upon its slash.
async fn add_slash(RawQuery(query): RawQuery) -> Redirect {
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    Redirect::permanent(&format!("/library/{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_its_words_and_its_scripts_go_together() {
        let mistakes = SOURCE.mistakes();
        assert!(mistakes.is_empty(), "{mistakes:#?}");
    }
}
