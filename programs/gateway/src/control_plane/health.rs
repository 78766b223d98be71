//! Watches over the servers: who is ejected, what time changes, who is to be checked, and who is told
//! that an upstream has no server left.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Publication, checks};
use crate::upstream::{Upstream, Watch, rung};

/// How often time is looked at: the precision of slow starts and of the end of ejections.
const TICK: Duration = Duration::from_millis(100);

/// An upstream of the configuration in force, as long as it is there unchanged.
struct Watched {
    upstream: Arc<Upstream>,
    watch: Watch,
    failing_open: bool,
}

impl Watched {
    fn new(upstream: &Arc<Upstream>, before: &[Self]) -> Self {
        let same = before.iter().find(|before| before.upstream.name == upstream.name);
        Self {
            upstream: Arc::clone(upstream),
            watch: Watch::new(upstream.servers.len()),
            failing_open: same.is_some_and(|before| before.failing_open),
        }
    }
}

/// Watches for as long as it is awaited.
pub(super) async fn watch(publication: Arc<Publication>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut all: Vec<Watched> = Vec::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = rung() => {}
        }
        let snapshot = publication.current();
        let is_same = |(one, known): (&Arc<Upstream>, &Watched)| Arc::ptr_eq(one, &known.upstream);
        let upstreams = &snapshot.upstreams;
        if upstreams.len() != all.len() || !upstreams.iter().zip(&all).all(is_same) {
            all = upstreams.iter().map(|upstream| Watched::new(upstream, &all)).collect();
        }
        for watched in &mut all {
            look(watched);
        }
    }
}

fn look(Watched { upstream, watch, failing_open }: &mut Watched) {
    watch.look(upstream);
    upstream.look_at_rooms();
    upstream.servers.iter().for_each(checks::start);
    let is = upstream.is_failing_open();
    match (std::mem::replace(failing_open, is), is) {
        (false, true) => tracing::error!(
            upstream = %upstream.name,
            "no server is up: each is tried all the same, since one of them may answer"
        ),
        (true, false) => tracing::info!(upstream = %upstream.name, "a server is up again"),
        _ => {}
    }
}
