//! A clean end for a connection whose client is still sending.
//!
//! Closing a socket with unread bytes makes the kernel send a reset, which can take an answer away
//! from a client that has not read it yet. So our side is ended first, and what still comes is
//! thrown away for a while (RFC 9112 section 9.6).

use super::Scene;
use crate::data_plane::{Connection, Workspace, half_close, read};

/// Ticks for which a client that goes on sending is read from, at most.
const LONGEST: u64 = 300;

/// Bytes that it has to send in each tick, on average; else it has as long as one that is silent.
const LEAST: u64 = 1638;

/// Ends our side and reads to the client's end. A client that pauses for `timeouts.linger`, or sends
/// less than 16 KiB a second, is not waited for; one that goes on sending is for 30 s.
pub(super) async fn linger(scene: &Scene<'_>, workspace: &mut Workspace) {
    let Some(client) = scene.client else { return };
    half_close(client);
    let Connection { timer, core, .. } = scene.connection;
    let pause = scene.snapshot.patience.linger;
    let began = core.timers.now();
    let mut thrown_away = 0_u64;
    // What was read so far still serves the log: only the upstream's buffer is overwritten.
    let buffer = &mut workspace.outbound;
    loop {
        let passed = core.timers.now().saturating_sub(began);
        let is_slow = passed > pause && thrown_away < passed.saturating_mul(LEAST);
        if passed >= LONGEST.max(pause)
            || is_slow
            || passed > pause && scene.connection.is_leaving()
        {
            return;
        }
        timer.arm(pause);
        buffer.clear();
        match read(client, buffer.room(), timer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => thrown_away = thrown_away.saturating_add(count as u64),
        }
    }
}
