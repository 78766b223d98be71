//! The built-in landing page as an origin: its files are part of the program.
//!
//! The page is filled in once for each language and replica, then served like any file. Style and
//! script are named with their hash, so that they may be kept for ever and still never be stale.

use bytes::Bytes;
use tombolo_daemon::template::{Values, fill};

use crate::content_hash;
use crate::error::Error;
use crate::language::Language;
use crate::representation::{Content, Representation};
use crate::request_path::RequestPath;

const PAGE: &str = include_str!("../web/index.html");
const STYLE: &[u8] = include_bytes!("../web/style.css");
const SCRIPT: &[u8] = include_bytes!("../web/script.js");
const FAVICON: &[u8] = include_bytes!("../web/favicon.svg");

/// Nothing from elsewhere, nothing inline, and no other site may frame the page.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// Each replica's page is another, so a cache must ask before it shows one it holds.
const ASK_FIRST: &str = "no-cache";
/// For what is named with its hash.
const KEEP: &str = "public, max-age=31536000, immutable";

/// The landing page of one replica.
#[derive(Debug)]
pub(crate) struct Landing {
    pages: Vec<(Language, Representation)>,
    assets: Vec<(&'static str, String, Representation)>,
}

impl Landing {
    /// Fills the page in for this replica.
    pub(crate) fn new(replica: &str) -> Result<Self, Error> {
        let assets = vec![
            asset("style.css", STYLE, "text/css; charset=utf-8"),
            asset("script.js", SCRIPT, "text/javascript; charset=utf-8"),
            asset("favicon.svg", FAVICON, "image/svg+xml"),
        ];
        let version = |name: &str| {
            let found = assets.iter().find(|(asset, ..)| *asset == name);
            found.map_or(String::new(), |(_, version, _)| version.clone())
        };
        let mut pages = Vec::new();
        for language in Language::ALL {
            let mut values = words(language)?;
            let current = |one| if one == language { " aria-current=\"true\"" } else { "" };
            for (name, value) in [
                ("lang", language.tag().to_owned()),
                ("replica", replica.to_owned()),
                ("version", env!("CARGO_PKG_VERSION").to_owned()),
                ("style_version", version("style.css")),
                ("script_version", version("script.js")),
                ("favicon_version", version("favicon.svg")),
                ("english_current", current(Language::English).to_owned()),
                ("spanish_current", current(Language::Spanish).to_owned()),
            ] {
                values.insert(name.to_owned(), value);
            }
            pages.push((language, page(language, fill(PAGE, &values)?)));
        }
        Ok(Self { pages, assets })
    }

