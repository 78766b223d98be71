//! The answers programs give by themselves when there is no better one: what happened, what the
//! visitor can do, and the request's id. A page for people, `application/problem+json`
//! (RFC 9457) for programs, in English or Spanish.
//!
//! It writes bodies, not responses: status line, header fields and connection are the caller's.
//! Nothing of a request is repeated but the languages and forms that it asked for.

mod accept;
mod html;
mod text;

use serde_json::json;

pub use accept::wants_html;
pub use text::Language;

/// What is to be told.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// The status of the response.
    pub status: u16,
    /// What happened in this case, in a sentence fit for everybody: no addresses, no paths, no
    /// internals. Empty: nothing beyond what the status says.
    pub detail: &'a str,
    /// The request's id, by which the operator finds it in the log. Empty: none.
    pub request_id: &'a str,
    /// The request's `Accept` field.
    pub accept: Option<&'a [u8]>,
    /// The request's `Accept-Language` field.
    pub accept_language: Option<&'a [u8]>,
}

/// A body and what describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The body.
    pub body: Vec<u8>,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its `Content-Language`.
    pub content_language: &'static str,
}

/// The `Vary` field of a response with a [`Page`].
pub const VARY: &str = "Accept, Accept-Language";

/// The `Content-Security-Policy` of a response with a [`Page`]: its own style, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
                                           base-uri 'none'; form-action 'none'; \
                                           frame-ancestors 'none'";

/// The most bytes of a detail or a request id that are shown.
const SHOWN_BYTES_MAX: usize = 512;

/// Writes the body that suits the request best.
#[must_use]
pub fn page(problem: &Problem<'_>) -> Page {
    let problem = Problem {
        detail: clipped(problem.detail),
        request_id: clipped(problem.request_id),
        ..*problem
    };
    if accept::wants_html(problem.accept) {
        let language = accept::language(problem.accept_language);
        return Page {
            body: html::render(&problem, language).into_bytes(),
            content_type: "text/html; charset=utf-8",
            content_language: language.tag(),
        };
    }
    Page {
        body: json_body(&problem),
        content_type: "application/problem+json",
        content_language: Language::English.tag(),
    }
}

/// The language that a visitor likes most, by `Accept-Language`; English when none of ours is named.
#[must_use]
pub fn language(accept_language: Option<&[u8]>) -> Language {
    accept::language(accept_language)
}

/// The standard phrase of a status (RFC 9110 section 15, RFC 6585), for the status line and the
/// JSON title; empty when there is none.
#[must_use]
pub fn reason(status: u16) -> &'static str {
    text::reason(status)
}

/// `about:blank` as the type: the status says it all, and the title is its phrase
/// (RFC 9457 section 4.2.1).
fn json_body(problem: &Problem<'_>) -> Vec<u8> {
    let text = text::text(problem.status, Language::English);
    let detail = if problem.detail.is_empty() { text.happened } else { problem.detail };
    let title = match reason(problem.status) {
        "" => text.title,
        phrase => phrase,
    };
    let mut body = json!({
        "type": "about:blank",
        "title": title,
        "status": problem.status,
        "detail": detail,
    });
    if let (Some(fields), false) = (body.as_object_mut(), problem.request_id.is_empty()) {
        fields.insert("request_id".to_owned(), problem.request_id.into());
    }
    let mut bytes = body.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// The beginning of a text that is too long, cut between characters.
fn clipped(text: &str) -> &str {
    let mut end = text.len().min(SHOWN_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const BROWSER: &[u8] = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn problem<'a>(status: u16, accept: Option<&'a [u8]>, language: &'a str) -> Problem<'a> {
        Problem {
            status,
            detail: "No server answered.",
            request_id: "0198-abc",
            accept,
            accept_language: Some(language.as_bytes()),
        }
    }

    fn text(page: &Page) -> &str {
        std::str::from_utf8(&page.body).unwrap()
    }

    #[test]
    fn a_browser_gets_a_page_in_its_language() {
        let english = page(&problem(502, Some(BROWSER), "en-GB,en;q=0.9"));
        assert_eq!(english.content_type, "text/html; charset=utf-8");
        assert!(text(&english).contains("<html lang=\"en\">"));
        assert!(
            text(&english).contains("0198-abc") && text(&english).contains("No server answered.")
        );
        let spanish = page(&problem(502, Some(BROWSER), "es-CO,es;q=0.9,en;q=0.8"));
        assert_eq!(spanish.content_language, "es");
        assert!(text(&spanish).contains("<html lang=\"es\">"));
        assert!(text(&spanish).contains("Intentar de nuevo"));
    }

    #[test]
    fn a_program_gets_problem_json() {
        for accept in [None, Some(&b"*/*"[..]), Some(b"application/json")] {
            let page = page(&problem(504, accept, "es"));
            assert_eq!(page.content_type, "application/problem+json");
            let json: Value = serde_json::from_slice(&page.body).unwrap();
            assert_eq!(json["type"], "about:blank");
            assert_eq!(json["status"], 504);
            assert_eq!(json["title"], "Gateway Timeout");
            assert_eq!(json["detail"], "No server answered.");
            assert_eq!(json["request_id"], "0198-abc");
        }
    }

    #[test]
    fn a_page_needs_nobody_else() {
        for status in [400, 404, 405, 413, 429, 500, 503, 599] {
            let page = page(&problem(status, Some(BROWSER), "en"));
            let text = text(&page);
            for outside in ["http://", "https://", "src=", "url(", "@import", "<script"] {
                assert!(!text.contains(outside), "{status}: {outside}");
            }
            assert!(page.body.len() < 8192, "{status}: {} bytes", page.body.len());
        }
    }

    #[test]
    fn nothing_that_is_shown_can_be_markup() {
        let evil = "<script>alert(1)</script>\"'&\u{0}\u{1b}";
        let problem =
            Problem { detail: evil, request_id: evil, ..problem(400, Some(BROWSER), "en") };
        let page = page(&problem);
        assert!(!text(&page).contains("<script") && !text(&page).contains('\u{1b}'));
        assert!(text(&page).contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    }

    proptest! {
        #[test]
        fn any_header_and_any_text_give_a_page(
            status in any::<u16>(),
            accept in proptest::collection::vec(any::<u8>(), 0..200),
            language in proptest::collection::vec(any::<u8>(), 0..200),
            detail in ".{0,600}",
        ) {
            let page = page(&Problem {
                status,
                detail: &detail,
                request_id: &detail,
                accept: Some(&accept),
                accept_language: Some(&language),
            });
            prop_assert!(std::str::from_utf8(&page.body).is_ok());
        }
    }
}
