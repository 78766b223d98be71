//! A folder that is this user's alone, held open.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::way::{self, End};
use crate::{FILE_MODE, FOLDER_MODE, Refusal, beneath, own_user};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading; it must be there.
    Read,
    /// For reading, without noting the time where the system allows that; it must be there.
    ReadQuietly,
    /// For reading and writing; it must be there.
    Write,
    /// As [`Access::Write`], without noting the time of reading.
    WriteQuietly,
    /// For reading and writing; it must not be there, not even as a link.
    New,
    /// For reading and writing; made if it is missing.
    Make,
    /// For appending; made if it is missing.
    Append,
}

impl Access {
    pub(crate) const fn flags(self) -> OFlags {
        match self {
            Self::Read => OFlags::RDONLY,
            Self::ReadQuietly => OFlags::RDONLY.union(OFlags::NOATIME),
            Self::Write => OFlags::RDWR,
            Self::WriteQuietly => OFlags::RDWR.union(OFlags::NOATIME),
            Self::New => OFlags::RDWR.union(OFlags::CREATE).union(OFlags::EXCL),
            Self::Make => OFlags::RDWR.union(OFlags::CREATE),
            Self::Append => OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::APPEND),
        }
    }
}

/// What a folder lists.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// Whether it is a folder; None where the file system does not list that.
    pub is_folder: Option<bool>,
}

/// A folder that is this user's alone, held open. Paths are relative to it; no link in them is
/// followed and none leads out of it.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    /// For messages.
    path: PathBuf,
}

impl Folder {
    /// Opens a folder, made with those above it if it is missing, and closes it to other users.
    ///
    /// A symbolic link in its place is followed if this user or root made it.
    ///
    /// # Errors
    /// [`Refusal`] if it belongs to another user, or if others may write to it and it is not
    /// empty; what the system says.
    pub fn make(path: &Path) -> io::Result<Self> {
        let path = plain(path);
        make_way(&path)?;
        Self::open(&path)
    }

