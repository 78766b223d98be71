//! Files that a path names: an operator chose the folder, which may be one that others use too.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;

use crate::way::{self, End};
use crate::{Access, FILE_MODE, Refusal, beneath, own_user};

/// Opens a log for appending, with mode 0600 if it is made.
///
/// A file that is there keeps its owner and mode: who else reads a log is the operator's choice. A
/// symbolic link is followed if this user or root made it (`/dev/stdout` is one) and nobody else could move
/// it; a FIFO must be of
/// one of them too, since its other end reads what is written. Anything else but a character
/// device (`/dev/null`, a terminal) is refused. Does not wait for the reader of a FIFO.
///
/// # Errors
/// [`Refusal::ForeignLink`], [`Refusal::MovableLink`], [`Refusal::Owner`], [`Refusal::Kind`]; what the system
/// says.
pub fn open_log(path: &Path) -> io::Result<File> {
    let file = open(&way::to(path, true)?, Access::Append.flags())?;
    let about = rustix::fs::fstat(&file)?;
    let kind = FileType::from_raw_mode(about.st_mode);
    if kind.is_fifo() && about.st_uid != own_user() && about.st_uid != 0 {
        let path = path.to_owned();
        return Err(Refusal::Owner { path, owner: about.st_uid, own: own_user() }.into());
    }
    if kind.is_file() || kind.is_fifo() || kind.is_char_device() {
        return Ok(file);
    }
    Err(Refusal::Kind { path: path.to_owned(), kind: name_of(kind) }.into())
}

/// Opens a file for reading that an operator names and others may own, as a secret that a service manager
/// hands out. Symbolic links are followed where [`open_log`] does, and a FIFO is waited for.
///
/// # Errors
/// [`Refusal::ForeignLink`], [`Refusal::MovableLink`]; what the system says.
pub fn open_readable(path: &Path) -> io::Result<File> {
    let End { folder, name, is_open_file } = way::to(path, true)?;
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    let flags = if is_open_file { flags } else { flags | OFlags::NOFOLLOW };
    Ok(openat(&folder, &name, flags, Mode::empty())?.into())
}

/// Opens a file of this user's own, with mode 0600 if it is made. A link in its place is not followed, on
/// the way to it only those of this user and root, and nothing but a regular file of this user is taken.
///
/// # Errors
/// [`Refusal`]; what the system says.
pub fn open_private(path: &Path, access: Access) -> io::Result<File> {
    let end = way::to(path, false)?;
    let file = open(&end, access.flags()).map_err(|error| match error {
        _ if beneath::is_link(end.folder.as_fd(), &end.name) && access != Access::New => {
            Refusal::Link { path: path.to_owned() }.into()
        }
        error => io::Error::from(error),
    })?;
    judge_private(path, &rustix::fs::fstat(&file)?)?;
    Ok(file)
}

/// Refuses what is there if it is not a regular file of this user, without opening it: a process that
/// closes a file gives up all its record locks on it (fcntl(2)), on which SQLite depends.
///
/// # Errors
/// [`Refusal`]; what the system says.
pub fn check_private(path: &Path) -> io::Result<()> {
    let end = way::to(path, false)?;
    let about = statat(&end.folder, &end.name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(about.st_mode).is_symlink() {
        return Err(Refusal::Link { path: path.to_owned() }.into());
    }
    judge_private(path, &about)
}

fn judge_private(path: &Path, about: &Stat) -> io::Result<()> {
    let (path, own) = (path.to_owned(), own_user());
    let kind = FileType::from_raw_mode(about.st_mode);
    if !kind.is_file() {
        return Err(Refusal::Kind { path, kind: name_of(kind) }.into());
    }
    if about.st_uid != own {
        return Err(Refusal::Owner { path, owner: about.st_uid, own }.into());
    }
    Ok(())
}

/// Opens what a way ends at.
fn open(end: &End, flags: OFlags) -> Result<File, Errno> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let flags = if end.is_open_file { flags - OFlags::CREATE } else { flags | OFlags::NOFOLLOW };
    let mode = Mode::from_raw_mode(FILE_MODE);
    Ok(openat(&end.folder, &end.name, flags, mode)?.into())
}

