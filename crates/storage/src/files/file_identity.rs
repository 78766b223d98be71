//! One file as the system knows it, so that another at the same path is noticed.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::str::FromStr;
use std::time::UNIX_EPOCH;

/// A file by its device, its inode and the time it was made. A copy has another inode; a file
/// that got the inode of a removed one has another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
    /// Nanoseconds since 1970; 0 where the file system does not keep it.
    born: u64,
}

impl FileIdentity {
    /// The file at this path; None when there is none.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(Self::from_metadata(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn from_metadata(metadata: &fs::Metadata) -> Self {
        let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let born = born.and_then(|time| u64::try_from(time.as_nanos()).ok()).unwrap_or_default();
        Self { device: metadata.dev(), inode: metadata.ino(), born }
    }

    /// Whether both are the same file, though the machine may have started again in between:
    /// numbers of devices change then, so they count only where no time of birth is known.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        let same_birth = match (self.born, other.born) {
            (0, _) | (_, 0) => self.device == other.device,
            (ours, theirs) => ours == theirs,
        };
        self.inode == other.inode && same_birth
    }

    /// The inode and the time it was made, for a text that is compared later.
    pub(crate) fn inode_and_birth(&self) -> (u64, u64) {
        (self.inode, self.born)
    }
}

impl fmt::Display for FileIdentity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.inode, self.born, self.device)
    }
}

/// What tells whether somebody wrote a file since it was last looked at (stat(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Sight {
    /// Of the file at this path; None when it cannot be seen.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        let modified = (about.mtime(), about.mtime_nsec());
        let changed = (about.ctime(), about.ctime_nsec());
        Some(Self { bytes: about.len(), modified, changed })
    }
}

/// What [`fmt::Display`] writes cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAnIdentity;

impl FromStr for FileIdentity {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, NotAnIdentity> {
        let mut numbers =
            text.split(' ').map(|word| word.parse::<u64>().map_err(|_| NotAnIdentity));
        let mut next = || numbers.next().unwrap_or(Err(NotAnIdentity));
        let (inode, born, device) = (next()?, next()?, next()?);
        if numbers.next().is_some() {
            return Err(NotAnIdentity);
        }
        Ok(Self { device, inode, born })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_another_file_and_a_change_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (original, copy) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&original, "log").unwrap();
        fs::copy(&original, &copy).unwrap();
        let before = FileIdentity::of(&original).unwrap().unwrap();
        assert!(!FileIdentity::of(&copy).unwrap().unwrap().is_same_file(&before));
        fs::write(&original, "log, longer").unwrap();
        assert_eq!(FileIdentity::of(&original).unwrap(), Some(before));
        fs::rename(&copy, &original).unwrap();
        assert!(!FileIdentity::of(&original).unwrap().unwrap().is_same_file(&before));
        assert_eq!(FileIdentity::of(&copy).unwrap(), None);
    }

    #[test]
    fn the_device_counts_only_without_a_birth() {
        let file = |device, born| FileIdentity { device, inode: 7, born };
        assert!(file(1, 5).is_same_file(&file(2, 5)));
        assert!(!file(1, 5).is_same_file(&file(1, 6)));
        assert!(!file(1, 0).is_same_file(&file(2, 0)));
        assert!(file(1, 0).is_same_file(&file(1, 5)));
    }
}
