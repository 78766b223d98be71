//! Requests that wait for an answer, looked at with the thread's clock: a server that is out gives
//! them back, and one that lets them wait for long is checked.

use std::collections::HashMap;

use super::core::Core;

/// Ticks after which a wait is long: a check shows then whether the server answers at all.
const LONG: u64 = 2;

/// Looks at all requests of this thread that wait for the first byte of an answer.
pub(super) fn look(core: &Core, waits: &mut HashMap<u64, u64>) {
    waits.clear();
    core.timers.waits(waits);
    if waits.is_empty() {
        return;
    }
    let snapshot = core.snapshot();
    for server in snapshot.servers() {
        let Some(longest) = waits.get(&server.id()) else { continue };
        if server.health.is_out() {
            core.timers.release(server.id());
        } else if *longest >= LONG {
            server.health.keeps_waiting();
        }
    }
}