    /// As [`Folder::make`], of a folder that must be there.
    ///
    /// # Errors
    /// Those of [`Folder::make`].
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = plain(path);
        Self { fd: way::folder(&path)?, path }.closed_to_others()
    }

    /// The folder in which a path names something, as it is, and the name there. Links on the way are
    /// followed if this user or root made them.
    ///
    /// # Errors
    /// [`Refusal::ForeignLink`]; what the system says.
    pub fn of(path: &Path) -> io::Result<(Self, OsString)> {
        let End { folder, name, .. } = way::to(path, false)?;
        let parent = path.parent().unwrap_or(path).to_owned();
        Ok((Self { fd: folder, path: parent }, name))
    }

    /// A folder directly in this one, made if it is missing. A link in its place is refused.
    ///
    /// # Errors
    /// Those of [`Folder::make`].
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        let made = rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(FOLDER_MODE));
        if let Err(error) = made
            && error != Errno::EXIST
        {
            return Err(error.into());
        }
        let path = self.path.join(name);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let fd = beneath::open(self.fd.as_fd(), Path::new(name), flags, Mode::empty());
        let fd = fd.map_err(|error| refused_link(error, &path))?;
        Self { fd, path }.closed_to_others()
    }

    /// Opens a folder below this one as it is, without a look at owner and mode.
    ///
    /// # Errors
    /// [`Refusal::Link`]; what the system says.
    pub fn below(&self, path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let fd = beneath::open(self.fd.as_fd(), path, flags, Mode::empty());
        let path = self.path.join(path);
        Ok(Self { fd: fd.map_err(|error| refused_link(error, &path))?, path })
    }

    /// Makes the folders of a relative path that are missing.
    ///
    /// # Errors
    /// What the system says.
    pub fn make_all(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let mut ancestors: Vec<&Path> = path.ancestors().collect();
        ancestors.retain(|ancestor| !ancestor.as_os_str().is_empty());
        for folder in ancestors.into_iter().rev() {
            let (parent, name) = self.parent_of(folder)?;
            let parent = parent.as_ref().map_or(self.fd.as_fd(), AsFd::as_fd);
            match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(FOLDER_MODE)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Opens a file; a new one has mode 0600.
    ///
    /// # Errors
    /// [`Refusal::Link`]; what the system says.
    pub fn file(&self, path: impl AsRef<Path>, access: Access) -> io::Result<File> {
        let path = path.as_ref();
        let mode = Mode::from_raw_mode(FILE_MODE);
        match beneath::open(self.fd.as_fd(), path, access.flags(), mode) {
            Ok(fd) => Ok(fd.into()),
            Err(error) => Err(refused_link(error, &self.path.join(path))),
        }
    }

    /// Puts a text in the place of a file, as a whole or not at all. One caller at a time: what is
    /// written first is `NAME.new`.
    ///
    /// # Errors
    /// What the system says; what was there stays.
    pub fn replace(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let draft = format!("{name}.new");
        // One that a crash left, or a link to somewhere else.
        match self.remove(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = self.file(&draft, Access::New).and_then(|mut file| {
            file.write_all(text)?;
            self.rename(&draft, self, name)
        });
        if written.is_err() {
            let _: io::Result<()> = self.remove(&draft);
        }
        written
    }

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let (parent, name) = self.parent_of(path.as_ref())?;
        let parent = parent.as_ref().map_or(self.fd.as_fd(), AsFd::as_fd);
        Ok(rustix::fs::unlinkat(parent, name, AtFlags::empty())?)
    }

    /// Moves a file into another folder, or gives it another name.
    ///
    /// # Errors
    /// What the system says.
    pub fn rename(
        &self,
        from: impl AsRef<Path>,
        folder: &Folder,
        to: impl AsRef<Path>,
    ) -> io::Result<()> {
        let (from_parent, from) = self.parent_of(from.as_ref())?;
        let (to_parent, to) = folder.parent_of(to.as_ref())?;
        let from_parent = from_parent.as_ref().map_or(self.fd.as_fd(), AsFd::as_fd);
        let to_parent = to_parent.as_ref().map_or(folder.fd.as_fd(), AsFd::as_fd);
        Ok(rustix::fs::renameat(from_parent, from, to_parent, to)?)
    }

    /// What is there under a path; a link is itself.
    ///
    /// # Errors
    /// What the system says.
    pub fn about(&self, path: impl AsRef<Path>) -> io::Result<Stat> {
        let (parent, name) = self.parent_of(path.as_ref())?;
        let parent = parent.as_ref().map_or(self.fd.as_fd(), AsFd::as_fd);
        Ok(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// What is in it, in no order.
    ///
    /// # Errors
    /// What the system says.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = entry.file_type();
            let is_folder = (kind != FileType::Unknown).then_some(kind == FileType::Directory);
            entries.push(Entry { name: OsString::from_vec(name.to_vec()), is_folder });
        }
        Ok(entries)
    }

    /// Waits until the names in it are on the medium.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.fd)?)
    }

    /// Device and inode: a copy has others.
    ///
    /// # Errors
    /// What the system says.
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        let about = rustix::fs::fstat(&self.fd)?;
        Ok((about.st_dev, about.st_ino))
    }

    /// As it was named, for messages and for other processes.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its open parent if that is not this folder, and its name there.
    fn parent_of<'p>(&self, path: &'p Path) -> io::Result<(Option<OwnedFd>, &'p Path)> {
        let name = path.file_name().map(Path::new).ok_or(io::ErrorKind::InvalidInput)?;
        match path.parent() {
            None => Err(io::ErrorKind::InvalidInput.into()),
            Some(parent) if parent.as_os_str().is_empty() => Ok((None, name)),
            Some(parent) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY;
                let fd = beneath::open(self.fd.as_fd(), parent, flags, Mode::empty());
                Ok((Some(fd.map_err(|error| refused_link(error, &self.path.join(parent)))?), name))
            }
        }
    }

    /// Refuses a folder of another user and one that others have written to; keeps others out.
    fn closed_to_others(self) -> io::Result<Self> {
        let about = rustix::fs::fstat(&self.fd)?;
        let (mode, own) = (about.st_mode & 0o7777, own_user());
        let path = || self.path.clone();
        if about.st_uid != own {
            return Err(Refusal::Owner { path: path(), owner: about.st_uid, own }.into());
        }
        if mode & 0o077 == 0 {
            return Ok(self);
        }
        let writable = mode & 0o022 != 0;
        if writable && !self.entries()?.is_empty() {
            return Err(Refusal::Writable { path: path(), mode }.into());
        }
        rustix::fs::fchmod(&self.fd, Mode::from_raw_mode(FOLDER_MODE))?;
        let now = rustix::fs::fstat(&self.fd)?.st_mode & 0o7777;
        if now & 0o077 != 0 {
            return Err(Refusal::Open { path: path(), mode: now }.into());
        }
        // Somebody may have put something there before it was closed.
        if writable && !self.entries()?.is_empty() {
            return Err(Refusal::Writable { path: path(), mode }.into());
        }
        Ok(self)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Without what would have a link at its end followed.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}

/// Makes a folder and those above it, where they are missing.
fn make_way(path: &Path) -> io::Result<()> {
    match way::folder(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Whatever is there; the caller opens it.
        other => return other.map(drop),
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_way(parent)?;
    }
    let End { folder, name, .. } = way::to(path, true)?;
    match rustix::fs::mkdirat(&folder, &name, Mode::from_raw_mode(FOLDER_MODE)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What the system said; a link in words of our own.
pub(crate) fn refused_link(error: Errno, path: &Path) -> io::Error {
    match error {
        Errno::LOOP => Refusal::Link { path: path.to_owned() }.into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
