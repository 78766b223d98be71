//! The console page: files that are part of the program, in the language a browser asks for.
//!
//! The page holds nothing of the gateway; its script asks the API like any other client, with the
//! token if one is needed.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderValue, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use serde_json::{Map, Value};
use tombolo_daemon::problem::{Language, language, wants_html};

use super::refusal::Refusal;

/// Where its files are.
pub(super) const FILES: &str = "/console/";

/// Nothing from elsewhere, nothing inline, no form that goes anywhere, and no page may frame it.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const PAGE: &str = include_str!("../../../web/index.html");
const ENGLISH: &str = include_str!("../../../web/en.json");
const SPANISH: &str = include_str!("../../../web/es.json");

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, type and content of each file.
const ALL: [(&str, &str, &str); 15] = [
    ("console.css", STYLE, include_str!("../../../web/console.css")),
    ("tables.css", STYLE, include_str!("../../../web/tables.css")),
    ("icon.svg", "image/svg+xml", include_str!("../../../web/icon.svg")),
    ("main.js", SCRIPT, include_str!("../../../web/main.js")),
    ("api.js", SCRIPT, include_str!("../../../web/api.js")),
    ("charts.js", SCRIPT, include_str!("../../../web/charts.js")),
    ("dialogs.js", SCRIPT, include_str!("../../../web/dialogs.js")),
    ("dom.js", SCRIPT, include_str!("../../../web/dom.js")),
    ("figures.js", SCRIPT, include_str!("../../../web/figures.js")),
    ("phases.js", SCRIPT, include_str!("../../../web/phases.js")),
    ("requests.js", SCRIPT, include_str!("../../../web/requests.js")),
    ("rest.js", SCRIPT, include_str!("../../../web/rest.js")),
    ("servers.js", SCRIPT, include_str!("../../../web/servers.js")),
    ("why.js", SCRIPT, include_str!("../../../web/why.js")),
    ("words.js", SCRIPT, include_str!("../../../web/words.js")),
];

/// Whether who asks is a browser that a person looks at.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    wants_html(headers.get(ACCEPT).map(HeaderValue::as_bytes))
}

/// The page.
pub(super) fn page(headers: &HeaderMap) -> Response {
    static IN_ENGLISH: LazyLock<String> = LazyLock::new(|| filled(Language::English));
    static IN_SPANISH: LazyLock<String> = LazyLock::new(|| filled(Language::Spanish));
    let language = language(headers.get(ACCEPT_LANGUAGE).map(HeaderValue::as_bytes));
    let page: &'static LazyLock<String> = match language {
        Language::English => &IN_ENGLISH,
        Language::Spanish => &IN_SPANISH,
    };
    let mut response = secured(page.as_str(), "text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    response
}

/// One of its files.
pub(super) async fn file(Path(name): Path<String>) -> Result<Response, Refusal> {
    let found = ALL.iter().find(|(file, ..)| *file == name);
    let (_, kind, content) =
        found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "There is no such file."))?;
    Ok(secured(content, kind))
}

fn secured(content: &'static str, kind: &'static str) -> Response {
    let mut response = ([(CONTENT_TYPE, kind)], content).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SECURITY_POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The page with its words in place: each `{{name}}` is what the language has for it.
fn filled(language: Language) -> String {
    let words = words(language);
    let mut page = String::with_capacity(PAGE.len() * 2);
    let mut parts = PAGE.split("{{");
    page.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        match name {
            "lang" => page.push_str(language.tag()),
            // Inside of a script element only `<` could end it.
            "words" => {
                page.push_str(&Value::Object(words.clone()).to_string().replace('<', "\\u003c"));
            }
            name => page.push_str(words.get(name).and_then(Value::as_str).unwrap_or(name)),
        }
        page.push_str(rest);
    }
    page
}

fn words(language: Language) -> Map<String, Value> {
    let text = match language {
        Language::English => ENGLISH,
        Language::Spanish => SPANISH,
    };
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_every_word() {
        let (english, spanish) = (words(Language::English), words(Language::Spanish));
        assert!(english.keys().eq(spanish.keys()), "the languages differ in their words");
        for part in PAGE.split("{{").skip(1) {
            let name = part.split_once("}}").unwrap().0;
            let known = ["lang", "words"].contains(&name) || english.contains_key(name);
            assert!(known, "{name} has no words");
        }
        let of = |text: &Value| {
            let mut holes: Vec<String> = text
                .as_str()
                .unwrap()
                .split('{')
                .skip(1)
                .map(|part| part.split('}').next().unwrap().to_owned())
                .collect();
            holes.sort();
            holes
        };
        for (name, text) in &english {
            assert_eq!(of(text), of(&spanish[name]), "{name}");
            let plain = |text: &Value| !text.as_str().unwrap().contains(['<', '>', '&', '"']);
            assert!(plain(text) && plain(&spanish[name]), "{name} goes into the page as it is");
        }
    }

    /// Each word that a script asks for is there.
    #[test]
    fn scripts_say_known_words() {
        let english = words(Language::English);
        for (file, kind, content) in ALL {
            if kind != SCRIPT {
                continue;
            }
            for part in content.split("say(\"").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(english.contains_key(name), "{file}: {name}");
            }
            assert!(!content.contains("innerHTML"), "{file}");
        }
    }

    #[test]
    fn every_file_the_page_names_is_served() {
        let scripts = ALL.iter().map(|(_, _, content)| *content);
        let named = |text: &'static str, before: &'static str| {
            text.split(before).skip(1).map(|part| part.split('"').next().unwrap())
        };
        let imported = scripts.flat_map(|text| named(text, "from \"./"));
        for name in named(PAGE, "\"/console/").chain(imported) {
            assert!(ALL.iter().any(|(file, ..)| *file == name), "{name}");
        }
    }
}
