//! The families of upstreams with a limit: what each server may have, and who waits.

use std::sync::Arc;

use tombolo_balance::Room;

use super::exposition::{Exposition, Kind};
use crate::upstream::{QueueTotals, Upstream};

/// Writes the limit of each server, and what is known of the queues before them.
pub(crate) fn write_overload(out: &mut Exposition, upstreams: &[Arc<Upstream>]) {
    let limited = || upstreams.iter().filter(|upstream| upstream.limit.is_some());
    let help = "Requests that a server may be asked at one time.";
    let mut family = out.family("tombolo_upstream_requests_limit", Kind::Gauge, "", help);
    for upstream in limited() {
        for (index, server) in upstream.servers.iter().enumerate() {
            if let Some(limit) = upstream.balancer.room(index).and_then(Room::limit) {
                let labels = [("upstream", upstream.name.as_str()), ("backend", &server.name)];
                family.sample(&labels, limit);
            }
        }
    }
    let queues: Vec<(&str, QueueTotals)> =
        limited().map(|upstream| (upstream.name.as_str(), upstream.queue.totals())).collect();
    let help = "Requests that wait for a server with room.";
    let mut family = out.family("tombolo_upstream_requests_waiting", Kind::Gauge, "", help);
    for (upstream, queue) in &queues {
        family.sample(&[("upstream", upstream)], queue.waiting);
    }
    let help = "Requests that had to wait for a server with room.";
    let mut family = out.family("tombolo_upstream_queued", Kind::Counter, "", help);
    for (upstream, queue) in &queues {
        family.sample(&[("upstream", upstream)], queue.joined);
    }
    let help = "Requests sent away: the queue was full, or they had waited too long.";
    let mut family = out.family("tombolo_upstream_overload_refused", Kind::Counter, "", help);
    for (upstream, queue) in &queues {
        for (reason, count) in [("full", queue.full), ("wait", queue.late)] {
            family.sample(&[("upstream", *upstream), ("reason", reason)], count);
        }
    }
}
