//! What a request for a page or a file is answered.

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use tombolo_daemon::problem::{self, Language};

use crate::files::{File, Pages};

/// Status, fields and body: an answer of any framework.
pub type Answer = (StatusCode, HeaderMap, Bytes);

impl Pages {
    /// The page in the visitor's language: the one that the query names (`?lang=es`), or that they
    /// like most.
    #[must_use]
    pub fn index(&self, query: Option<&str>, asked: &HeaderMap) -> Answer {
        let query = query.unwrap_or_default();
        let chosen = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
        let chosen = Language::ALL.into_iter().find(|one| chosen == Some(one.tag()));
        let language = chosen.unwrap_or_else(|| {
            problem::language(asked.get(ACCEPT_LANGUAGE).map(HeaderValue::as_bytes))
        });
        let (status, mut fields, body) = self.answer(self.page(language), asked);
        fields.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        fields.insert(VARY, HeaderValue::from_static("Accept-Language"));
        (status, fields, body)
    }

    /// A file that the page asks for; None if there is none of that name.
    #[must_use]
    pub fn file(&self, name: &str, asked: &HeaderMap) -> Option<Answer> {
        self.named(name).map(|file| self.answer(file, asked))
    }

    fn answer(&self, file: &File, asked: &HeaderMap) -> Answer {
        let mut fields = HeaderMap::new();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let policy = HeaderValue::from_static(self.source.security_policy);
        fields.insert(CONTENT_SECURITY_POLICY, policy);
        if let Ok(tag) = HeaderValue::from_str(&file.tag) {
            fields.insert(ETAG, tag);
        }
        match has(asked, &file.tag) {
            true => (StatusCode::NOT_MODIFIED, fields, Bytes::new()),
            false => (StatusCode::OK, fields, file.text.clone()),
        }
    }
}

/// Whether the client has this very file (RFC 9110, section 13.1.2; the comparison is weak).
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let lines = asked.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{CSS, Source};

    const SOURCE: Source = Source {
        page: "<html lang=\"{{lang}}\">{{hello}}{{{words}}}",
        english: "{\"hello\": \"Hello <you>\"}",
        spanish: "{\"hello\": \"Hola\"}",
        files: &[("a.css", CSS, "a {}")],
        security_policy: "default-src 'none'",
    };

    fn fields(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_query_chooses_the_language_or_the_browser_does() {
        let pages = Pages::new(SOURCE).unwrap();
        let spanish = fields(&[(ACCEPT_LANGUAGE, "es-ES,es;q=0.9")]);
        for (query, asked, language) in [
            (None, HeaderMap::new(), "en"),
            (None, spanish.clone(), "es"),
            (Some("x=1&lang=en"), spanish.clone(), "en"),
            (Some("lang=xx"), spanish, "es"),
        ] {
            let (status, fields, body) = pages.index(query, &asked);
            assert_eq!(status, StatusCode::OK);
            assert_eq!(fields[CONTENT_LANGUAGE], language);
            let start = format!("<html lang=\"{language}\">");
            assert!(body.starts_with(start.as_bytes()), "{body:?}");
            assert_eq!(fields[CONTENT_SECURITY_POLICY], "default-src 'none'");
        }
        let (.., body) = pages.index(None, &HeaderMap::new());
        assert!(!String::from_utf8_lossy(&body).contains("<you>"));
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let pages = Pages::new(SOURCE).unwrap();
        let (_, sent, body) = pages.file("a.css", &HeaderMap::new()).unwrap();
        assert_eq!(sent[CONTENT_TYPE], CSS);
        assert_eq!(body, "a {}");
        let tag = sent[ETAG].to_str().unwrap();
        for (given, status) in [
            (format!("W/{tag}, \"x\""), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"x\"".to_owned(), StatusCode::OK),
        ] {
            let (found, fields, body) =
                pages.file("a.css", &fields(&[(IF_NONE_MATCH, &given)])).unwrap();
            assert_eq!((found, &fields[ETAG]), (status, &sent[ETAG]));
            assert_eq!(body.is_empty(), status == StatusCode::NOT_MODIFIED);
        }
        assert!(pages.file("b.css", &HeaderMap::new()).is_none());
    }
}
