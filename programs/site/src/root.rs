//! Opening files below a root folder, and never outside it.
//!
//! On Linux the kernel itself refuses to leave the root (`openat2` with `RESOLVE_BENEATH`), so no
//! race between a check and the opening can be won. Symbolic links that stay inside are followed.
//! Where `openat2` is missing, the path is walked by hand and no symbolic link is followed.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// The folder whose files are served.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
}

/// The root, open for the look-ups of one request.
#[derive(Debug)]
pub(crate) struct OpenRoot {
    folder: OwnedFd,
}

impl Root {
    /// Takes a folder, after trying that it can be opened.
    pub(crate) fn new(path: PathBuf) -> io::Result<Self> {
        let root = Self { path };
        root.open()?;
        Ok(root)
    }

    /// Opens the root. Done anew for each request, so that a root that is a symbolic link can be
    /// pointed at a new release while we run, and each request still sees one release only.
    pub(crate) fn open(&self) -> io::Result<OpenRoot> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.path, flags, Mode::empty())?;
        Ok(OpenRoot { folder })
    }

    /// The folder as it was given, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// How a file is opened: a FIFO or a device must not hold us up or become our terminal.
const FILE_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

impl OpenRoot {
    /// Opens what stands under a checked name, a file or a folder. None when there is nothing
    /// there that can be served, or when a symbolic link leads outside.
    ///
    /// # Errors
    /// `PermissionDenied` when it is there and may not be read; others when the system fails.
    pub(crate) fn open(&self, name: &[u8]) -> io::Result<Option<File>> {
        match self.open_beneath(name) {
            Ok(file) => Ok(Some(File::from(file))),
            Err(
                Errno::NOENT
                | Errno::NOTDIR
                | Errno::XDEV
                | Errno::LOOP
                | Errno::NAMETOOLONG
                | Errno::NXIO
                | Errno::NODEV,
            ) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(target_os = "linux")]
    fn open_beneath(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        // EAGAIN: something was renamed meanwhile and the kernel could not be sure.
        for _ in 0..4 {
            match rustix::fs::openat2(&self.folder, name, FILE_FLAGS, Mode::empty(), resolve) {
                Err(Errno::AGAIN) => {}
                // Before Linux 5.6, and in sandboxes that know no better.
                Err(Errno::NOSYS | Errno::PERM) => break,
                result => return result,
            }
        }
        self.walk(name)
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        self.walk(name)
    }

    /// Opens each folder on the way in turn, refusing every symbolic link.
    fn walk(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        let mut folder: Option<OwnedFd> = None;
        let mut segments = name.split(|byte| *byte == b'/').peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            let flags = if last { FILE_FLAGS } else { FILE_FLAGS | OFlags::DIRECTORY };
            let parent = folder.as_ref().map_or(self.folder.as_fd(), AsFd::as_fd);
            let segment = OsStr::from_bytes(segment);
            folder =
                Some(rustix::fs::openat(parent, segment, flags | OFlags::NOFOLLOW, Mode::empty())?);
        }
        folder.ok_or(Errno::NOENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    /// `site/` with files, and `secret` beside it.
    fn tree() -> (tempfile::TempDir, OpenRoot) {
        let outside = tempfile::tempdir().unwrap();
        let site = outside.path().join("site");
        fs::create_dir_all(site.join("a/b")).unwrap();
        fs::write(site.join("a/b/file"), "inside").unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        symlink("../secret", site.join("up")).unwrap();
        symlink(outside.path().join("secret"), site.join("absolute")).unwrap();
        symlink("..", site.join("parent")).unwrap();
        symlink("a/b/file", site.join("within")).unwrap();
        symlink("loop", site.join("loop")).unwrap();
        let root = Root::new(site).unwrap().open().unwrap();
        (outside, root)
    }

    fn read(file: Option<File>) -> Option<String> {
        let mut text = String::new();
        file?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn files_inside_open_and_links_out_do_not() {
        let (_keep, root) = tree();
        assert_eq!(read(root.open(b"a/b/file").unwrap()).as_deref(), Some("inside"));
        assert_eq!(read(root.open(b"within").unwrap()).as_deref(), Some("inside"));
        let refused: [&[u8]; 9] = [
            b"up",
            b"absolute",
            b"parent/secret",
            b"loop",
            b"none",
            b"a/b/file/x",
            b"../secret",
            b"a/../../secret",
            b"/etc/passwd",
        ];
        for name in refused {
            let name_text = String::from_utf8_lossy(name);
            assert!(root.open(name).unwrap().is_none(), "{name_text} was opened");
        }
        assert!(root.open(&[b'n'; 300]).unwrap().is_none(), "a name too long is just not there");
    }

    #[test]
    fn the_walk_by_hand_follows_no_link() {
        let (_keep, root) = tree();
        assert!(root.walk(b"a/b/file").is_ok());
        for name in ["up", "absolute", "parent/secret", "within", "loop", "none"] {
            assert!(root.walk(name.as_bytes()).is_err(), "{name} was opened");
        }
    }

    #[test]
    fn a_fifo_does_not_hold_up() {
        let (keep, root) = tree();
        let fifo = keep.path().join("site/fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o644),
            0,
        )
        .unwrap();
        let file = root.open(b"fifo").unwrap().unwrap();
        assert!(!file.metadata().unwrap().is_file());
    }

    #[test]
    fn a_root_that_is_no_folder_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Root::new(file.path().to_owned()).is_err());
        assert!(Root::new("/nonexistent/site".into()).is_err());
    }
}
