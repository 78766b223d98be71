//! Who wrote a message, as they call themselves.

use unicode_normalization::UnicodeNormalization;

use super::{Mistake, is_deceptive};
use crate::limits;

/// An author's name: 1 to 64 characters on one line, none of which hides or changes the direction
/// of writing. Space around it is left out, and it is put in normalisation form C. Nobody proves
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
        if let Some(bad) = name.chars().find(|character| is_deceptive(*character)) {
            return refuse(format!("The author's name holds {bad:?}, which cannot be seen."));
        }
        Ok(Self(name))
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
        for bad in ["", "   ", "a\nb", "root\u{202e}", "\u{200b}", "a\0", &"x".repeat(65)] {
            assert!(Author::new(bad).is_err(), "{bad:?}");
        }
    }
}
