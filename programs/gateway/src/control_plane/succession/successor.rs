//! Starts the program anew as the process that takes this one's place.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::inherited::{Name, entry};
use crate::data_plane::Door;

/// Which descriptors are which listeners.
pub(super) const SOCKETS: &str = "TOMBOLO_SOCKETS";
/// The descriptor on which it is told that the new process serves.
pub(super) const READY: &str = "TOMBOLO_READY";

/// The descriptor of a file in memory with what is known of servers.
pub(super) const STATE: &str = "TOMBOLO_STATE";

/// For the new process to serve. Names of servers may have to be looked up.
const PATIENCE: Duration = Duration::from_secs(60);
/// For a process that has closed its end of the pipe to end.
const ENDING: Duration = Duration::from_secs(5);

/// Why this process goes on.
#[derive(Debug, thiserror::Error)]
pub(in crate::control_plane) enum Failed {
    #[error("the program could not be started: {0}")]
    Start(#[source] io::Error),
    #[error("it ended before it served ({0}); what it said is above")]
    Ended(ExitStatus),
    #[error("it did not serve within {PATIENCE:?}, and was ended")]
    Late,
}

/// How this process was started.
pub(in crate::control_plane) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// Finds out; at the start, since a program that is replaced later has another name then.
    pub(in crate::control_plane) fn of_this_process() -> io::Result<Self> {
        let path = std::env::current_exe()?;
        Ok(Self { path, arguments: std::env::args_os().skip(1).collect() })
    }

    /// Starts it with these sockets and what is known of servers, and waits until it serves. Its
    /// process id then.
    ///
    /// # Errors
    /// It does not serve; nothing is left of it.
    pub(in crate::control_plane) async fn succeed<'s>(
        &self,
        doors: impl Iterator<Item = (Door, &'s TcpListener)>,
        admin: Option<&'s TcpListener>,
        state: Option<&str>,
    ) -> Result<u32, Failed> {
        let doors = doors.map(|(door, socket)| (Name::Door(door), socket));
        let named = doors.chain(admin.map(|socket| (Name::Admin, socket)));
        let (child, pipe) = self.start(named, state).map_err(Failed::Start)?;
        let mut child = child;
        let mut pipe = Receiver::from_owned_fd(pipe).map_err(Failed::Start)?;
        let mut word = [0; 6];
        match timeout(PATIENCE, pipe.read_exact(&mut word)).await {
            Ok(Ok(_)) => {
                let pid = child.id().unwrap_or_default();
                // It outlives us; dropping it would end it.
                std::mem::forget(child);
                Ok(pid)
            }
            Ok(Err(_)) => match timeout(ENDING, child.wait()).await {
                Ok(Ok(status)) => Err(Failed::Ended(status)),
                _ => Err(Failed::Late),
            },
            Err(_) => Err(Failed::Late),
        }
    }

    fn start<'s>(
        &self,
        named: impl Iterator<Item = (Name, &'s TcpListener)>,
        state: Option<&str>,
    ) -> io::Result<(Child, OwnedFd)> {
        let mut passed: Vec<OwnedFd> = Vec::new();
        let mut sockets: Vec<OsString> = Vec::new();
        for (name, socket) in named {
            let copy = inheritable(socket)?;
            sockets.push(entry(copy.as_raw_fd(), &name));
            passed.push(copy);
        }
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let writer = inheritable(&writer)?;
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .env(SOCKETS, sockets.join(std::ffi::OsStr::new(";")))
            .env(READY, writer.as_raw_fd().to_string())
            // The service manager's words for the first process of all; the watchdog's are for
            // whoever is the service.
            .env_remove("LISTEN_FDS")
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDNAMES")
            .env_remove("WATCHDOG_PID")
            .env_remove(STATE)
            // Until it serves: if this process ends meanwhile, or is told to, so does the new one.
            .kill_on_drop(true);
        let state = state.map(in_memory).transpose()?;
        if let Some(state) = &state {
            command.env(STATE, state.as_raw_fd().to_string());
        }
        let child = command.spawn()?;
        Ok((child, reader))
    }
}

/// A text as a file in memory that a program which is started keeps.
fn in_memory(text: &str) -> io::Result<OwnedFd> {
    let file = File::from(memfd_create("tombolo-state", MemfdFlags::empty())?);
    (&file).write_all(text.as_bytes())?;
    Ok(file.into())
}

/// A copy of a descriptor that a program which is started keeps.
fn inheritable(fd: &impl AsFd) -> io::Result<OwnedFd> {
    Ok(rustix::io::dup(fd)?)
}
