//! A clean end for a connection whose client is still sending.
//!
//! Closing a socket with unread bytes makes the kernel send a reset, which can take an answer away
//! from a client that has not read it yet. So our side is ended first, and what still comes is
//! thrown away for a while (RFC 9112 section 9.6).

use super::Scene;
use crate::data_plane::{Workspace, half_close, read};

/// Bytes thrown away at most.
const MOST: usize = 16 * 1024 * 1024;

/// Ends our side and reads to the client's end, within `timeouts.linger`.
pub(super) async fn linger(scene: &Scene<'_>, workspace: &mut Workspace) {
    let Some(client) = scene.client else { return };
    half_close(client);
    let timer = &scene.connection.timer;
    timer.arm(scene.snapshot.patience.linger);
    let mut thrown_away = 0_usize;
    // What was read so far still serves the log: only the upstream's buffer is overwritten.
    let buffer = &mut workspace.outbound;
    while thrown_away < MOST {
        buffer.clear();
        match read(client, buffer.room(), timer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => thrown_away = thrown_away.saturating_add(count),
        }
    }
}
