//! The page: what it is made of.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, Uri};
use tombolo_pages::{CSS, PageError, Pages, SCRIPT, SVG, Source};

use super::App;
use super::refusal::Refusal;

/// Name, media type and text of each file but the page itself.
const FILES: &[(&str, &str, &str)] = &[
    ("chat.css", CSS, include_str!("../../web/chat.css")),
    ("lines.css", CSS, include_str!("../../web/lines.css")),
    ("favicon.svg", SVG, include_str!("../../web/favicon.svg")),
    ("chat.js", SCRIPT, include_str!("../../web/chat.js")),
    ("api.js", SCRIPT, include_str!("../../web/api.js")),
    ("attention.js", SCRIPT, include_str!("../../web/attention.js")),
    ("composer.js", SCRIPT, include_str!("../../web/composer.js")),
    ("conversation.js", SCRIPT, include_str!("../../web/conversation.js")),
    ("line.js", SCRIPT, include_str!("../../web/line.js")),
    ("lines.js", SCRIPT, include_str!("../../web/lines.js")),
    ("memory.js", SCRIPT, include_str!("../../web/memory.js")),
    ("outbox.js", SCRIPT, include_str!("../../web/outbox.js")),
    ("people.js", SCRIPT, include_str!("../../web/people.js")),
    ("stream.js", SCRIPT, include_str!("../../web/stream.js")),
    ("words.js", SCRIPT, include_str!("../../web/words.js")),
];

const SOURCE: Source = Source {
    page: include_str!("../../web/index.html"),
    english: include_str!("../../web/en.json"),
    spanish: include_str!("../../web/es.json"),
    files: FILES,
    // Nothing from elsewhere, nothing inline, and no other site may frame the page.
    security_policy: "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'",
};

/// Fills the page in.
pub(crate) fn pages() -> Result<Pages, PageError> {
    Pages::new(SOURCE)
}

pub(super) async fn index(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    app.pages.index(uri.query(), &headers).into_response()
}

/// A file that the page is made of.
pub(super) async fn file(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.pages.file(&name, &headers).map(IntoResponse::into_response).ok_or(Refusal::NotFound)
}

/// The page's relative links depend upon its slash.
pub(super) async fn add_slash(uri: Uri) -> Redirect {
    let query = uri.query().map_or(String::new(), |query| format!("?{query}"));
    Redirect::permanent(&format!("/chat/{query}"))
}

#[cfg(test)]
mod tests {
    use tombolo_daemon::template::Values;

    use super::*;

    #[test]
    fn the_page_its_words_and_its_scripts_go_together() {
        let mistakes = SOURCE.mistakes();
        assert!(mistakes.is_empty(), "{mistakes:#?}");
        assert!(FILES.iter().all(|(.., text)| !text.contains("url(")));
    }

    /// The names in `say("...")` and its like; some are put together.
    fn is_said(name: &str) -> bool {
        let quoted = format!("\"{name}\"");
        let stem = name.rsplit_once('_').map_or("", |(stem, _)| stem);
        let made = [format!("\"{stem}\""), format!("`{stem}_${{"), format!("`{stem}_")];
        let built = ["why_field_", "why_"].iter().any(|stem| name.starts_with(stem));
        FILES.iter().any(|(_, _, text)| text.contains(&quoted))
            || built
            || made.iter().any(|stem| FILES.iter().any(|(_, _, text)| text.contains(stem)))
    }

    #[test]
    fn every_word_is_used() {
        let words: Values = serde_json::from_str(SOURCE.english).unwrap();
        for name in words.keys() {
            let on_page = SOURCE.page.contains(&format!("{{{{{name}}}}}"));
            assert!(on_page || is_said(name), "{name} is used nowhere");
        }
    }
}
