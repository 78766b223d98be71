//! Opening what lies below a folder, and never outside it.
//!
//! The kernel itself refuses links and the way up (`openat2` with `RESOLVE_BENEATH` and
//! `RESOLVE_NO_SYMLINKS`, Linux 5.6), so there is no race between a check and the opening. Where
//! `openat2` is missing each folder on the way is opened in turn, with `O_NOFOLLOW`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

/// Of every opening: a FIFO or a device does not hold us up or become our terminal.
const ALWAYS: OFlags = OFlags::CLOEXEC.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// How often the kernel may ask for another try because something was renamed meanwhile.
const TRIES: usize = 8;

/// Opens `path` below `folder`. A symbolic link anywhere on the way is `ELOOP`.
pub(crate) fn open(
    folder: BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    static MISSING: AtomicBool = AtomicBool::new(false);
    // The kernel takes no more than it needs with a folder that is only a place (openat2(2)).
    let flags = flags | if flags.contains(OFlags::PATH) { OFlags::CLOEXEC } else { ALWAYS };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES {
        if MISSING.load(Ordering::Relaxed) {
            break;
        }
        // The mode must be empty where no file can be made (openat2(2)).
        let mode = if flags.contains(OFlags::CREATE) { mode } else { Mode::empty() };
        match openat2(folder, path, flags, mode, resolve) {
            Err(Errno::AGAIN) => {}
            // Before Linux 5.6. A sandbox may answer EPERM, which a file may too.
            Err(Errno::NOSYS) => MISSING.store(true, Ordering::Relaxed),
            Err(Errno::PERM) => break,
            result => return result,
        }
    }
    walk(folder, path, flags, mode)
}

/// Opens each folder on the way in turn.
fn walk(folder: BorrowedFd<'_>, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    const WAY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    let mut held: Option<OwnedFd> = None;
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let name = match part {
            Component::Normal(name) => name,
            Component::CurDir => continue,
            _ => return Err(Errno::XDEV),
        };
        let parent = held.as_ref().map_or(folder, AsFd::as_fd);
        let last = parts.peek().is_none();
        let flags = if last { flags } else { WAY } | OFlags::NOFOLLOW;
        let opened = openat(parent, name, flags, mode);
        // A link on the way is ENOTDIR to the kernel, and ELOOP to `openat2`.
        let opened = opened.map_err(|error| match error {
            Errno::NOTDIR if is_link(parent, name) => Errno::LOOP,
            other => other,
        });
        held = Some(opened?);
    }
    held.map_or_else(|| openat(folder, ".", flags, mode), Ok)
}

/// Whether a name in a folder is a symbolic link.
pub(crate) fn is_link(folder: BorrowedFd<'_>, name: impl rustix::path::Arg) -> bool {
    rustix::fs::statat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|about| rustix::fs::FileType::from_raw_mode(about.st_mode).is_symlink())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_and_ways_out_are_refused_by_kernel_and_by_hand() {
        let outside = tempfile::tempdir().unwrap();
        let inside = outside.path().join("inside");
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::write(inside.join("a/b/file"), "x").unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        symlink("a/b/file", inside.join("link")).unwrap();
        symlink("a", inside.join("folder")).unwrap();
        symlink(outside.path().join("secret"), inside.join("out")).unwrap();
        let folder = fs::File::open(&inside).unwrap();
        for way in [open, walk] {
            let at = |path: &str, flags| {
                way(folder.as_fd(), Path::new(path), flags, Mode::from_raw_mode(0o600)).map(drop)
            };
            assert_eq!(at("a/b/file", OFlags::RDONLY), Ok(()));
            assert_eq!(at("link", OFlags::RDONLY), Err(Errno::LOOP));
            assert_eq!(at("folder/b/file", OFlags::RDONLY), Err(Errno::LOOP));
            assert_eq!(at("folder", OFlags::RDONLY | OFlags::DIRECTORY), Err(Errno::LOOP));
            assert_eq!(at("out", OFlags::WRONLY | OFlags::CREATE), Err(Errno::LOOP));
            assert_eq!(at("../secret", OFlags::RDONLY), Err(Errno::XDEV));
            assert_eq!(at("/etc/passwd", OFlags::RDONLY), Err(Errno::XDEV));
            assert_eq!(at("none/file", OFlags::RDONLY), Err(Errno::NOENT));
            assert_eq!(at("a/b/new", OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL), Ok(()));
            fs::remove_file(inside.join("a/b/new")).unwrap();
        }
    }
}
