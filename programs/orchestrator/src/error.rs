//! Why `tombolo up` did not do what was asked, in words that say what to do next.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tombolo_daemon::config::Mistakes;
use tombolo_daemon::exit::ExitCode;
use tombolo_files::Refusal;

use crate::listeners::Holder;

/// What went wrong. Each text ends with the next step where there is one.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The configuration has mistakes.
    Configuration(Mistakes),
    /// The data folder, or a file in it, could not be made or written.
    DataFolder {
        /// What could not be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another orchestrator works in the same data folder.
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// The process id of the other, if its file tells.
        holder: Option<u32>,
    },
    /// An address that was asked for cannot be listened on.
    Listen(Box<CannotListen>),
    /// A process failed before it ever served.
    StartFailed {
        /// As it is called in the output.
        name: String,
        /// How it ended.
        how: String,
    },
    /// The drain deadline passed; so many processes were killed.
    Overdue(usize),
    /// A second signal ended the drain; so many processes were killed.
    Forced(usize),
    /// The system refused something that every start needs.
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// An address that cannot be listened on, and what is known about the reason.
#[derive(Debug)]
pub struct CannotListen {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) source: io::Error,
    pub(crate) holder: Option<Holder>,
    /// An address near it that is free.
    pub(crate) free: Option<SocketAddr>,
    /// Where the address was chosen: only the gateway's can be given on the command line.
    pub(crate) by_flag: bool,
}

impl Error {
    /// The exit code that goes with it: 2 for what the user wrote, 1 for the rest.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Error::Configuration(_) => ExitCode::Usage,
            _ => ExitCode::Failure,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Configuration(mistakes) => mistakes.fmt(out),
            Error::DataFolder { source, .. } if Refusal::of(source).is_some() => {
                write!(out, "{source}\n  --data names the folder of 'tombolo up'")
            }
            Error::DataFolder { path, source } => write!(
                out,
                "cannot write {}: {source}\n  choose a folder that can be written with --data",
                path.display()
            ),
            Error::Locked { folder, holder } => locked(out, folder, *holder),
            Error::Listen(refusal) => refusal.fmt(out),
            Error::StartFailed { name, how } => {
                write!(out, "{name} could not be started: it {how}; what it printed is above")
            }
            Error::Overdue(killed) => write!(
                out,
                "the drain deadline passed and {killed} of the processes had to be killed\n  \
                 [gateway.timeouts] drain sets the deadline"
            ),
            Error::Forced(killed) => {
                write!(out, "ended at once by a second signal; {killed} processes were killed")
            }
            Error::System { doing, source } => write!(out, "{doing} failed: {source}"),
        }
    }
}

impl std::error::Error for Error {}

fn locked(
    out: &mut fmt::Formatter<'_>,
    folder: &std::path::Path,
    holder: Option<u32>,
) -> fmt::Result {
    let folder = folder.display();
    write!(out, "another 'tombolo up' uses {folder}")?;
    match holder {
        Some(pid) => write!(out, " (pid {pid})\n  end it with: kill {pid}")?,
        None => write!(out, "\n  end it")?,
    }
    write!(out, "\n  or give this one a folder of its own with --data, and addresses of its own")
}

impl fmt::Display for CannotListen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CannotListen { name, address, source, .. } = self;
        match source.kind() {
            io::ErrorKind::AddrInUse => self.in_use(out)?,
            io::ErrorKind::PermissionDenied => write!(
                out,
                "{name} may not listen on {address}: {source}\n  \
                 ports below {} are kept for privileged programs",
                first_free_port()
            )?,
            io::ErrorKind::AddrNotAvailable => write!(
                out,
                "{name} cannot listen on {address}: this machine has no address {}\n  \
                 'ip address' lists those it has; 0.0.0.0 stands for all of them",
                address.ip()
            )?,
            _ => write!(out, "{name} cannot listen on {address}: {source}")?,
        }
        match (self.free, self.by_flag) {
            (Some(free), true) => {
                write!(out, "\n  choose another address, such as: tombolo up --listen {free}")
            }
            (_, true) => write!(out, "\n  choose another address with --listen"),
            (_, false) => write!(out, "\n  choose another address in the configuration file"),
        }
    }
}

impl CannotListen {
    fn in_use(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CannotListen { name, address, .. } = self;
        write!(out, "{name} cannot listen on {address}: the address is in use")?;
        match &self.holder {
            Some(holder) => {
                let Holder { pid, name } = holder;
                write!(out, " by {name} (pid {pid})\n  end that process with: kill {pid}")
            }
            None => write!(out, "\n  'ss -ltnp' (as root) shows which process"),
        }
    }
}

/// The first port anybody may listen on.
fn first_free_port() -> u16 {
    let told = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    told.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(kind: io::ErrorKind, holder: Option<Holder>, by_flag: bool) -> String {
        let address = "127.0.0.1:8080".parse().unwrap();
        let free = "127.0.0.1:8081".parse().ok();
        let name = "the gateway".to_owned();
        let source = kind.into();
        CannotListen { name, address, source, holder, free, by_flag }.to_string()
    }

    #[test]
    fn port_in_use_names_holder_and_way_out() {
        let holder = Holder { pid: 42, name: "nginx".to_owned() };
        let words = refusal(io::ErrorKind::AddrInUse, Some(holder), true);
        for part in ["127.0.0.1:8080", "nginx (pid 42)", "--listen 127.0.0.1:8081"] {
            assert!(words.contains(part), "{words}");
        }
        let words = refusal(io::ErrorKind::AddrInUse, None, false);
        assert!(words.contains("ss -ltnp") && words.contains("configuration file"), "{words}");
    }

    #[test]
    fn only_what_the_user_wrote_is_wrong_usage() {
        assert_eq!(Error::Forced(1).exit_code(), ExitCode::Failure);
        assert_eq!(Error::Overdue(1).exit_code(), ExitCode::Failure);
    }
}