    /// Finds what stands at a path. A language named in the query counts for more than
    /// `Accept-Language`: the visitor chose it on the page.
    pub(crate) fn locate(
        &self,
        path: &RequestPath,
        query: &str,
        accept_language: Option<&[u8]>,
    ) -> Option<Representation> {
        if path.name().is_empty() || path.name() == b"index.html" && !path.is_folder() {
            let language =
                Language::of_query(query).unwrap_or_else(|| Language::preferred(accept_language));
            let (_, page) = self.pages.iter().find(|(of, _)| *of == language)?;
            return Some(page.clone());
        }
        let (_, version, asset) = self
            .assets
            .iter()
            .find(|(name, ..)| name.as_bytes() == path.name() && !path.is_folder())?;
        let mut asset = asset.clone();
        if query.strip_prefix("v=") == Some(version) {
            asset.cache_control = Some(KEEP);
        }
        Some(asset)
    }
}

fn page(language: Language, text: String) -> Representation {
    Representation {
        etag: content_hash::tag_of_bytes(text.as_bytes(), ""),
        content: Content::Memory(text.into()),
        // When the program was built says nothing of when this page changed.
        last_modified: None,
        media_type: "text/html; charset=utf-8",
        coding: None,
        language: Some(language),
        vary: Some("Accept-Language"),
        cache_control: Some(ASK_FIRST),
        security_policy: Some(SECURITY_POLICY),
    }
}

fn asset(
    name: &'static str,
    bytes: &'static [u8],
    media_type: &'static str,
) -> (&'static str, String, Representation) {
    let etag = content_hash::tag_of_bytes(bytes, "");
    let version = etag.field_value().trim_matches('"').chars().take(12).collect();
    let representation = Representation {
        content: Content::Memory(Bytes::from_static(bytes)),
        etag,
        last_modified: None,
        media_type,
        coding: None,
        language: None,
        vary: None,
        cache_control: Some(ASK_FIRST),
        security_policy: None,
    };
    (name, version, representation)
}

/// The page's words in a language.
fn words(language: Language) -> Result<Values, Error> {
    let file = match language {
        Language::English => include_str!("../web/en.json"),
        Language::Spanish => include_str!("../web/es.json"),
    };
    serde_json::from_str(file).map_err(Error::Words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(path: &str, query: &str, accept_language: &str) -> Option<Representation> {
        let path = RequestPath::parse(path.as_bytes()).unwrap();
        let landing = Landing::new("site-1").unwrap();
        landing.locate(&path, query, Some(accept_language.as_bytes()))
    }

    fn text(representation: &Representation) -> String {
        match &representation.content {
            Content::Memory(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Content::File(_) => panic!("a built-in page is in memory"),
        }
    }

    #[test]
    fn both_languages_are_complete_and_say_different_things() {
        let english = words(Language::English).unwrap();
        let spanish = words(Language::Spanish).unwrap();
        assert_eq!(english.keys().collect::<Vec<_>>(), spanish.keys().collect::<Vec<_>>());
        for (name, word) in &english {
            assert!(PAGE.contains(&format!("{{{{{name}}}}}")), "{name} is not on the page");
            let slots = |text: &str| text.matches('{').count();
            assert_eq!(slots(word), slots(&spanish[name]), "{name}");
        }
        let (en, es) = (located("/", "", "en").unwrap(), located("/", "", "es").unwrap());
        assert!(
            text(&en).contains("<html lang=\"en\">") && text(&es).contains("<html lang=\"es\">")
        );
        assert_ne!(en.etag, es.etag);
        for page in [en, es] {
            assert!(!text(&page).contains("{{"), "something was not filled in");
            assert!(text(&page).contains("<strong id=\"replica\">site-1</strong>"));
        }
    }

    #[test]
    fn the_query_overrules_the_header() {
        assert_eq!(located("/", "lang=en", "es").unwrap().language, Some(Language::English));
        assert_eq!(located("/", "lang=xx", "es").unwrap().language, Some(Language::Spanish));
        assert!(located("/index.html", "", "es").is_some());
        for path in ["/nothing", "/index.html/", "/style.css/", "/chat/"] {
            assert!(located(path, "", "").is_none(), "{path}");
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_nothing_inline() {
        let page = text(&located("/", "", "en").unwrap());
        for absent in ["style=", "<style", "onclick", "https://", "//cdn", "javascript:"] {
            assert!(!page.contains(absent), "{absent}");
        }
        assert!(!page.replace("http://127.0.0.1:8080", "").contains("http://"));
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!String::from_utf8_lossy(STYLE).contains("url("));
    }

    #[test]
    fn assets_named_with_their_hash_are_kept() {
        let page = text(&located("/", "", "en").unwrap());
        for name in ["style.css", "script.js", "favicon.svg"] {
            let (_, after) = page.split_once(&format!("\"/{name}?")).unwrap();
            let (query, _) = after.split_once('"').unwrap();
            let path = format!("/{name}");
            assert_eq!(located(&path, query, "").unwrap().cache_control, Some(KEEP), "{name}");
            assert_eq!(located(&path, "v=old", "").unwrap().cache_control, Some(ASK_FIRST));
        }
    }
}
