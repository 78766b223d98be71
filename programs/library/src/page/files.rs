//! What the page is made of, filled in once.

use axum::body::Bytes;
use sha2::{Digest, Sha256};
use tombolo_daemon::problem::Language;
use tombolo_daemon::template::{UnknownValue, Values, fill, json_for_script};

const PAGE: &str = include_str!("../../web/index.html");
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type and text of each file but the page itself.
const FILES: [(&str, &str, &str); 16] = [
    ("library.css", CSS, include_str!("../../web/library.css")),
    ("favicon.svg", "image/svg+xml", include_str!("../../web/favicon.svg")),
    ("library.js", SCRIPT, include_str!("../../web/library.js")),
    ("admin.js", SCRIPT, include_str!("../../web/admin.js")),
    ("api.js", SCRIPT, include_str!("../../web/api.js")),
    ("digest.js", SCRIPT, include_str!("../../web/digest.js")),
    ("dropping.js", SCRIPT, include_str!("../../web/dropping.js")),
    ("hash.js", SCRIPT, include_str!("../../web/hash.js")),
    ("items.js", SCRIPT, include_str!("../../web/items.js")),
    ("plans.js", SCRIPT, include_str!("../../web/plans.js")),
    ("statistics.js", SCRIPT, include_str!("../../web/statistics.js")),
    ("there.js", SCRIPT, include_str!("../../web/there.js")),
    ("transfers.js", SCRIPT, include_str!("../../web/transfers.js")),
    ("upload.js", SCRIPT, include_str!("../../web/upload.js")),
    ("uploads.js", SCRIPT, include_str!("../../web/uploads.js")),
    ("words.js", SCRIPT, include_str!("../../web/words.js")),
];

/// The page and its words do not go together: a fault of this program.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The words are malformed.
    #[error("the words of the page cannot be read: {0}")]
    Words(#[from] serde_json::Error),
    /// A value is missing.
    #[error("the library's page: {0}")]
    Value(#[from] UnknownValue),
}

/// A file as it is sent.
#[derive(Debug)]
pub(super) struct File {
    pub(super) kind: &'static str,
    pub(super) text: Bytes,
    /// Its entity tag, a strong one.
    pub(super) tag: String,
}

/// Every file.
#[derive(Debug)]
pub(crate) struct Files {
    english: File,
    spanish: File,
    others: Vec<(&'static str, File)>,
}

impl Files {
    /// Fills the page in.
    pub(crate) fn new() -> Result<Self, PageError> {
        let others = FILES.map(|(name, kind, text)| (name, File::new(kind, text.into())));
        let (english, spanish) = (page(Language::English)?, page(Language::Spanish)?);
        Ok(Self { english, spanish, others: others.into() })
    }

    /// The page itself.
    pub(super) fn page(&self, language: Language) -> &File {
        match language {
            Language::English => &self.english,
            Language::Spanish => &self.spanish,
        }
    }

    /// A file that the page asks for.
    pub(super) fn named(&self, name: &str) -> Option<&File> {
        self.others.iter().find(|(of, _)| *of == name).map(|(_, file)| file)
    }
}

impl File {
    fn new(kind: &'static str, text: Bytes) -> Self {
        let hash = Sha256::digest(&text);
        let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { kind, text, tag: format!("\"{tag}\"") }
    }
}

fn words(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../web/en.json"),
        Language::Spanish => include_str!("../../web/es.json"),
    }
}

fn page(language: Language) -> Result<File, PageError> {
    let words = words(language);
    let mut values: Values = serde_json::from_str(words)?;
    let current = |one| if one == language { " aria-current=\"true\"" } else { "" };
    for (name, value) in [
        ("lang", language.tag().to_owned()),
        ("english_current", current(Language::English).to_owned()),
        ("spanish_current", current(Language::Spanish).to_owned()),
        ("words", json_for_script(words)),
    ] {
        values.insert(name.to_owned(), value);
    }
    Ok(File::new(HTML, fill(PAGE, &values)?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_words(language: Language) -> Values {
        serde_json::from_str(words(language)).unwrap()
    }

    fn slots(text: &str) -> Vec<String> {
        let parts = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let mut slots: Vec<String> = parts.map(|(slot, _)| slot.to_owned()).collect();
        slots.sort();
        slots
    }

    #[test]
    fn both_languages_are_complete() {
        let (english, spanish) = (all_words(Language::English), all_words(Language::Spanish));
        assert_eq!(english.keys().collect::<Vec<_>>(), spanish.keys().collect::<Vec<_>>());
        for (name, word) in &english {
            assert_eq!(slots(word), slots(&spanish[name]), "{name}");
        }
    }

    #[test]
    fn what_the_scripts_say_is_there() {
        let english = all_words(Language::English);
        for (file, _, text) in FILES {
            for rest in text.split("say(\"").skip(1) {
                let name = rest.split('"').next().unwrap();
                assert!(english.contains_key(name), "{file} says {name}");
            }
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_nothing_inline() {
        let files = Files::new().unwrap();
        for (language, tag) in [(Language::English, "en"), (Language::Spanish, "es")] {
            let page = String::from_utf8(files.page(language).text.to_vec()).unwrap();
            assert!(page.contains(&format!("<html lang=\"{tag}\">")) && !page.contains("{{"));
            for absent in ["style=", "<style", "onclick", "http://", "https://", "javascript:"] {
                assert!(!page.contains(absent), "{absent}");
            }
        }
    }

    #[test]
    fn every_file_that_is_asked_for_is_there_and_none_writes_markup() {
        let files = Files::new().unwrap();
        for (name, _, text) in FILES {
            for rest in text.split("from \"./").skip(1) {
                let wanted = rest.split('"').next().unwrap();
                assert!(files.named(wanted).is_some(), "{name} imports {wanted}");
            }
            for absent in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                assert!(!text.contains(absent), "{name}: {absent}");
            }
        }
    }
}
