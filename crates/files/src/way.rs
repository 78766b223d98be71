//! The way to what a whole path names: an operator wrote the path, and others may own folders on it.
//!
//! The path is gone along part by part, each opened in the one before, so nothing can be exchanged between
//! a look and its use. A symbolic link on the way is followed if this user or root made it and no other
//! user could have moved it to its place: whoever made or moved it would choose what is written to. That is
//! what systemd calls a safe path (`CHASE_SAFE`).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, fstatfs, openat, readlinkat};
use rustix::io::Errno;

use crate::{Refusal, own_group, own_user};

/// Links on one way; the kernel's own limit (path_resolution(7)).
const LINKS: usize = 40;

/// What `fstatfs` tells of `/proc`, whose links are open files rather than paths.
const PROC: i64 = 0x9fa0;

const PLACE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// Where a way ends: the folder, held open, and the name in it.
pub(crate) struct End {
    pub(crate) folder: OwnedFd,
    pub(crate) name: OsString,
    /// The name is a link to an open file, as `/proc/self/fd/1`: the kernel alone can follow it.
    pub(crate) is_open_file: bool,
}

/// Goes to the last part of a path, which need not be there. A link in its place is followed with
/// `follow`, and left to the caller otherwise.
pub(crate) fn to(path: &Path, follow: bool) -> io::Result<End> {
    let mut rest: VecDeque<OsString> = parts(path);
    let mut folder = openat(CWD, ".", PLACE | OFlags::DIRECTORY, Mode::empty())?;
    // The folders so far from where the way or the last link's target begins.
    let mut is_fixed = keeps_links(&fstat(&folder)?);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        let is_last = rest.is_empty();
        let end = |folder, name| End { folder, name, is_open_file: false };
        if is_last && !follow && !is_step(&name) {
            return Ok(end(folder, name));
        }
        let opened = match openat(&folder, &name, PLACE | OFlags::NOFOLLOW, Mode::empty()) {
            Err(Errno::NOENT) if is_last => return Ok(end(folder, name)),
            opened => opened?,
        };
        let about = fstat(&opened)?;
        let kind = FileType::from_raw_mode(about.st_mode);
        if !kind.is_symlink() {
            if is_last && !is_step(&name) {
                return Ok(end(folder, name));
            }
            is_fixed = keeps_links(&about) && (is_fixed || name == "/");
            folder = opened;
            continue;
        }
        if about.st_uid != own_user() && about.st_uid != 0 {
            return Err(Refusal::ForeignLink { path: path.to_owned(), link: name.into() }.into());
        }
        if !is_fixed {
            return Err(Refusal::MovableLink { path: path.to_owned(), link: name.into() }.into());
        }
        links += 1;
        if links > LINKS {
            return Err(Errno::LOOP.into());
        }
        if is_proc(&opened) && leads_nowhere(&opened)? {
            if is_last {
                return Ok(End { folder, name, is_open_file: true });
            }
            folder = openat(&folder, &name, PLACE | OFlags::DIRECTORY, Mode::empty())?;
            is_fixed = keeps_links(&fstat(&folder)?);
            continue;
        }
        for part in parts(&target(&opened)?).into_iter().rev() {
            rest.push_front(part);
        }
    }
    // A path that ends in `/`, `.` or `..`: the folder itself.
    Ok(End { folder, name: ".".into(), is_open_file: false })
}

/// Whether a link of this user or root in a folder, or a folder above one, is where one of these two put
/// it. In a folder that others own or may write to they can move it there, but not where the sticky bit is
/// set, as in `/tmp` (rename(2)).
fn keeps_links(about: &Stat) -> bool {
    const GROUP: u32 = 0o020;
    const ALL: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let is_trusted_group = about.st_gid == 0 || about.st_gid == own_group();
    let others = if is_trusted_group { ALL } else { ALL | GROUP };
    let is_ours = about.st_uid == own_user() || about.st_uid == 0;
    is_ours && (about.st_mode & others == 0 || about.st_mode & STICKY != 0)
}

/// Opens the folder that a path names, following links as [`to`] does.
pub(crate) fn folder(path: &Path) -> io::Result<OwnedFd> {
    let End { folder, name, is_open_file } = to(path, true)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let flags = if is_open_file { flags } else { flags | OFlags::NOFOLLOW };
    Ok(openat(&folder, &name, flags, Mode::empty())?)
}

/// The parts of a path, in their order; `/` is one.
fn parts(path: &Path) -> VecDeque<OsString> {
    path.components().map(|part| part.as_os_str().to_owned()).collect()
}

/// Whether a part is no name: a step to the top, up, or to where it is.
fn is_step(part: &OsStr) -> bool {
    let mut components = Path::new(part).components();
    !matches!(components.next(), Some(Component::Normal(_)))
}

fn target(link: &OwnedFd) -> io::Result<PathBuf> {
    Ok(OsString::from_vec(readlinkat(link.as_fd(), "", Vec::new())?.into_bytes()).into())
}

fn is_proc(link: &OwnedFd) -> bool {
    fstatfs(link).is_ok_and(|about| about.f_type == PROC)
}

/// Whether a link of `/proc` is to an open file: then its text need not be a path. `self` and the like
/// are ordinary links.
fn leads_nowhere(link: &OwnedFd) -> io::Result<bool> {
    let target = target(link)?;
    let text = target.as_os_str().as_bytes();
    Ok(text.starts_with(b"/") || text.contains(&b':'))
}
