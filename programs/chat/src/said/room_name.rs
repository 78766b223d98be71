//! The name of a room.

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Mistake;
use super::visible::{Unfit, unfit};
use crate::limits;

/// A room's name: 1 to 64 letters, digits and their marks of any script, `-`, `_` and `.`, and
/// first a letter or digit. Names are compared in normalisation form C, so that the same word
/// typed on two keyboards is one room; case counts.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(written: &str) -> Result<Self, Mistake> {
        let refuse = |words: String| Err(Mistake::new("room", words));
        // Composition never lengthens a name beyond what it was, so this bounds the work.
        if written.len() > 16 * limits::ROOM_CHARACTERS {
            return refuse(format!(
                "The room's name is longer than {} characters.",
                limits::ROOM_CHARACTERS
            ));
        }
        let name: String = written.nfc().collect();
        let length = name.chars().count();
        if !(1..=limits::ROOM_CHARACTERS).contains(&length) {
            return refuse(format!(
                "The room's name has {length} characters; choose 1 to {}.",
                limits::ROOM_CHARACTERS
            ));
        }
        let allowed = |c: char| c.is_alphanumeric() || is_combining_mark(c) || "-_.".contains(c);
        if let Some(bad) = name.chars().find(|character| !allowed(*character)) {
            return refuse(format!(
                "The room's name holds {bad:?}; choose letters, digits, '-', '_' and '.'."
            ));
        }
        match unfit(&name) {
            Some(Unfit::Unseen(bad)) => {
                return refuse(format!(
                    "The room's name holds {bad:?}, which cannot be seen; leave it out."
                ));
            }
            Some(Unfit::Marks) if name.starts_with(char::is_alphanumeric) => {
                let words = "The room's name has more marks on one letter than can be read.";
                return refuse(words.to_owned());
            }
            Some(Unfit::Marks) | None => {}
        }
        if !name.starts_with(char::is_alphanumeric) {
            return refuse("The room's name must begin with a letter or a digit.".to_owned());
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_any_script_are_names() {
        for name in ["lobby", "Sala-2", "bogotá", "会議室", "чат_1", "v1.2", "हिन्दी"]
        {
            assert_eq!(RoomName::new(name).unwrap().as_str(), name);
        }
        let composed = RoomName::new("caf\u{e9}").unwrap();
        assert_eq!(RoomName::new("cafe\u{301}").unwrap(), composed);
        assert_ne!(RoomName::new("Lobby"), RoomName::new("lobby"));
    }

    #[test]
    fn what_is_no_name_is_told_why() {
        let long = "x".repeat(65);
        for (name, words) in [
            ("", "0 characters"),
            (long.as_str(), "65 characters"),
            ("a b", "holds ' '"),
            ("a/b", "holds '/'"),
            ("a\u{202e}b", "holds '\\u{202e}'"),
            ("\u{3164}", "cannot be seen"),
            ("a\u{115f}", "cannot be seen"),
            ("a\u{300}\u{300}", "more marks"),
            (".hidden", "begin with"),
            ("..", "begin with"),
            ("\u{301}x", "begin with"),
        ] {
            let mistake = RoomName::new(name).unwrap_err();
            assert!(mistake.words.contains(words), "{name:?}: {mistake}");
        }
    }

    proptest! {
        #[test]
        fn a_name_read_again_is_itself(written in "\\PC{0,80}") {
            if let Ok(name) = RoomName::new(&written) {
                prop_assert_eq!(RoomName::new(name.as_str()).unwrap(), name);
            }
        }
    }
}
