//! The folders that a file lay in when it was uploaded, as text: `photos/2026`. Nothing here opens
//! them; a client that writes them back is told no way out of where it writes.

use super::text::displayed;
use crate::limits;

/// Folders, outermost first, none of them empty, `.` or `..`; perhaps none at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder(String);

/// Why a text names no folders that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFolder {
    /// There is a `..` in it.
    #[error("a folder cannot be \"..\"")]
    Above,
    /// One lies in too many others.
    #[error("there are more than {} folders, one in the other", limits::FOLDERS)]
    Deep,
    /// One has a name that is too long.
    #[error("a folder's name has more than {} characters", limits::NAME_CHARS)]
    Long,
}

impl Folder {
    /// Reads folders with slashes or backslashes between them. Empty parts and `.` are left out, and
    /// what cannot be seen, as in names of files.
    pub(crate) fn read(text: &str) -> Result<Self, BadFolder> {
        let mut folders: Vec<String> = Vec::new();
        for part in text.split(['/', '\\']) {
            let shown = displayed(part, part.len());
            match shown.as_str() {
                "" | "." => {}
                ".." => return Err(BadFolder::Above),
                _ if shown.chars().count() > limits::NAME_CHARS => return Err(BadFolder::Long),
                _ if folders.len() >= limits::FOLDERS => return Err(BadFolder::Deep),
                _ => folders.push(shown),
            }
        }
        Ok(Self(folders.join("/")))
    }

    /// With slashes between them.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The same, given away.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folders_are_read_and_none_leads_upwards() {
        for (text, expected) in [
            ("photos/2026", Ok("photos/2026")),
            ("/photos//2026/./", Ok("photos/2026")),
            ("C:\\a\\b", Ok("C:/a/b")),
            ("", Ok("")),
            (" a\u{0}b / \u{202e} ", Ok("a b")),
            ("a/../b", Err(BadFolder::Above)),
            ("..", Err(BadFolder::Above)),
            (".\u{200b}.", Err(BadFolder::Above)),
        ] {
            let read = Folder::read(text);
            assert_eq!(read.as_ref().map(Folder::text), expected.as_ref().copied(), "{text:?}");
        }
        assert_eq!(Folder::read(&"a/".repeat(33)), Err(BadFolder::Deep));
        assert_eq!(Folder::read(&"é".repeat(256)), Err(BadFolder::Long));
    }

    proptest! {
        #[test]
        fn whatever_is_read_stays_below(text: String) {
            if let Ok(folder) = Folder::read(&text) {
                let parts = || folder.text().split('/').filter(|part| !part.is_empty());
                prop_assert!(parts().all(|part| part != "." && part != ".."));
                prop_assert!(!folder.text().starts_with('/') && !folder.text().ends_with('/'));
                prop_assert_eq!(Folder::read(folder.text()), Ok(folder.clone()));
            }
        }
    }
}
