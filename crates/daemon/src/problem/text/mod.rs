//! What each status means to a visitor, and what to do about it, in both languages.

mod client;
mod server;

/// A language the pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, the default.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its tag, as in `Content-Language`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }
}

/// A status, its standard phrase, and its words in English and Spanish.
type Row = (u16, &'static str, [Text; 2]);

/// A status in words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    /// The heading.
    pub(super) title: &'static str,
    /// What happened.
    pub(super) happened: &'static str,
    /// What the visitor can do.
    pub(super) next: &'static str,
}

/// The words of the page around the text of the status.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) detail: &'static str,
    pub(super) request: &'static str,
    pub(super) report: &'static str,
    pub(super) again: &'static str,
    pub(super) home: &'static str,
}

pub(super) fn frame(language: Language) -> &'static Frame {
    match language {
        Language::English => &Frame {
            detail: "In detail",
            request: "Request",
            report: "Give this number when you report the problem.",
            again: "Try again",
            home: "To the start page",
        },
        Language::Spanish => &Frame {
            detail: "En detalle (en inglés)",
            request: "Solicitud",
            report: "Indique este número cuando informe del problema.",
            again: "Intentar de nuevo",
            home: "A la página de inicio",
        },
    }
}

/// The words for a status; for one without words of its own, those of its class.
pub(super) fn text(status: u16, language: Language) -> Text {
    let class = if status < 500 { &client::CLASS } else { &server::CLASS };
    let row = row(status).map_or(class, |(_, _, words)| words);
    match (language, row) {
        (Language::English, [english, _]) => *english,
        (Language::Spanish, [_, spanish]) => *spanish,
    }
}

fn row(status: u16) -> Option<&'static Row> {
    client::ROWS.iter().chain(&server::ROWS).find(|(code, _, _)| *code == status)
}

/// The standard phrase of a status.
pub(super) fn reason(status: u16) -> &'static str {
    match row(status) {
        Some((_, phrase, _)) => phrase,
        None if status == 204 => "No Content",
        None => "",
    }
}

const fn say(title: &'static str, happened: &'static str, next: &'static str) -> Text {
    Text { title, happened, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_words_of_its_own_in_both_languages() {
        for status in
            [400, 403, 404, 405, 408, 413, 414, 417, 429, 431, 501, 502, 503, 504, 505, 508]
        {
            assert!(!reason(status).is_empty(), "{status}");
            let [english, spanish] = Language::ALL.map(|language| text(status, language));
            assert_ne!(english.title, spanish.title, "{status}");
            assert_ne!(english.title, client::CLASS[0].title, "{status}");
        }
    }

    #[test]
    fn others_have_the_words_of_their_class() {
        assert_eq!(text(418, Language::English).title, client::CLASS[0].title);
        assert_eq!(text(511, Language::Spanish).title, server::CLASS[1].title);
        assert_eq!(reason(418), "");
    }
}
