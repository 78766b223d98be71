//! What the system says of a process: memory and open descriptors.

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
