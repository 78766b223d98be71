//! The languages of the built-in pages and which one a visitor gets (RFC 9110, section 12.5.4).

use crate::preference;

/// A language the built-in pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Spanish,
}

impl Language {
    /// All of them; the first is the default.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// The language tag (RFC 5646).
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language with this tag, or whose tag is a prefix of it (`es-MX` is Spanish): the
    /// lookup scheme of RFC 4647, section 3.4. Case is ignored.
    fn of_tag(tag: &[u8]) -> Option<Self> {
        let primary = tag.split(|byte| *byte == b'-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|one| primary.eq_ignore_ascii_case(one.tag().as_bytes()))
    }

    /// The language asked for by the query (`lang=es`), a visitor's explicit choice.
    pub(crate) fn of_query(query: &str) -> Option<Self> {
        let tag = query.split('&').find_map(|pair| pair.strip_prefix("lang="))?;
        Self::of_tag(tag.as_bytes())
    }

    /// The language a visitor would rather read. English when the field names none of ours: a
    /// page in the wrong language is of more use than none.
    pub(crate) fn preferred(accept_language: Option<&[u8]>) -> Self {
        let mut best = (0, Self::English);
        for one in preference::read(accept_language.unwrap_or_default()) {
            let language = match one.name {
                b"*" => Some(Self::English),
                tag => Self::of_tag(tag),
            };
            match language {
                Some(language) if one.weight > best.0 => best = (one.weight, language),
                _ => {}
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{self, English, Spanish};

    #[test]
    fn the_heaviest_known_language_wins() {
        for (field, language) in [
            ("es", Spanish),
            ("es-MX,es;q=0.9,en;q=0.8", Spanish),
            ("ES-419", Spanish),
            ("en-GB,es;q=0.9", English),
            ("en;q=0.5,es;q=0.6", Spanish),
            ("fr, es;q=0.3", Spanish),
            ("es;q=0", English),
            ("est", English),
            ("fr", English),
            ("*", English),
            ("", English),
        ] {
            assert_eq!(Language::preferred(Some(field.as_bytes())), language, "{field}");
        }
        assert_eq!(Language::preferred(None), English);
    }

    #[test]
    fn the_query_names_a_language() {
        assert_eq!(Language::of_query("lang=es"), Some(Spanish));
        assert_eq!(Language::of_query("a=b&lang=en"), Some(English));
        assert_eq!(Language::of_query("lang=fr"), None);
        assert_eq!(Language::of_query("slang=es"), None);
    }
}
