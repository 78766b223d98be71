//! The load: Debian's wrk, told to report as one line of JSON.

use std::{net::SocketAddr, path::Path, process::Command};

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;

/// The Lua script that makes wrk print its report.
const SCRIPT: &str = include_str!("report.lua");

/// Longest time a response may take before wrk counts a timeout, in seconds.
const TIMEOUT_SECONDS: u32 = 30;

/// What wrk counted.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    duration_us: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

impl Load {
    pub(crate) fn seconds(&self) -> f64 {
        self.duration_us as f64 / 1e6
    }

    /// Requests that went wrong, in words; nothing when all went well.
    pub(crate) fn failures(&self) -> Option<String> {
        let kinds = [
            (self.connect, "connect"),
            (self.read, "read"),
            (self.write, "write"),
            (self.status, "status"),
            (self.timeout, "timeout"),
        ];
        let said: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{count} {kind}"))
            .collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) address: SocketAddr,
    /// Asked for again and again, unless a script chooses.
    pub(crate) path: &'a str,
    /// Lua that chooses requests; empty when there is nothing to choose, which costs wrk least.
    pub(crate) script: &'a str,
}

/// Loads `http://address/path` from `cores` for `seconds`.
///
/// # Errors
/// When wrk cannot be run or reports any failed request.
pub(crate) fn run(
    folder: &Path,
    cores: &[usize],
    address: SocketAddr,
    path: &str,
    connections: u32,
    seconds: u32,
) -> Result<Load> {
    run_script(folder, cores, Asked { address, path, script: "" }, connections, seconds)
}

/// Loads as [`run`] does, with requests that a script may choose.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_script(
    folder: &Path,
    cores: &[usize],
    asked: Asked<'_>,
    connections: u32,
    seconds: u32,
) -> Result<Load> {
    let load = run_through_trouble(folder, cores, asked, connections, seconds)?;
    if let Some(failures) = load.failures() {
        bail!("{failures} of {} requests failed", load.requests);
    }
    Ok(load)
}

/// Loads as [`run_script`] does where requests may fail: they are counted.
///
/// # Errors
/// When wrk cannot be run.
pub(crate) fn run_through_trouble(
    folder: &Path,
    cores: &[usize],
    asked: Asked<'_>,
    connections: u32,
    seconds: u32,
) -> Result<Load> {
    let Asked { address, path, script } = asked;
    // A file for each of those that may run at the same time.
    let file = folder.join(format!("report-{connections}.lua"));
    std::fs::write(&file, format!("{SCRIPT}{script}")).context("writing wrk's script")?;
    // A power of two divides the connections evenly.
    let threads = 1_usize << cores.len().max(1).ilog2();
    let mut command = Command::new("wrk");
    command
        .args(["--threads", &threads.to_string()])
        .args(["--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .args(["--timeout", &format!("{TIMEOUT_SECONDS}s")])
        .args(["--header", "User-Agent: wrk", "--header", "Accept: */*"])
        // The host is part of a cache's key: the same as when the cache was filled.
        .args(["--header", &format!("Host: {}", crate::verify::HOST)])
        .arg("--script")
        .arg(&file)
        .arg(format!("http://{address}{path}"));
    let output = crate::cores::pinned(cores, || command.output())?
        .context("starting wrk (apt-get install wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("REPORT ")).ok_or_else(|| {
        anyhow!("wrk did not report:\n{text}{}", String::from_utf8_lossy(&output.stderr))
    })?;
    serde_json::from_str(line).with_context(|| format!("reading {line}"))
}
