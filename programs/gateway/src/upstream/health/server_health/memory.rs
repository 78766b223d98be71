//! What is known of one server and outlives the process: taken out of it, and put into another.

use std::time::SystemTime;

use tombolo_balance::{Remembered, ServerState};

use super::{Health, Whys};
use crate::upstream::health::clock;

/// What is remembered of one server; its times count from the moment it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerMemory {
    pub(crate) condition: Remembered,
    pub(crate) whys: Whys,
    /// Since when it has been in its state; none: nobody knows.
    pub(crate) since: Option<SystemTime>,
    /// When all this was so for sure; none: just now.
    pub(crate) as_of: Option<SystemTime>,
    /// Its drain holds over a restart.
    pub(crate) drain_lasts: bool,
}

impl Health {
    /// What whoever comes after should know; none: nothing, it is well.
    pub(crate) fn memory(&self) -> Option<ServerMemory> {
        let mut known = self.lock();
        let condition = known.condition.remembered(clock::now());
        if condition.is_nothing() {
            return None;
        }
        let mut why =
            |holds, state| known.whys.of(state).and_then(|why| why.clone()).filter(|_| holds);
        let whys = Whys {
            draining: why(condition.draining, ServerState::Draining),
            down: why(condition.down, ServerState::Down),
            ejected: why(condition.ejection.is_some(), ServerState::Ejected),
        };
        Some(ServerMemory {
            condition,
            whys,
            since: known.since,
            as_of: known.recalled,
            drain_lasts: known.drain_lasts,
        })
    }

    /// Begins with what is remembered, as of `as_of`, until something shows what is so. One that
    /// nobody checks is not down: nobody would ever find out that it is up.
    pub(crate) fn recall(&self, memory: &ServerMemory, as_of: SystemTime) {
        let mut remembered = memory.condition.clone();
        remembered.down &= self.checks.load().is_some();
        {
            let mut known = self.lock();
            known.whys.clone_from(&memory.whys);
            known.drain_lasts = memory.drain_lasts;
        }
        self.change(None, |condition, now| condition.recall(&remembered, now));
        let mut known = self.lock();
        if known.state != ServerState::Up {
            known.since = memory.since;
            known.recalled = Some(as_of);
        }
    }
}
