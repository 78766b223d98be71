//! What a page is made of, filled in once.

use bytes::Bytes;
use tombolo_daemon::problem::Language;
use tombolo_daemon::template::{UnknownValue, Values, fill, json_for_script};

const HTML: &str = "text/html; charset=utf-8";
/// The media type of a style sheet.
pub const CSS: &str = "text/css; charset=utf-8";
/// The media type of a script.
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
/// The media type of a picture.
pub const SVG: &str = "image/svg+xml";

/// A page as its program has it.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The page, with `{{word}}` for each word, and `{{{words}}}` for all of them as JSON.
    pub page: &'static str,
    /// The words in English, as JSON.
    pub english: &'static str,
    /// The words in Spanish, as JSON.
    pub spanish: &'static str,
    /// Name, media type and text of each further file.
    pub files: &'static [(&'static str, &'static str, &'static str)],
    /// What the page may use, beside what every page may not.
    pub security_policy: &'static str,
}

/// The page and its words do not go together: a fault of the program.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The words are malformed.
    #[error("the words of the page cannot be read: {0}")]
    Words(#[from] serde_json::Error),
    /// A value is missing.
    #[error("filling in the page: {0}")]
    Value(#[from] UnknownValue),
}

/// A file as it is sent.
#[derive(Debug)]
pub struct File {
    pub(crate) kind: &'static str,
    pub(crate) text: Bytes,
    /// Its entity tag, a strong one.
    pub(crate) tag: String,
}

/// A page and its files.
#[derive(Debug)]
pub struct Pages {
    pub(crate) source: Source,
    english: File,
    spanish: File,
    others: Vec<(&'static str, File)>,
}

impl Source {
    pub(crate) fn words(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Spanish => self.spanish,
        }
    }

    fn fill(&self, language: Language) -> Result<File, PageError> {
        let words = self.words(language);
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
        Ok(File::new(HTML, fill(self.page, &values)?.into()))
    }
}

impl Pages {
    /// Fills the page in.
    ///
    /// # Errors
    /// When the page and its words do not go together: a fault of the program.
    pub fn new(source: Source) -> Result<Self, PageError> {
        let file = |(name, kind, text): &(&'static str, &'static str, &'static str)| {
            (*name, File::new(kind, Bytes::from_static(text.as_bytes())))
        };
        let others = source.files.iter().map(file).collect();
        let (english, spanish) = (source.fill(Language::English)?, source.fill(Language::Spanish)?);
        Ok(Self { source, english, spanish, others })
    }

    /// The page itself.
    #[must_use]
    pub fn page(&self, language: Language) -> &File {
        match language {
            Language::English => &self.english,
            Language::Spanish => &self.spanish,
        }
    }

    /// A file that the page asks for.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&File> {
        self.others.iter().find(|(of, _)| *of == name).map(|(_, file)| file)
    }
}

impl File {
    fn new(kind: &'static str, text: Bytes) -> Self {
        let hash = blake3::hash(&text).to_hex();
        Self { kind, text, tag: format!("\"{}\"", hash.get(..32).unwrap_or_default()) }
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &Bytes {
        &self.text
    }
}
