//! The servers that are compared, each started from a configuration that is the best it can do
//! for the job at hand. All add the same fields: see `verify`.

mod haproxy;
mod nginx;
mod tombolo;
mod with_gateway;

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

pub(crate) use self::haproxy::{Drain, LogVia, PROGRAM as HAPROXY};
pub(crate) use self::nginx::PROGRAM as NGINX;
pub(crate) use self::with_gateway::WithGateway;
use crate::{cores::Placement, process::Process};

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Server {
    /// The gateway
    Tombolo,
    /// nginx
    Nginx,
    /// HAProxy
    Haproxy,
    /// HAProxy with `option splice-auto`
    HaproxySplice,
    /// The bare byte relay
    Relay,
}

impl Server {
    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Server::Tombolo => "Tombolo",
            Server::Nginx => "nginx",
            Server::Haproxy => "HAProxy",
            Server::HaproxySplice => "HAProxy, splice",
            Server::Relay => "byte relay",
        }
    }

    /// Whether it knows HTTP; the relay adds no fields and writes no log.
    pub(crate) fn speaks_http(self) -> bool {
        self != Server::Relay
    }
}

/// What a server is started with.
pub(crate) struct Setup<'a> {
    /// The gateway's program.
    pub(crate) tombolo: &'a Path,
    /// An empty folder for configuration, logs and temporary files.
    pub(crate) folder: &'a Path,
    /// Where requests go.
    pub(crate) origin: SocketAddr,
    /// Whether each request is written to a log file as JSON.
    pub(crate) log: bool,
    /// How HAProxy hands its log lines over.
    pub(crate) haproxy_log: LogVia,
    /// HAProxy's buffer for each direction. Its usual 16 KiB serve small bodies and keep its
    /// memory low; for large bodies 64 KiB, the size of nginx's and the gateway's, are faster.
    pub(crate) buffer_bytes: usize,
    /// Threads that serve.
    pub(crate) workers: usize,
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    drain: Option<Drain>,
}

impl Running {
    /// Ends the server, and waits until its log is written.
    ///
    /// # Errors
    /// When the log could not be written.
    pub(crate) fn stop(self) -> Result<()> {
        let Running { process, drain, .. } = self;
        drop(process);
        drain.map_or(Ok(()), Drain::finish)
    }
}

/// Starts `server` on its cores and waits until it takes connections.
///
/// # Errors
/// When it cannot be started; the message has its own words.
pub(crate) fn start(server: Server, setup: &Setup<'_>, placement: &Placement) -> Result<Running> {
    let cores = placement.server.as_slice();
    let splice = server == Server::HaproxySplice;
    match server {
        Server::Tombolo => announced(Process::start("tombolo", &tombolo::command(setup)?, cores)?),
        Server::Relay => {
            let mut command = own_program()?;
            command.args(["relay", "--to", &setup.origin.to_string()]);
            announced(Process::start("relay", &command, cores)?)
        }
        Server::Nginx => {
            let address = free_address()?;
            let command = nginx::command(setup, address)?;
            reachable(Process::start("nginx", &command, cores)?, address)
        }
        Server::Haproxy | Server::HaproxySplice => {
            let address = free_address()?;
            let (command, drain) = haproxy::command(setup, address, splice)?;
            let running = reachable(Process::start("haproxy", &command, cores)?, address)?;
            Ok(Running { drain, ..running })
        }
    }
}

/// Starts the origin on its cores.
pub(crate) fn start_origin(placement: &Placement) -> Result<Running> {
    let mut command = own_program()?;
    command.args(["origin", "--threads", &placement.origin.len().to_string()]);
    announced(Process::start("origin", &command, &placement.origin)?)
}

/// The gateway's program: what was named, or what was built together with this one.
///
/// # Errors
/// When it is `needed` and not there.
pub(crate) fn tombolo_beside(named: Option<&Path>, needed: bool) -> Result<PathBuf> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe().context("finding this program")?.with_file_name("tombolo"),
    };
    ensure!(
        !needed || path.is_file(),
        "{} does not exist; build it with: cargo build --release -p tombolo",
        path.display()
    );
    Ok(path)
}

/// This program, to be started with another subcommand.
pub(crate) fn own_program() -> Result<Command> {
    Ok(Command::new(std::env::current_exe().context("finding this program")?))
}

/// A server that says where it listens.
pub(crate) fn announced(mut process: Process) -> Result<Running> {
    let address = process.announced()?;
    Ok(Running { process, address, drain: None })
}

/// A server that was told where to listen.
pub(crate) fn reachable(mut process: Process, address: SocketAddr) -> Result<Running> {
    process.reachable(address)?;
    Ok(Running { process, address, drain: None })
}

/// An address that was free a moment ago: nginx and HAProxy cannot say which port they took.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("finding a free port")?;
    listener.local_addr().context("finding a free port")
}

/// Writes a configuration file and returns its path.
pub(crate) fn write_configuration(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// Creates a log file in the folder.
fn create_log(folder: &Path) -> Result<File> {
    let path = folder.join(LOG);
    File::create(&path).with_context(|| format!("creating {}", path.display()))
}

/// The name of the access log in a server's folder.
pub(crate) const LOG: &str = "access.log";

/// Whether the log of a server that has ended has a JSON line for each of `requests`.
///
/// # Errors
/// When lines are missing, or the last one is not JSON with the fields of a request.
pub(crate) fn verify_log(server: Server, folder: &Path, requests: u64) -> Result<()> {
    let path = folder.join(LOG);
    let text = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let lines = memchr::memchr_iter(b'\n', &text).count() as u64;
    ensure!(lines >= requests, "{} logged {lines} of {requests} requests", server.name());
    let last = text.rsplit(|&byte| byte == b'\n').find(|line| !line.is_empty());
    let last = last.unwrap_or_default();
    let line: serde_json::Value = serde_json::from_slice(last).with_context(|| {
        format!("{} logged what is not JSON: {}", server.name(), String::from_utf8_lossy(last))
    })?;
    for field in ["time", "request_id", "client", "method", "target", "status", "duration_ms"] {
        ensure!(line.get(field).is_some(), "{} logs no {field}: {line}", server.name());
    }
    Ok(())
}
