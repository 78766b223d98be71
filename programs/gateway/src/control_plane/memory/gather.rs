//! The record of what is known now.

use std::time::SystemTime;

use super::record::{Record, UpstreamRecord};
use crate::control_plane::Snapshot;

/// All that is worth knowing of the servers of a configuration. `leaving`: the gateway drains.
pub(super) fn gather(snapshot: &Snapshot, leaving: bool) -> Record {
    let of_upstream = |upstream: &crate::upstream::Upstream| {
        let known =
            |server: &crate::upstream::Server| Some((server.name.clone(), server.health.memory()?));
        UpstreamRecord {
            name: upstream.name.clone(),
            drained: upstream.is_drained(),
            servers: upstream.servers.iter().filter_map(|server| known(server)).collect(),
        }
    };
    let upstreams = snapshot.upstreams.iter().map(|upstream| of_upstream(upstream));
    Record {
        written: SystemTime::now(),
        leaving,
        upstreams: upstreams.filter(|one| one.drained || !one.servers.is_empty()).collect(),
    }
}
