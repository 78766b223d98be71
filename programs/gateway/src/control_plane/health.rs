//! Watches over the servers: what time changes of their health, and who is told that an upstream
//! has no server left.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Publication;

/// How often time is looked at: the precision of slow starts and of the end of ejections.
const TICK: Duration = Duration::from_millis(100);

/// Watches for as long as it is awaited.
pub(super) async fn watch(publication: Arc<Publication>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing_open: HashSet<String> = HashSet::new();
    loop {
        ticks.tick().await;
        let snapshot = publication.current();
        failing_open.retain(|name| snapshot.upstreams.iter().any(|one| one.name == *name));
        for upstream in &snapshot.upstreams {
            upstream.servers.iter().for_each(|server| server.health.tick());
            match (failing_open.contains(&upstream.name), upstream.is_failing_open()) {
                (false, true) => {
                    failing_open.insert(upstream.name.clone());
                    tracing::error!(
                        upstream = %upstream.name,
                        "no server is up: each is tried all the same, since one of them may answer"
                    );
                }
                (true, false) => {
                    failing_open.remove(&upstream.name);
                    tracing::info!(upstream = %upstream.name, "a server is up again");
                }
                _ => {}
            }
        }
    }
}
