//! Listening sockets that were given to this process: by the one whose place it takes, or by a
//! service manager.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

use super::successor::{READY, SOCKETS, STATE};
use crate::control_plane::memory::BYTES_MAX;
use crate::data_plane::Door;

/// The name by which a service manager marks the socket of the admin API.
const ADMIN: &str = "admin";

/// Sockets, until somebody takes them.
#[derive(Default)]
pub(in crate::control_plane) struct Inherited {
    /// By the listeners that they were before.
    doors: Vec<(Door, TcpListener)>,
    /// Known by their addresses alone.
    others: Vec<(SocketAddr, TcpListener)>,
    admin: Option<TcpListener>,
    /// What is known of servers.
    state: Option<File>,
    /// Where it is told that this process serves.
    ready: Option<File>,
}

impl Inherited {
    /// Takes what the environment names. Call it once, before anything opens a file.
    pub(in crate::control_plane) fn take() -> Self {
        let mut inherited = Self::default();
        let variable = |name| std::env::var_os(name).and_then(|text| text.into_string().ok());
        for (fd, name) in variable(SOCKETS).iter().flat_map(|text| entries(text)) {
            let Some(socket) = adopt_socket(fd) else { continue };
            match name {
                Name::Admin => inherited.admin = Some(socket),
                Name::Door(door) => inherited.doors.push((door, socket)),
            }
        }
        let file = |name| variable(name).and_then(|fd| adopt(fd.parse().ok()?)).map(File::from);
        (inherited.ready, inherited.state) = (file(READY), file(STATE));
        for (fd, name) in sd_notify::listen_fds_with_names().into_iter().flatten() {
            let Some(socket) = adopt_socket(fd) else { continue };
            match socket.local_addr() {
                Ok(_) if name == ADMIN => inherited.admin = Some(socket),
                Ok(address) => inherited.others.push((address, socket)),
                Err(error) => {
                    tracing::warn!(%error, fd, "a socket that was passed on (LISTEN_FDS) cannot be used")
                }
            }
        }
        inherited
    }

    /// The sockets of a listener.
    pub(in crate::control_plane) fn of(&mut self, door: Door) -> Vec<TcpListener> {
        let (ours, rest) =
            std::mem::take(&mut self.doors).into_iter().partition(|(known, _)| *known == door);
        self.doors = rest;
        let (same, rest) =
            std::mem::take(&mut self.others).into_iter().partition(|(at, _)| *at == door.asked);
        self.others = rest;
        let (ours, same): (Vec<(Door, _)>, Vec<(SocketAddr, _)>) = (ours, same);
        ours.into_iter().map(|(_, it)| it).chain(same.into_iter().map(|(_, it)| it)).collect()
    }

    /// The socket of the admin API, if it is at the address that is asked for.
    pub(in crate::control_plane) fn admin(&mut self, asked: SocketAddr) -> Option<TcpListener> {
        let socket = self.admin.take()?;
        let at = socket.local_addr().ok()?;
        (at.ip() == asked.ip() && (asked.port() == 0 || asked.port() == at.port()))
            .then_some(socket)
    }

    /// What the process before knew of servers; none: nobody was before.
    pub(in crate::control_plane) fn state(&mut self) -> Option<Vec<u8>> {
        let (mut file, mut text) = (self.state.take()?, Vec::new());
        // It stands where it was written last.
        file.rewind().ok()?;
        file.take(BYTES_MAX as u64 + 1).read_to_end(&mut text).ok()?;
        Some(text)
    }

    /// Says that this process serves. Sockets that nobody took are closed.
    pub(in crate::control_plane) fn ready(self) {
        for (address, _) in &self.others {
            tracing::warn!(%address, "a socket was passed on (LISTEN_FDS) that the configuration does not listen on; it is closed");
        }
        if let Some(mut ready) = self.ready
            && let Err(error) = ready.write_all(b"ready\n")
        {
            tracing::warn!(%error, "the process before this one could not be told that this one serves");
        }
    }
}

/// What a socket was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    Admin,
    Door(Door),
}

/// Reads `FD=ADDRESS#TURN` and `FD=admin`, with `;` between them. What is nothing is left out.
fn entries(text: &str) -> Vec<(RawFd, Name)> {
    let entry = |entry: &str| {
        let (fd, name) = entry.split_once('=')?;
        let name = match name {
            ADMIN => Name::Admin,
            door => {
                let (asked, turn) = door.rsplit_once('#')?;
                Name::Door(Door { asked: asked.parse().ok()?, turn: turn.parse().ok()? })
            }
        };
        Some((fd.parse().ok()?, name))
    };
    text.split(';').filter_map(entry).collect()
}

/// Writes what [`entries`] reads.
pub(super) fn entry(fd: RawFd, name: &Name) -> OsString {
    match name {
        Name::Admin => format!("{fd}={ADMIN}").into(),
        Name::Door(Door { asked, turn }) => format!("{fd}={asked}#{turn}").into(),
    }
}

/// A descriptor that holds a socket.
fn adopt_socket(fd: RawFd) -> Option<TcpListener> {
    let link = fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
    if !link.to_string_lossy().starts_with("socket:") {
        tracing::warn!(fd, "a descriptor that was passed on (LISTEN_FDS) is no socket");
        return None;
    }
    let socket = TcpListener::from(adopt(fd)?);
    socket.set_nonblocking(true).ok()?;
    Some(socket)
}

/// Makes an inherited descriptor ours, and keeps it from our own children.
#[allow(unsafe_code)]
fn adopt(fd: RawFd) -> Option<OwnedFd> {
    if fd < 3 || fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_err() {
        return None;
    }
    // SAFETY: it is open, and it came from the process before, which says that it is for us. It is
    // adopted at the start, once, before this process has opened anything of its own beyond the
    // runtime's descriptors, which are never named in the environment.
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    fcntl_setfd(&owned, FdFlags::CLOEXEC).ok()?;
    Some(owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let door = |asked: &str, turn| Door { asked: asked.parse().unwrap(), turn };
        let names = [
            (5, Name::Door(door("127.0.0.1:0", 1))),
            (6, Name::Door(door("[::1]:80", 0))),
            (9, Name::Admin),
        ];
        let text: Vec<_> =
            names.iter().map(|(fd, name)| entry(*fd, name).into_string().unwrap()).collect();
        assert_eq!(entries(&text.join(";")), names);
        assert_eq!(entries("x=admin;7;8=nowhere#0;=;9=127.0.0.1:1#x"), []);
    }

    #[test]
    fn what_is_not_open_or_no_socket_is_not_adopted() {
        assert!(adopt(-1).is_none() && adopt(0).is_none() && adopt(1_000_000).is_none());
        let file = tempfile::tempfile().unwrap();
        assert!(adopt_socket(std::os::fd::AsRawFd::as_raw_fd(&file)).is_none());
    }
}
