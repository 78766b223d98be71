//! What the page is made of, filled in once.

use bytes::Bytes;
use tombolo_daemon::problem::Language;
use tombolo_daemon::template::{Values, fill, json_for_script};

use crate::error::Error;

const PAGE: &str = include_str!("../../../web/index.html");
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type and text of each file but the page itself.
const FILES: [(&str, &str, &str); 15] = [
    ("chat.css", CSS, include_str!("../../../web/chat.css")),
    ("lines.css", CSS, include_str!("../../../web/lines.css")),
    ("favicon.svg", "image/svg+xml", include_str!("../../../web/favicon.svg")),
    ("chat.js", SCRIPT, include_str!("../../../web/chat.js")),
    ("api.js", SCRIPT, include_str!("../../../web/api.js")),
    ("attention.js", SCRIPT, include_str!("../../../web/attention.js")),
    ("composer.js", SCRIPT, include_str!("../../../web/composer.js")),
    ("conversation.js", SCRIPT, include_str!("../../../web/conversation.js")),
    ("line.js", SCRIPT, include_str!("../../../web/line.js")),
    ("lines.js", SCRIPT, include_str!("../../../web/lines.js")),
    ("memory.js", SCRIPT, include_str!("../../../web/memory.js")),
    ("outbox.js", SCRIPT, include_str!("../../../web/outbox.js")),
    ("people.js", SCRIPT, include_str!("../../../web/people.js")),
    ("stream.js", SCRIPT, include_str!("../../../web/stream.js")),
    ("words.js", SCRIPT, include_str!("../../../web/words.js")),
];

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
    ///
    /// # Errors
    /// When the page and its words do not go together: a fault of this program.
    pub(crate) fn new() -> Result<Self, Error> {
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
        let hash = blake3::hash(&text).to_hex();
        Self { kind, text, tag: format!("\"{}\"", hash.get(..32).unwrap_or_default()) }
    }
}

fn words(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../../web/en.json"),
        Language::Spanish => include_str!("../../../web/es.json"),
    }
}

fn page(language: Language) -> Result<File, Error> {
    let words = words(language);
    let mut values: Values = serde_json::from_str(words).map_err(Error::Words)?;
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
    fn both_languages_are_complete_and_every_word_is_used() {
        let (english, spanish) = (all_words(Language::English), all_words(Language::Spanish));
        assert_eq!(english.keys().collect::<Vec<_>>(), spanish.keys().collect::<Vec<_>>());
        for (name, word) in &english {
            let slots = |text: &str| {
                let mut slots: Vec<String> = text
                    .split('{')
                    .skip(1)
                    .filter_map(|rest| rest.split_once('}').map(|(slot, _)| slot.to_owned()))
                    .collect();
                slots.sort();
                slots
            };
            assert_eq!(slots(word), slots(&spanish[name]), "{name}");
            let on_page = PAGE.contains(&format!("{{{{{name}}}}}"));
            assert!(on_page || is_said(name), "{name} is used nowhere");
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
            for rest in text.split("sayCount(\"").skip(1) {
                let name = format!("{}_other", rest.split('"').next().unwrap());
                assert!(english.contains_key(&name), "{file} says {name}");
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
        assert_ne!(files.page(Language::English).tag, files.page(Language::Spanish).tag);
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
            assert!(!text.contains("url("), "{name}");
        }
        for rest in PAGE.split("<link rel=\"stylesheet\" href=\"").skip(1) {
            assert!(files.named(rest.split('"').next().unwrap()).is_some());
        }
    }
}
