//! Unix sockets for this user alone.
//!
//! The mode is set before the socket has a name (on Linux `bind` gives the file the mode of the
//! socket), so there is no moment at which others may connect, and the process's mask stays as it
//! is.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;

use rustix::fs::{Mode, fchmod};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
};

use crate::{FILE_MODE, Refusal, way};

/// Connections that wait to be accepted; the system's own limit is lower by default.
const WAITING: i32 = 1024;

/// Listens at a path, in place of a socket that was left there. Anything else there is refused.
///
/// # Errors
/// [`Refusal::Kind`], [`Refusal::Link`]; what the system says.
pub fn bind_stream(path: &Path) -> io::Result<UnixListener> {
    remove_socket(path)?;
    let socket = bound(path, SocketType::STREAM)?;
    listen(&socket, WAITING)?;
    Ok(socket.into())
}

/// A datagram socket at a path that is free.
///
/// # Errors
/// What the system says.
pub fn bind_datagram(path: &Path) -> io::Result<UnixDatagram> {
    Ok(bound(path, SocketType::DGRAM)?.into())
}

fn bound(path: &Path, kind: SocketType) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, kind, flags, None)?;
    fchmod(&socket, Mode::from_raw_mode(FILE_MODE))?;
    // A socket has a path alone. What a link on its way would have made is an empty socket elsewhere.
    way::to(path, false)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// Only a socket is removed: whoever wrote the path of something else meant something else.
fn remove_socket(path: &Path) -> io::Result<()> {
    way::to(path, false)?;
    let kind = match fs::symlink_metadata(path) {
        Ok(about) => about.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let path = path.to_owned();
    match kind {
        kind if kind.is_socket() => fs::remove_file(path),
        kind if kind.is_symlink() => Err(Refusal::Link { path }.into()),
        _ => Err(Refusal::Kind { path, kind: "not a socket" }.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_is_private_and_replaces_one_that_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        drop(UnixListener::bind(&path).unwrap());
        let _listener = bind_stream(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        UnixStream::connect(&path).unwrap();
        let datagram = folder.path().join("datagram");
        let _socket = bind_datagram(&datagram).unwrap();
        assert_eq!(fs::metadata(&datagram).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn nothing_but_a_socket_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "precious").unwrap();
        symlink(&file, &link).unwrap();
        for path in [&file, &link] {
            assert!(Refusal::of(&bind_stream(path).unwrap_err()).is_some());
        }
        assert_eq!(fs::read(&file).unwrap(), b"precious");
        assert!(link.is_symlink());
    }
}
