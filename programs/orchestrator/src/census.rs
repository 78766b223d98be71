//! What a process takes, as the system counts it: Linux, from `/proc`; None elsewhere.

use std::fs;

/// Bytes of memory in use (resident).
pub(crate) fn memory(pid: u32) -> Option<u64> {
    let pages = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let resident: u64 = pages.split_ascii_whitespace().nth(1)?.parse().ok()?;
    resident.checked_mul(rustix::param::page_size() as u64)
}

/// Open files and connections.
pub(crate) fn open_files(pid: u32) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}

#[cfg(test)]
mod tests {
    use super::{memory, open_files};

    #[test]
    fn own_process_is_counted() {
        let me = std::process::id();
        assert!(memory(me).unwrap() > 100_000);
        assert!(open_files(me).unwrap() >= 3);
        // No process has this number.
        assert_eq!((memory(0), open_files(0)), (None, None));
    }
}
