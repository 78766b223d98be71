//! The file: one gateway's at a time, by a lock that ends with the process, and replaced as a whole.
//!
//! What is in its place and was not written by a gateway is left alone.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use tombolo_files::{Access, Folder, Refusal, open_private};

use super::record::{BEGINNING, BYTES_MAX};

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("another gateway that runs keeps its own there: give each a `state_file` of its own")]
    Taken,
    #[error(
        "what is there was not written by a gateway and is left alone: move it away, or name \
         another `state_file`"
    )]
    Foreign,
    #[error("{0}; `state_file` in [gateway] names another file")]
    Refused(io::Error),
    #[error(
        "{0}: its folder must be there and writable; `state_file` in [gateway] names another file, `false` keeps nothing"
    )]
    System(#[from] io::Error),
}

/// A path, and what we hold there.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// The file of that name as far as it is ours: its lock keeps others away.
    held: Option<File>,
}

impl StateFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), held: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was left there, at most one byte more than anybody takes; none: there is no file.
    ///
    /// # Errors
    /// It is not ours to read.
    pub(super) fn read(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        self.claim()?;
        let Some(file) = &mut self.held else { return Ok(None) };
        let mut text = Vec::new();
        file.take(BYTES_MAX as u64 + 1).read_to_end(&mut text)?;
        Ok(Some(text))
    }

    /// Finds out whether anything can be written there.
    ///
    /// # Errors
    /// Nothing can.
    pub(super) fn try_out(&self) -> Result<(), Trouble> {
        let place = Place::of(&self.path)?;
        place.begin_draft()?;
        Ok(place.folder.remove(&place.draft)?)
    }

    /// Puts a text in place of what is there.
    ///
    /// # Errors
    /// What is there stays as it is.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Trouble> {
        self.claim()?;
        let place = Place::of(&self.path)?;
        let mut draft = place.begin_draft()?;
        let written = draft.write_all(text.as_bytes()).and_then(|()| draft.sync_data());
        let placed = written.and_then(|()| {
            lock(&draft).map_err(|_| io::ErrorKind::WouldBlock)?;
            place.folder.rename(&place.draft, &place.folder, &place.name)
        });
        if let Err(error) = placed {
            // What cannot be written may be there in part.
            let _ = place.folder.remove(&place.draft);
            return Err(error.into());
        }
        self.held = Some(draft);
        Ok(())
    }

    /// Leaves it to others.
    pub(super) fn release(&mut self) {
        self.held = None;
    }

    /// Whether we hold anything there.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Takes hold of what is there.
    fn claim(&mut self) -> Result<(), Trouble> {
        let file = match open_private(&self.path, Access::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.held = None;
                return Ok(());
            }
            Err(error) if Refusal::of(&error).is_some() => return Err(Trouble::Refused(error)),
            Err(error) => return Err(error.into()),
        };
        let there = file.metadata()?;
        if let Some(held) = self.held.as_ref().and_then(|held| held.metadata().ok())
            && (held.dev(), held.ino()) == (there.dev(), there.ino())
        {
            return Ok(());
        }
        self.held = None;
        if !is_ours(&file)? {
            return Err(Trouble::Foreign);
        }
        lock(&file)?;
        self.held = Some(file);
        Ok(())
    }
}

/// The folder that the file is in, the file's name, and that of what is written first.
struct Place {
    folder: Folder,
    name: OsString,
    draft: OsString,
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let (folder, name) = Folder::of(path)?;
        let mut draft = name.clone();
        draft.push(".new");
        Ok(Self { folder, name, draft })
    }

    fn begin_draft(&self) -> io::Result<File> {
        // One that a crash left behind, or a link to somewhere else.
        match self.folder.remove(&self.draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.folder.file(&self.draft, Access::New)
    }
}

/// Whether a file is one of ours, be it whole, torn or empty.
fn is_ours(file: &File) -> io::Result<bool> {
    let mut beginning = [0; BEGINNING.len()];
    let count = file.read_at(&mut beginning, 0)?;
    Ok(beginning.get(..count) == BEGINNING.as_bytes().get(..count))
}

fn lock(file: &File) -> Result<(), Trouble> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Trouble::Taken),
        // A file system without locks: then nobody can be kept away.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn text(words: &str) -> String {
        format!("{BEGINNING}{words}")
    }

    #[test]
    fn what_is_written_is_read_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let mut first = StateFile::new(&path);
        assert_eq!(first.read().unwrap(), None);
        first.write(&text("a longer first one")).unwrap();
        first.write(&text("second")).unwrap();
        first.release();
        let mut next = StateFile::new(&path);
        assert_eq!(next.read().unwrap().unwrap(), text("second").into_bytes());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn one_gateway_at_a_time_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut one, mut two) = (StateFile::new(&path), StateFile::new(&path));
        one.write(&text("one")).unwrap();
        assert!(matches!(two.read(), Err(Trouble::Taken)));
        assert!(matches!(two.write(&text("two")), Err(Trouble::Taken)));
        one.write(&text("one again")).unwrap();
        drop(one);
        two.write(&text("two")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text("two"));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let mut file = StateFile::new(&path);
        fs::write(&path, "{\"precious\": true}").unwrap();
        assert!(matches!(file.read(), Err(Trouble::Foreign)));
        assert!(matches!(file.write(&text("")), Err(Trouble::Foreign)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"precious\": true}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(file.write(&text("")), Err(Trouble::Refused(_))));
        fs::remove_dir(&path).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(fifo.success());
        assert!(matches!(file.read(), Err(Trouble::Refused(_))), "a pipe is not waited for");
        fs::remove_file(&path).unwrap();
        fs::write(folder.path().join("other"), text("")).unwrap();
        std::os::unix::fs::symlink("other", &path).unwrap();
        assert!(matches!(file.read(), Err(Trouble::Refused(_))), "a link is not followed");
    }

    #[test]
    fn a_torn_or_empty_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for torn in ["", "{", "{\"format\":\"tombolo-ga", BEGINNING] {
            fs::write(&path, torn).unwrap();
            let mut file = StateFile::new(&path);
            assert_eq!(file.read().unwrap().unwrap(), torn.as_bytes());
            file.write(&text("whole")).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text("whole"));
        }
    }

    #[test]
    fn no_more_is_read_than_anybody_takes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(&path, text(&" ".repeat(BYTES_MAX * 2))).unwrap();
        assert_eq!(StateFile::new(&path).read().unwrap().unwrap().len(), BYTES_MAX + 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = StateFile::new(&folder.path().join("none/state.json"));
        assert_eq!(file.read().unwrap(), None);
        let words = file.try_out().unwrap_err().to_string();
        assert!(words.contains("its folder must be there and writable"), "{words}");
        assert!(file.write(&text("")).is_err());
    }

    /// A link in the draft's place leads nowhere.
    #[test]
    fn a_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("state.json"), folder.path().join("other"));
        fs::write(&other, "precious").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join("state.json.new")).unwrap();
        StateFile::new(&path).write(&text("")).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
    }
}
