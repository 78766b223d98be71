//! Changes to what runs, one step after the other so that no request fails: more replicas, fewer,
//! or the same ones anew.
//!
//! ```text
//! grow     start all → each serves → the gateway is told
//! shrink   nothing new for them → what they do is done → the gateway forgets them → stop
//! restart  for each: nothing new → done → stop → start → serves → back in the rotation
//! reload   start what is new → the gateway is told → shrink → restart what has changed
//! succeed  the gateway starts another, which takes its sockets → it serves → the first one ends
//! ```
//! Owns the order of the steps. The loop carries them out (`watch/orders.rs`), the gateway is asked
//! over its admin API (`gateway_api.rs`).

mod crew;
mod gateway_api;
mod progress;
mod reload;

use serde_json::Value;
use tokio::sync::oneshot::Sender;
use tombolo_daemon::config::Config;
use tombolo_daemon::orchestration::Refusal;

use crate::fleet::Place;
use crate::supervisor::Id;

pub(crate) use crew::Crew;
pub(crate) use progress::{Progress, Rollout};
pub(crate) use reload::{Plan, Source};

/// A replica that is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// It serves as it begins.
    pub(crate) serves: bool,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Work {
    /// These are to be there, too.
    Grow(Vec<Replica>),
    /// These are to be gone.
    Shrink(Vec<Replica>),
    /// These are to be started anew, in this order.
    Restart {
        replicas: Vec<Replica>,
        /// Serves meanwhile, because there is only one, and goes afterwards.
        stand_in: Option<Replica>,
        /// They are killed.
        now: bool,
    },
    /// The gateway is to give its place to a new process.
    Succeed(Id),
}

impl Work {
    /// How many replicas it is about.
    pub(crate) fn steps(&self) -> usize {
        match self {
            Work::Grow(replicas) | Work::Shrink(replicas) | Work::Restart { replicas, .. } => {
                replicas.len()
            }
            Work::Succeed(_) => 1,
        }
    }
}

/// A step for the loop.
#[derive(Debug)]
pub(crate) enum Order {
    /// Start it; answered once it serves, or will not.
    Begin(Id, Sender<Result<(), String>>),
    /// Stop it; answered once it is gone.
    Retire(Id, Sender<Result<(), String>>),
    /// Kill it; answered once it is gone.
    Kill(Id, Sender<Result<(), String>>),
    /// Have it start another in its place; answered once that serves, or will not.
    Succeed(Id, Sender<Result<(), String>>),
    /// Write the gateway's configuration with these in it, or without.
    Rotate { ids: Vec<Id>, into: bool, answer: Sender<Result<(), String>> },
    /// Where does the gateway know it?
    Locate(Id, Sender<Result<Vec<Place>, String>>),
    /// These are not wanted any more.
    Discharge(Vec<Id>),
    /// It ends, and is to be what the configuration says when it begins again.
    Renew(Id),
    /// Put this configuration in the place of the one in force; nothing is started or stopped yet.
    Plan(Box<Config>, Sender<Result<Plan, Refusal>>),
    /// The planned configuration holds. `goes_on`: something is left to do for it.
    Commit { goes_on: bool, answer: Sender<Value> },
    /// The configuration from before the plan holds again.
    TakeBack(Sender<Result<(), String>>),
    /// How far the rollout of this id has come.
    Tell(u64, Progress),
}
