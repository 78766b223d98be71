//! Who wrote a message, as they call themselves.

use unicode_normalization::UnicodeNormalization;

use super::Mistake;
use super::visible::{Unfit, is_blank, unfit};
use crate::limits;

/// An author's name: 1 to 64 characters on one line, all of which can be seen and none of which
/// changes the direction of writing. Space around it is left out, and it is put in normalisation form C. Nobody proves
/// who they are: two people may have the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Author(String);

impl Author {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(written: &str) -> Result<Self, Mistake> {
        let refuse = |words: String| Err(Mistake::new("author", words));
        let trimmed = written.trim();
        if trimmed.len() > 16 * limits::AUTHOR_CHARACTERS {
            let max = limits::AUTHOR_CHARACTERS;
            return refuse(format!("The author's name is longer than {max} characters."));
        }
        let name: String = trimmed.nfc().collect();
        let length = name.chars().count();
        if !(1..=limits::AUTHOR_CHARACTERS).contains(&length) {
            return refuse(format!(
                "The author's name has {length} characters; choose 1 to {}.",
                limits::AUTHOR_CHARACTERS
            ));
        }
        match unfit(&name) {
            None if !is_blank(&name) => Ok(Self(name)),
            None => refuse("The author's name shows nothing; choose one that does.".to_owned()),
            Some(Unfit::Unseen(bad)) => refuse(format!(
                "The author's name holds {bad:?}, which cannot be seen; leave it out."
            )),
            Some(Unfit::Marks) => refuse(
                "The author's name has more marks on one letter than can be read, or a mark \
                 without a letter; leave them out."
                    .to_owned(),
            ),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_deceptions_refused() {
        assert_eq!(Author::new("  Ana María 👩‍🔬 ").unwrap().as_str(), "Ana María 👩‍🔬");
        let tower = format!("a{}", "\u{300}".repeat(63));
        for bad in [
            "",
            "   ",
            "a\nb",
            "root\u{202e}",
            "\u{200b}",
            "Ana\u{3164}",
            "a\0",
            &tower,
            &"x".repeat(65),
        ] {
            assert!(Author::new(bad).is_err(), "{bad:?}");
        }
    }
}
