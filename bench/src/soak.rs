//! Memory under mixed load: small, middle and large bodies at the same time, for as long as asked;
//! after each slice all connections close and resident memory is noted.

use std::{path::Path, thread};

use anyhow::{Result, anyhow};

use crate::{
    cases::{Case, Soak},
    cores::Placement,
    servers::{Running, Server},
    wrk,
};

/// Seconds of load between two notes.
const SLICE_SECONDS: u32 = 10;
/// What is asked for at the same time, by how many connections.
const MIX: [(Case, u32); 3] = [(Case::Plain, 64), (Case::Medium, 16), (Case::Large, 4)];

/// Loads `running` for about `seconds`.
///
/// # Errors
/// When any request fails.
pub(crate) fn measure(
    server: Server,
    running: &Running,
    folder: &Path,
    placement: &Placement,
    seconds: u32,
) -> Result<Soak> {
    let (load, address) = (&placement.load, running.address);
    let mut resident = Vec::new();
    let mut requests = 0;
    for slice in 1..=seconds.div_ceil(SLICE_SECONDS) {
        let loads: Vec<Result<wrk::Load>> = thread::scope(|scope| {
            let started = MIX.map(|(case, connections)| {
                scope.spawn(move || {
                    wrk::run(folder, load, address, case.path(), connections, SLICE_SECONDS)
                })
            });
            let joined = started.into_iter().map(thread::ScopedJoinHandle::join);
            joined.map(|one| one.unwrap_or_else(|_| Err(anyhow!("a load panicked")))).collect()
        });
        for load in loads {
            requests += load?.requests;
        }
        let now = running.process.resident_bytes()?;
        eprintln!("soak       {:15} slice {slice}: {} KiB resident", server.name(), now / 1024);
        resident.push(now);
    }
    Ok(Soak { server, requests, slice_seconds: SLICE_SECONDS, resident })
}
