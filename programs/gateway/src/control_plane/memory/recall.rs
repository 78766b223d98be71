//! What becomes of a record: as much of it as is not too old and still configured, within the rules.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use tombolo_balance::{EjectionStage, Remembered, ServerState};

use super::record::{Record, UpstreamRecord};
use crate::control_plane::Snapshot;
use crate::upstream::{Server, ServerMemory, Upstream};

/// What was known longer ago than this says nothing of how servers do now. Drains hold all the same.
const OLD: Duration = Duration::from_secs(10 * 60);

/// A record may be so far ahead of the clock: it was set meanwhile.
const AHEAD: Duration = Duration::from_secs(60);

/// Whose record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// A process that has ended, however it did.
    Past,
    /// The process whose place this one takes: what holds there holds here.
    Predecessor,
}

/// What was recalled.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recalled {
    pub(super) drained: usize,
    pub(super) down: usize,
    pub(super) ejected: usize,
    /// Servers of which what was known is too old.
    pub(super) too_old: usize,
}

impl Recalled {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Puts a record into the servers of a configuration, at the start, before anybody asks them.
pub(super) fn recall(record: &Record, from: From, snapshot: &Snapshot) -> Recalled {
    let now = SystemTime::now();
    let known = record.upstreams.iter().map(|known| (known.name.as_str(), known));
    let known: HashMap<&str, &UpstreamRecord> = known.collect();
    let mut recalled = Recalled::default();
    for upstream in &snapshot.upstreams {
        if let Some(known) = known.get(upstream.name.as_str()) {
            if known.drained {
                upstream.set_drained(true);
            }
            let servers = known.servers.iter().map(|(address, memory)| (address.as_str(), memory));
            let servers: HashMap<&str, &ServerMemory> = servers.collect();
            for server in &upstream.servers {
                if let Some(memory) = servers.get(server.name.as_str()) {
                    recall_server(
                        server,
                        memory,
                        (record.written, now),
                        from,
                        upstream,
                        &mut recalled,
                    );
                }
            }
        }
    }
    recalled
}

fn recall_server(
    server: &Server,
    memory: &ServerMemory,
    (written, now): (SystemTime, SystemTime),
    from: From,
    upstream: &Upstream,
    recalled: &mut Recalled,
) {
    let as_of = memory.as_of.unwrap_or(written);
    let mut memory = passed(memory, written, now);
    let draining = memory.condition.draining && (memory.drain_lasts || from == From::Predecessor);
    if is_old(as_of, now) {
        recalled.too_old += usize::from(says_more_than_a_drain(&memory.condition));
        memory.condition = Remembered::default();
    }
    memory.condition.draining = draining;
    keep_enough(upstream, &mut memory);
    server.recall(&memory, as_of.min(now));
    match server.health.told().state {
        ServerState::Up => {}
        ServerState::Down => recalled.down += 1,
        ServerState::Draining => recalled.drained += 1,
        ServerState::Ejected => recalled.ejected += 1,
    }
}

/// The same after the time that has passed since it was written.
fn passed(memory: &ServerMemory, written: SystemTime, now: SystemTime) -> ServerMemory {
    let passed = now.duration_since(written).unwrap_or_default();
    let mut memory = memory.clone();
    let Remembered { ejection, returned, .. } = &mut memory.condition;
    if let Some(ejection) = ejection {
        match &mut ejection.stage {
            EjectionStage::Out { left } => *left = left.saturating_sub(passed),
            EjectionStage::Probing => {}
            EjectionStage::Over { ago } => *ago = ago.saturating_add(passed),
        }
    }
    if let Some(ago) = returned {
        *ago = ago.saturating_add(passed);
    }
    memory
}

/// Whether what was so then says nothing now. A moment to come is none that anybody knew.
fn is_old(as_of: SystemTime, now: SystemTime) -> bool {
    match now.duration_since(as_of) {
        Ok(age) => age > OLD,
        Err(ahead) => ahead.duration() > AHEAD,
    }
}

fn says_more_than_a_drain(condition: &Remembered) -> bool {
    let drained = Remembered { draining: condition.draining, ..Remembered::default() };
    *condition != drained
}

/// Never are more out than the rules allow, whatever was remembered: the configuration may have
/// fewer servers now. Who would be one too many is back, and what it did still counts.
fn keep_enough(upstream: &Upstream, memory: &mut ServerMemory) {
    let (Some(rules), Some(past)) = (&upstream.ejection, &mut memory.condition.ejection) else {
        return;
    };
    let ejected = upstream.servers.iter().filter(|server| server.health.is_ejected()).count();
    if !rules.max_ejected.allows_another(ejected, upstream.servers.len())
        && !matches!(past.stage, EjectionStage::Over { .. })
    {
        past.stage = EjectionStage::Over { ago: Duration::ZERO };
    }
}

#[cfg(test)]
mod tests;
