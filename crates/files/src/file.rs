//! Files that a path names: an operator chose the folder, which may be one that others use too.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::folder::judge_link;
use crate::{FILE_MODE, Refusal, own_user};

/// Opens a log for appending, with mode 0600 if it is made.
///
/// A file that is there keeps its owner and mode: who else reads a log is the operator's choice. A
/// symbolic link is followed if this user or root made it (`/dev/stdout` is one); a FIFO must be of
/// one of them too, since its other end reads what is written. Anything else but a character
/// device (`/dev/null`, a terminal) is refused. Does not wait for the reader of a FIFO.
///
/// # Errors
/// [`Refusal::Link`], [`Refusal::Owner`], [`Refusal::Kind`]; what the system says.
pub fn open_log(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    let file = open(path, &options, true)?;
    let about = file.metadata()?;
    let kind = about.file_type();
    if kind.is_fifo() && about.uid() != own_user() && about.uid() != 0 {
        let path = path.to_owned();
        return Err(Refusal::Owner { path, owner: about.uid(), own: own_user() }.into());
    }
    if kind.is_file() || kind.is_fifo() || kind.is_char_device() {
        return Ok(file);
    }
    Err(Refusal::Kind { path: path.to_owned(), kind: name_of(kind) }.into())
}

/// Opens a file of this user's own as `options` say, with mode 0600 if it is made. No link is
/// followed, and nothing but a regular file of this user is taken.
///
/// # Errors
/// [`Refusal`]; what the system says.
pub fn open_private(path: &Path, options: &OpenOptions) -> io::Result<File> {
    let file = open(path, options, false)?;
    judge_private(path, &file.metadata()?)?;
    Ok(file)
}

/// Refuses what is there if it is not a regular file of this user, without opening it: a process that
/// closes a file gives up all its record locks on it (fcntl(2)), on which SQLite depends.
///
/// # Errors
/// [`Refusal`]; what the system says.
pub fn check_private(path: &Path) -> io::Result<()> {
    let about = fs::symlink_metadata(path)?;
    if about.is_symlink() {
        return Err(Refusal::Link { path: path.to_owned() }.into());
    }
    judge_private(path, &about)
}

fn judge_private(path: &Path, about: &fs::Metadata) -> io::Result<()> {
    let (path, own) = (path.to_owned(), own_user());
    if !about.is_file() {
        return Err(Refusal::Kind { path, kind: name_of(about.file_type()) }.into());
    }
    if about.uid() != own {
        return Err(Refusal::Owner { path, owner: about.uid(), own }.into());
    }
    Ok(())
}

fn open(path: &Path, options: &OpenOptions, follow: bool) -> io::Result<File> {
    let open = |more: OFlags| {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY | more;
        let mut options = options.clone();
        options.mode(FILE_MODE).custom_flags(flags.bits().cast_signed()).open(path)
    };
    match open(OFlags::NOFOLLOW) {
        Err(_) if fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) => {
            if !follow {
                return Err(Refusal::Link { path: path.to_owned() }.into());
            }
            judge_link(path)?;
            open(OFlags::empty())
        }
        other => other,
    }
}

/// A kind of file in words.
fn name_of(kind: fs::FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_block_device() => "a disk",
        kind if kind.is_char_device() => "a device",
        _ => "of another kind",
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn reading() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true);
        options
    }

    #[test]
    fn a_new_log_is_private_and_one_that_is_there_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        open_log(&path).unwrap().write_all(b"one\n").unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        open_log(&path).unwrap().write_all(b"two\n").unwrap();
        assert_eq!(mode(), 0o644);
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn streams_are_logs_too_and_folders_and_links_of_others_are_not() {
        for path in ["/dev/null", "/dev/stdout"] {
            // Standard output may be closed where tests run.
            let opened = open_log(Path::new(path));
            let refused = opened.as_ref().err().and_then(Refusal::of);
            assert_eq!(refused, None, "{path}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(open_log(folder.path()).is_err());
        let (link, file) = (folder.path().join("link"), folder.path().join("file"));
        symlink(&file, &link).unwrap();
        open_log(&link).unwrap().write_all(b"x").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"x", "our own link is followed");
        if own_user() == 0 {
            std::os::unix::fs::lchown(&link, Some(65534), None).unwrap();
            let error = open_log(&link).unwrap_err();
            assert!(matches!(Refusal::of(&error), Some(Refusal::Link { .. })), "{error}");
        }
    }

    #[test]
    fn a_private_file_is_neither_a_link_nor_a_fifo() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "x").unwrap();
        open_private(&file, &reading()).unwrap();
        check_private(&file).unwrap();
        symlink(&file, &link).unwrap();
        let refused = |path: &Path| {
            let error = open_private(path, &reading()).unwrap_err();
            let unopened = check_private(path).unwrap_err();
            assert_eq!(Refusal::of(&error), Refusal::of(&unopened));
            Refusal::of(&error).unwrap().clone()
        };
        assert!(matches!(refused(&link), Refusal::Link { .. }));
        assert!(matches!(refused(folder.path()), Refusal::Kind { kind: "a folder", .. }));
        let fifo = folder.path().join("fifo");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, mode, 0).unwrap();
        assert!(matches!(refused(&fifo), Refusal::Kind { kind: "a FIFO", .. }));
    }
}
