//! What the system says of a process: memory and open descriptors.

use rustix::process::{Resource, getrlimit, setrlimit};
use std::fs;

/// Figures of a process at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// Open file descriptors.
    pub descriptors: usize,
    /// Of those, sockets.
    pub sockets: usize,
}

impl Figures {
    /// Reads them from `/proc`.
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok())
            .expect("VmRSS in KiB");
        let links: Vec<_> = fs::read_dir(format!("/proc/{pid}/fd"))
            .expect("our own child's descriptors")
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .collect();
        let sockets = links.iter().filter(|l| l.to_string_lossy().starts_with("socket:")).count();
        Self { resident_bytes: kib * 1024, descriptors: links.len(), sockets }
    }
}

/// Lets this process open at least so many descriptors, if the hard limit allows it; for tests with
/// thousands of connections.
pub fn allow_descriptors(count: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    assert!(hard >= count, "the hard limit of open files is {hard}: raise it (ulimit -Hn {count})");
    if limit.current.is_some_and(|soft| soft < count) {
        limit.current = Some(count);
        setrlimit(Resource::Nofile, limit).expect("a soft limit below the hard one can be set");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_a_socket_come_and_go() {
        let before = Figures::of(std::process::id());
        assert!(before.resident_bytes > 0);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(Figures::of(std::process::id()).sockets > 0);
        drop(listener);
    }
}
