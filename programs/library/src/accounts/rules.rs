//! What users may say of themselves: address, name and password.

use std::fmt;

use tombolo_daemon::terminal::steers;
use unicode_normalization::UnicodeNormalization;

use crate::limits;

/// Something that may not be said, and why: a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Mistake {
    /// Which field.
    pub field: &'static str,
    words: String,
}

/// An e-mail address. Whether mail arrives there nobody has tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email(String);

/// What a user is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// A password as it was typed. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

fn mistake<T>(field: &'static str, words: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake { field, words: words.into() })
}

impl Email {
    /// An address as it was typed: something, one `@`, and a host with a dot-free or dotted name.
    /// Letters of all scripts may be in it (RFC 6531); spaces and what steers a terminal may not.
    pub(crate) fn new(text: &str) -> Result<Self, Mistake> {
        const FORM: &str = "An address looks like ana@example.org.";
        let text: String = text.trim().nfc().collect();
        if text.len() > limits::EMAIL_BYTES {
            let most = limits::EMAIL_BYTES;
            return mistake("email", format!("An address has at most {most} bytes (RFC 5321)."));
        }
        let Some((local, host)) = text.rsplit_once('@') else { return mistake("email", FORM) };
        let is_odd = |one: char| {
            one.is_whitespace()
                || steers(one)
                || matches!(one, '@' | '<' | '>' | '"' | ',' | ';' | '\\')
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label.chars().all(|one| one.is_alphanumeric() || one == '-' || !one.is_ascii())
        };
        let is_plain = !local.is_empty()
            && local.len() <= limits::EMAIL_LOCAL_BYTES
            && !local.chars().any(is_odd)
            && !host.chars().any(is_odd)
            && host.split('.').all(is_label);
        if is_plain { Ok(Self(text)) } else { mistake("email", FORM) }
    }

    /// As it was typed.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is looked up by: one account for an address, however its case is written.
    pub(crate) fn key(&self) -> String {
        // By way of upper case, so that letters without a counterpart of their own end alike.
        self.0.to_uppercase().to_lowercase().nfc().collect()
    }
}

impl Name {
    /// A name as it was typed.
    pub(crate) fn new(text: &str) -> Result<Self, Mistake> {
        let text: String = text.trim().nfc().collect();
        let most = limits::NAME_CHARACTERS;
        if !(1..=most).contains(&text.chars().count()) {
            return mistake("name", format!("A name has 1 to {most} characters."));
        }
        if text.chars().any(steers) || !text.chars().any(char::is_alphanumeric) {
            return mistake("name", "A name has a letter or a digit, and no control characters.");
        }
        Ok(Self(text))
    }

    /// As it is shown.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Password {
    /// A password that somebody wants to have. Its length is what counts (NIST SP 800-63B).
    pub(crate) fn new(text: &str, email: &Email) -> Result<Self, Mistake> {
        let (least, most) = (limits::PASSWORD_CHARACTERS, limits::PASSWORD_BYTES);
        let password = Self::tried(text);
        let is_long_enough = password.0.chars().count() >= least;
        if !is_long_enough || password.0.len() > most {
            let words =
                format!("A password has at least {least} characters and at most {most} bytes.");
            return mistake("password", words);
        }
        let first = password.0.chars().next();
        let is_one_character = password.0.chars().all(|one| Some(one) == first);
        if is_one_character || password.0.to_lowercase() == email.key() {
            let words = "Choose a password that is not your address nor one character repeated.";
            return mistake("password", words);
        }
        Ok(password)
    }

    /// A password that somebody tries. However a keyboard composes its characters, it is the same.
    pub(crate) fn tried(text: &str) -> Self {
        Self(text.nfc().collect())
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses() {
        for text in [
            "ana@example.org",
            " Ana+x@Example.ORG ",
            "a@localhost",
            "ñandú@español.es",
            "a.b-c_d%e@x-y.z",
        ] {
            assert!(Email::new(text).is_ok(), "{text:?}");
        }
        for text in [
            "",
            "@",
            "ana",
            "ana@",
            "@example.org",
            "a@b@c",
            "a b@example.org",
            "a@exa mple.org",
            "a@example..org",
            "a@.org",
            "a@org.",
            "<a@b>",
            "a\u{202e}@b.org",
            "a\n@b.org",
            "a@b/c",
            "\"a\"@b.org",
        ] {
            assert!(Email::new(text).is_err(), "{text:?}");
        }
        assert!(Email::new(&format!("{}@example.org", "a".repeat(65))).is_err());
        assert!(Email::new(&format!("a@{}", "a.".repeat(130))).is_err());
        let key = |text| Email::new(text).unwrap().key();
        assert_eq!(key("Ana@Example.org"), key("ana@example.ORG"));
        assert_eq!(key("\u{d1}u@x.org"), key("n\u{303}u@x.org"));
    }

    #[test]
    fn names() {
        for text in ["Ana", " Łukasz  Ó ", "李", "Dr. Ana-María O'Neil 3."] {
            assert!(Name::new(text).is_ok(), "{text:?}");
        }
        for text in ["", "  ", "...", "a\u{202e}b", "a\u{1b}[31m", "a\nb"] {
            assert!(Name::new(text).is_err(), "{text:?}");
        }
        assert!(Name::new(&"a".repeat(101)).is_err());
    }

    #[test]
    fn passwords() {
        let email = Email::new("ana@example.org").unwrap();
        let new = |text: &str| Password::new(text, &email);
        assert!(new("correct horse").is_ok());
        for text in ["", "seven77", "aaaaaaaaaaaa", "Ana@example.org"] {
            assert!(new(text).is_err(), "{text:?}");
        }
        assert!(new(&"ab".repeat(600)).is_err());
        assert!(!format!("{:?}", new("correct horse")).contains("horse"));
        assert_eq!(Password::tried("e\u{301}"), Password::tried("\u{e9}"));
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".{0,300}") {
            let _ = Name::new(&text);
            if let Ok(email) = Email::new(&text) {
                // What was taken once is taken again, and means the same.
                prop_assert_eq!(Email::new(email.as_str()).unwrap().key(), email.key());
                prop_assert!(!email.as_str().chars().any(steers));
            }
        }

        #[test]
        fn addresses_of_any_letters(local in "[a-zà-ž0-9.+_-]{1,20}", host in "[a-z0-9-]{1,10}(\\.[a-z0-9-]{1,10}){0,3}") {
            let email = Email::new(&format!("{local}@{host}"));
            prop_assert!(email.is_ok(), "{email:?}");
            let upper = format!("{local}@{host}").to_uppercase();
            prop_assert_eq!(Email::new(&upper).unwrap().key(), email.unwrap().key());
        }

        #[test]
        fn any_password_is_one_however_it_is_composed(text in "\\PC{8,60}") {
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(Password::tried(&text), Password::tried(&decomposed));
        }
    }
}
