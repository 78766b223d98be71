//! Memory of idle connections: opens many, makes one request on each, keeps them all open and
//! asks what the server's resident memory grew by.

use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    cases::Idle,
    servers::{Running, Server},
    verify,
};

/// Open files that are not connections of the idle case, with room to spare.
const OTHER_FILES: u64 = 500;
/// Longest time for opening all connections.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets this process and its children open as many files as the system permits.
///
/// # Errors
/// When the system refuses.
pub(crate) fn raise_open_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .context("raising the limit of open files")
}

/// Opens `connections` connections with one request on each.
///
/// # Errors
/// When the system's limit of open files is too low, or a request fails.
pub(crate) fn measure(
    server: Server,
    running: &Running,
    path: &str,
    connections: u32,
) -> Result<Idle> {
    if let Some(limit) = getrlimit(Resource::Nofile).current {
        ensure!(
            limit >= u64::from(connections) + OTHER_FILES,
            "only {limit} open files are permitted (ulimit -Hn): lower --idle-connections"
        );
    }
    let deadline = Instant::now() + PATIENCE;
    let resident_before = running.process.resident_bytes()?;
    let mut open = Vec::new();
    for number in 1..=connections {
        let mut stream = TcpStream::connect(running.address)
            .with_context(|| format!("opening connection {number}"))?;
        let answer = verify::get_on(&mut stream, path)
            .with_context(|| format!("asking on connection {number}"))?;
        ensure!(answer.status == 200, "connection {number} was answered {}", answer.status);
        ensure!(Instant::now() < deadline, "{number} connections took more than {PATIENCE:?}");
        open.push(stream);
    }
    let resident_after = running.process.resident_bytes()?;
    Ok(Idle { server, connections, resident_before, resident_after })
}
