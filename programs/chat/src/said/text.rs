//! What a message says.

use super::Mistake;
use super::visible::{is_blank, neutral};
use crate::limits;

/// A message's text: 1 to 4000 characters, some of which can be seen; line breaks and tabs, but no
/// other control characters. CR LF becomes LF, and what would turn the direction of writing around
/// the text U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(written: &str) -> Result<Self, Mistake> {
        let refuse = |words: String| Err(Mistake::new("text", words));
        let text = written.replace("\r\n", "\n");
        if is_blank(&text) {
            return refuse("The text shows nothing; write something.".to_owned());
        }
        let length = text.chars().count();
        if length > limits::TEXT_CHARACTERS {
            return refuse(format!(
                "The text has {length} characters; send at most {} at a time.",
                limits::TEXT_CHARACTERS
            ));
        }
        let is_bad = |c: &char| c.is_control() && !matches!(c, '\n' | '\t');
        if let Some(bad) = text.chars().find(is_bad) {
            return refuse(format!("The text holds the control character {bad:?}; leave it out."));
        }
        Ok(Self(neutral(&text)))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_tabs_are_text_and_controls_are_not() {
        assert_eq!(Text::new("a\r\n\tb").unwrap().0, "a\n\tb");
        assert_eq!(Text::new("\u{202e}evil").unwrap().0, "\u{fffd}evil");
        for bad in [
            "",
            " \n\t",
            "\u{200b}",
            "\u{3164}",
            "\u{2800}",
            "\u{7}",
            "a\0",
            "\u{1b}[2J",
            &"x".repeat(4001),
        ] {
            assert!(Text::new(bad).is_err(), "{bad:?}");
        }
        assert!(Text::new(&"é".repeat(4000)).is_ok());
    }
}
