//! How many client connections the open files of the process allow. Each may need two (its own, and
//! one to a server), and some are kept: for listeners and threads, health checks, the admin API, logs
//! and the cache's files.

use std::sync::Arc;

use tombolo_daemon::config::Limits;
use tombolo_daemon::resources::OpenFiles;

use crate::data_plane::Admission;

/// Kept for the control plane: admin connections, checks, name look-ups, logs, the state file.
const KEPT: u64 = 64;
/// Kept for each thread: its listeners, event queue, timers and a file or pipe in use.
const KEPT_PER_WORKER: u64 = 9;

/// What the process may open, and who needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptors {
    open_files: OpenFiles,
    workers: u64,
}

impl Descriptors {
    pub(super) fn new(open_files: OpenFiles, workers: usize) -> Self {
        Self { open_files, workers: workers as u64 }
    }

    /// The limit of client connections that can be kept: `connections`, or fewer; at least one.
    pub(super) fn connections(&self, limits: &Limits) -> usize {
        let Some(allowed) = self.open_files.allowed else { return limits.connections };
        let kept = KEPT.saturating_add(self.workers.saturating_mul(KEPT_PER_WORKER));
        let possible = allowed.saturating_sub(kept) / 2;
        limits.connections.min(usize::try_from(possible).unwrap_or(usize::MAX)).max(1)
    }

    /// The counts of client connections, within these limits.
    pub(super) fn admission(&self, limits: &Limits) -> Arc<Admission> {
        let connections = self.connections(limits);
        Admission::new(connections, limits.connections_per_client, limits.half_heads)
    }

    /// Says when the limits promise more than can be kept, and what to do.
    pub(super) fn report(&self, limits: &Limits) {
        let possible = self.connections(limits);
        let (Some(allowed), true) = (self.open_files.allowed, possible < limits.connections) else {
            return;
        };
        let words = format!(
            "only {allowed} files may be open, so at most {possible} client connections at the same time are accepted instead of {}: raise the hard limit (ulimit -Hn, LimitNOFILE= in systemd) or lower [gateway.limits] connections",
            limits.connections
        );
        // Whoever chose a number wants to know that it does not hold; the default is only a bound.
        if limits.connections == Limits::DEFAULT.connections {
            tracing::info!("{words}");
        } else {
            tracing::warn!("{words}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn possible(allowed: Option<u64>, connections: usize) -> usize {
        let open_files = OpenFiles { allowed, refused: false };
        let limits = Limits { connections, ..Limits::DEFAULT };
        Descriptors::new(open_files, 2).connections(&limits)
    }

    #[test]
    fn two_for_each_connection_and_some_are_kept() {
        assert_eq!(possible(Some(256), 65_536), (256 - 64 - 18) / 2);
        assert_eq!(possible(Some(262_144), 65_536), 65_536);
        assert_eq!(possible(None, 9), 9);
        assert_eq!(possible(Some(10), 9), 1, "one can always try");
    }
}
