//! Watches over the servers: what time changes of their health, and who is told that an upstream
//! has no server left.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Snapshot;

/// How often time is looked at: the precision of slow starts and of the end of ejections.
const TICK: Duration = Duration::from_millis(100);

/// Watches for as long as it is awaited.
pub(super) async fn watch(snapshot: Arc<Snapshot>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing_open = vec![false; snapshot.upstreams.len()];
    loop {
        ticks.tick().await;
        for (upstream, was) in snapshot.upstreams.iter().zip(&mut failing_open) {
            upstream.servers.iter().for_each(|server| server.health.tick());
            let is = upstream.is_failing_open();
            match (std::mem::replace(was, is), is) {
                (false, true) => tracing::error!(
                    upstream = %upstream.name,
                    "no server is up: each is tried all the same, since one of them may answer"
                ),
                (true, false) => tracing::info!(upstream = %upstream.name, "a server is up again"),
                _ => {}
            }
        }
    }
}