/// A kind of file in words.
fn name_of(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a folder",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::BlockDevice => "a disk",
        FileType::CharacterDevice => "a device",
        _ => "of another kind",
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

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
            assert!(matches!(Refusal::of(&error), Some(Refusal::ForeignLink { .. })), "{error}");
        }
    }

    #[test]
    fn a_private_file_is_neither_a_link_nor_a_fifo() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "x").unwrap();
        open_private(&file, Access::Read).unwrap();
        check_private(&file).unwrap();
        symlink(&file, &link).unwrap();
        let refused = |path: &Path| {
            let error = open_private(path, Access::Read).unwrap_err();
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

    /// Whoever may write to a folder on the way could point it at a file of ours.
    #[test]
    fn a_link_of_another_user_on_the_way_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(home.path()).unwrap();
        let victim = home.join("victim");
        fs::create_dir(&victim).unwrap();
        fs::write(victim.join("there"), "precious").unwrap();
        let (ours, deep) = (home.join("ours"), home.join("victim/../ours/../ours"));
        symlink("victim", &ours).unwrap();
        for way in [&ours, &deep] {
            open_log(&way.join("access.log")).unwrap().write_all(b"x").unwrap();
            open_private(&way.join("there"), Access::Read).unwrap();
            check_private(&way.join("there")).unwrap();
        }
        assert!(open_log(&home.join("none/access.log")).is_err());
        symlink("loop", home.join("loop")).unwrap();
        assert!(open_log(&home.join("loop/access.log")).is_err());
        if own_user() != 0 {
            return;
        }
        std::os::unix::fs::lchown(&ours, Some(65534), None).unwrap();
        let way = ours.join("new");
        let refusals = [
            open_log(&way).map(drop),
            open_private(&way, Access::New).map(drop),
            open_private(&ours.join("there"), Access::Read).map(drop),
            check_private(&ours.join("there")),
            crate::bind_stream(&way).map(drop),
            crate::bind_datagram(&way).map(drop),
            crate::Folder::make(&ours.join("a/b")).map(drop),
            crate::Folder::make(&ours).map(drop),
            crate::Folder::open(&ours).map(drop),
        ];
        for (place, refused) in refusals.into_iter().enumerate() {
            let error = refused.expect_err(&place.to_string());
            let told = Refusal::of(&error);
            assert!(matches!(told, Some(Refusal::ForeignLink { .. })), "{place}: {error}");
        }
        assert!(!victim.join("new").exists() && !victim.join("a").exists());
    }

    /// Who owns a folder can rename what root put into it: a link that root made for one place then leads
    /// somewhere from another.
    #[test]
    fn a_link_that_another_user_could_move_is_not_followed() {
        if own_user() != 0 {
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(home.path()).unwrap();
        let victim = home.join("victim");
        fs::create_dir_all(home.join("theirs/ours")).unwrap();
        fs::create_dir(&victim).unwrap();
        fs::write(victim.join("there"), "precious").unwrap();
        symlink(&victim, home.join("theirs/link")).unwrap();
        symlink(&victim, home.join("theirs/ours/link")).unwrap();
        symlink("theirs", home.join("way")).unwrap();
        let theirs = home.join("theirs");
        let set = |owner: u32, group: u32, mode: u32| {
            std::os::unix::fs::chown(&theirs, Some(owner), Some(group)).unwrap();
            fs::set_permissions(&theirs, Permissions::from_mode(mode)).unwrap();
        };
        let links = ["theirs/link", "theirs/ours/link", "way/link", "theirs/ours/../link"];
        // Of root alone; of a group that is root's; sticky, so that each renames only its own.
        for (owner, group, mode) in [(0, 0, 0o755), (0, 0, 0o775), (0, 65534, 0o1777)] {
            set(owner, group, mode);
            for link in links {
                open_readable(&home.join(link).join("there")).unwrap();
            }
        }
        for (owner, group, mode) in [(65534, 0, 0o755), (0, 0, 0o777), (0, 65534, 0o775)] {
            set(owner, group, mode);
            for link in links {
                let at = |name: &str| home.join(link).join(name);
                let refusals = [
                    open_log(&at("new")).map(drop),
                    open_private(&at("there"), Access::Read).map(drop),
                    open_readable(&at("there")).map(drop),
                    check_private(&at("there")),
                    crate::bind_stream(&at("new")).map(drop),
                    crate::Folder::make(&at("a/b")).map(drop),
                ];
                for refused in refusals {
                    let error = refused.expect_err(link);
                    let told = Refusal::of(&error);
                    assert!(matches!(told, Some(Refusal::MovableLink { .. })), "{link}: {error}");
                    assert!(error.to_string().contains("another user owns"), "{error}");
                }
            }
            // Without a link below it, such a folder is used as ever.
            open_readable(&theirs.join("ours/../../victim/there")).unwrap();
        }
        assert!(!victim.join("new").exists() && !victim.join("a").exists());
    }
}
