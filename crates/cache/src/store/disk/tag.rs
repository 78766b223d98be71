//! `CACHEDIR.TAG`: the mark by which a directory is known as a cache of ours. Without it nothing in a
//! directory is removed or overwritten, unless there is nothing.
//!
//! The first line is that of the Cache Directory Tagging Specification, so programs that make
//! backups leave the directory out. Many programs write that line; the last one is ours alone.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use tombolo_files::{Access, Folder};

const NAME: &str = "CACHEDIR.TAG";
/// What a crash may leave of writing it.
const DRAFT: &str = "CACHEDIR.TAG.new";
/// What a file system of its own has at its root.
const LOST_AND_FOUND: &str = "lost+found";
const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";
const WORDS: &str =
    "# The cache of a Tombolo gateway. It may be removed at any time, as a whole.\n";
const FORMAT: &str = "# tombolo-cache-format: ";
/// The format of what is below. Another number is another layout.
const VERSION: &str = "1";
/// Bytes of a tag that are read.
const BYTES_MAX: u64 = 1024;

/// Why a directory is not used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Foreign {
    /// It is not empty and has no tag of ours.
    #[error(
        "it is not empty and not a cache of Tombolo ({NAME} is missing or another \
         program's), so it is left alone: name a directory that is empty or does not exist yet; one \
         that an earlier version wrote can be removed"
    )]
    Unknown,
    /// Its tag names another format.
    #[error(
        "it was written by another version of Tombolo (format {0}, this one has {VERSION}), so it is \
         left alone: remove it, or name another directory"
    )]
    Version(String),
}

/// Finds out whether the directory is a cache of ours; an empty one becomes one.
///
/// # Errors
/// [`Foreign`]; what the system says.
pub(super) fn claim(root: &Folder) -> io::Result<()> {
    let mut text = String::new();
    match root.file(NAME, Access::Read) {
        Ok(file) => {
            // What is no text is not ours.
            let read = file.take(BYTES_MAX).read_to_string(&mut text);
            read.map(drop).or_else(|error| match error.kind() {
                io::ErrorKind::InvalidData => Ok(()),
                _ => Err(error),
            })?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !root.entries()?.iter().all(|entry| is_of_no_one(&entry.name)) {
                return Err(refused(Foreign::Unknown));
            }
            return root.replace(NAME, ours().as_bytes());
        }
        Err(error) => return Err(error),
    }
    judge(&text).map_err(refused)
}

/// Finds out whether a directory may become or is a cache of ours, without changing or making
/// anything. One that this user may not read is not judged.
///
/// # Errors
/// It would be left alone, and why.
pub fn examine(dir: &Path) -> io::Result<()> {
    let readable = |error: &io::Error| {
        !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
    };
    let names = match fs::read_dir(dir) {
        Err(error) if !readable(&error) => return Ok(()),
        names => names?.collect::<Result<Vec<_>, _>>()?,
    };
    if names.iter().any(|entry| entry.file_name() == NAME) {
        let text = match fs::read(dir.join(NAME)) {
            Err(error) if !readable(&error) => return Ok(()),
            text => text?,
        };
        return judge(&String::from_utf8_lossy(&text)).map_err(refused);
    }
    let is_empty = names.iter().all(|entry| is_of_no_one(&entry.file_name()));
    if is_empty { Ok(()) } else { Err(refused(Foreign::Unknown)) }
}

/// Whether a directory with nothing but this counts as empty.
fn is_of_no_one(name: &OsStr) -> bool {
    name == DRAFT || name == LOST_AND_FOUND
}

fn judge(text: &str) -> Result<(), Foreign> {
    let rest = text.strip_prefix(SIGNATURE).ok_or(Foreign::Unknown)?;
    let version = rest.lines().find_map(|line| line.strip_prefix(FORMAT));
    match version.ok_or(Foreign::Unknown)?.trim() {
        VERSION => Ok(()),
        other => Err(Foreign::Version(other.escape_default().take(32).collect())),
    }
}

fn ours() -> String {
    format!("{SIGNATURE}{WORDS}{FORMAT}{VERSION}\n")
}

fn refused(why: Foreign) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_tag_is_taken_for_it() {
        assert_eq!(judge(&ours()), Ok(()));
        for foreign in ["", "tombolo", SIGNATURE, "# tombolo-cache-format: 1\n"] {
            assert_eq!(judge(foreign), Err(Foreign::Unknown), "{foreign:?}");
        }
        let later = ours().replace("format: 1", "format: 2");
        assert_eq!(judge(&later), Err(Foreign::Version("2".to_owned())));
    }

    #[test]
    fn an_empty_directory_becomes_a_cache_and_any_other_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let (fresh, other) = (home.path().join("fresh"), home.path().join("other"));
        let folder = Folder::make(&fresh).unwrap();
        // A file system of its own, and a crash at the last start.
        fs::create_dir(fresh.join(LOST_AND_FOUND)).unwrap();
        fs::write(fresh.join(DRAFT), "Sig").unwrap();
        examine(&fresh).unwrap();
        claim(&folder).unwrap();
        examine(&fresh).unwrap();
        examine(&home.path().join("none")).unwrap();
        assert_eq!(fs::read_to_string(fresh.join(NAME)).unwrap(), ours());
        fs::write(fresh.join("file"), "").unwrap();
        claim(&folder).unwrap();
        let folder = Folder::make(&other).unwrap();
        for name in ["entries", "tmp", NAME] {
            fs::write(other.join(name), "precious").unwrap();
            let words = claim(&folder).unwrap_err().to_string();
            assert!(words.contains("left alone"), "{words}");
            assert_eq!(examine(&other).unwrap_err().to_string(), words);
        }
        assert_eq!(fs::read_dir(&other).unwrap().count(), 3);
        assert_eq!(fs::read_to_string(other.join(NAME)).unwrap(), "precious");
    }
}
