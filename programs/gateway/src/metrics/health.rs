//! The families of servers' health: states, ejections, checks, repeats.

use std::sync::Arc;

use tombolo_balance::{Circuit, ServerState};

use super::exposition::{Exposition, Kind};
use crate::upstream::{Told, Upstream};

/// Writes what is known of each server, and how often requests were repeated.
pub(crate) fn write_health(out: &mut Exposition, upstreams: &[Arc<Upstream>]) {
    let told: Vec<(&str, &str, Told)> = upstreams
        .iter()
        .flat_map(|upstream| {
            let of = |server| (upstream.name.as_str(), server);
            upstream.servers.iter().map(of)
        })
        .map(|(upstream, server)| (upstream, server.name.as_str(), server.health.told()))
        .collect();
    let help = "1 for the state a server is in, 0 for the others.";
    let mut family = out.family("tombolo_upstream_backend_state", Kind::Gauge, "", help);
    for (upstream, backend, told) in &told {
        for state in ServerState::ALL {
            let labels = [("upstream", *upstream), ("backend", *backend), ("state", state.name())];
            family.sample(&labels, u8::from(told.state == state));
        }
    }
    let help = "1 for the state a server's circuit is in, 0 for the others.";
    let mut family = out.family("tombolo_upstream_backend_circuit", Kind::Gauge, "", help);
    for (upstream, backend, told) in &told {
        for circuit in Circuit::ALL {
            let labels =
                [("upstream", *upstream), ("backend", *backend), ("state", circuit.name())];
            family.sample(&labels, u8::from(told.circuit == circuit));
        }
    }
    let help = "Times a server was left out because it failed requests.";
    let mut family = out.family("tombolo_upstream_ejections", Kind::Counter, "", help);
    for (upstream, backend, told) in &told {
        family.sample(&[("upstream", upstream), ("backend", backend)], told.ejections);
    }
    let help = "Times the state of a server became another.";
    let mut family = out.family("tombolo_upstream_backend_state_changes", Kind::Counter, "", help);
    for (upstream, backend, told) in &told {
        family.sample(&[("upstream", upstream), ("backend", backend)], told.changes);
    }
    let help = "1 while a server cannot store, so that requests that write go elsewhere.";
    let mut family = out.family("tombolo_upstream_backend_reads_only", Kind::Gauge, "", help);
    for (upstream, backend, told) in &told {
        family.sample(&[("upstream", upstream), ("backend", backend)], u8::from(told.reads_only));
    }
    let help = "Checks of a server, by how they ended.";
    let mut family = out.family("tombolo_upstream_checks", Kind::Counter, "", help);
    for (upstream, backend, told) in &told {
        let (succeeded, failed) = told.checks;
        for (outcome, count) in [("succeeded", succeeded), ("failed", failed)] {
            let labels = [("upstream", *upstream), ("backend", *backend), ("outcome", outcome)];
            family.sample(&labels, count);
        }
    }
    let help = "Requests repeated at another server, and those the budget had nothing left for.";
    let mut family = out.family("tombolo_upstream_retries", Kind::Counter, "", help);
    for upstream in upstreams {
        let Some(budget) = &upstream.budget else { continue };
        let (granted, refused) = budget.counts();
        for (outcome, count) in [("granted", granted), ("refused", refused)] {
            family.sample(&[("upstream", &upstream.name), ("outcome", outcome)], count);
        }
    }
}
