//! What operators are told of a server.

use std::time::SystemTime;

use tombolo_balance::{Circuit, ServerState, Standing};

use super::{Health, Known, LastCheck};
use crate::upstream::health::clock;

/// What operators are told of a server.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) state: ServerState,
    /// Why, unless it is up for all requests.
    pub(crate) why: Option<String>,
    /// Since when it has been so; none: since the gateway began.
    pub(crate) since: Option<SystemTime>,
    /// When it was so for sure, if that was before the process and has not shown again since.
    pub(crate) recalled: Option<SystemTime>,
    /// Whether requests flow, as far as failed ones decide that.
    pub(crate) circuit: Circuit,
    /// What it gets of its weight, in thousandths; 0 when it is only asked if no other can be.
    pub(crate) share: u16,
    /// When its ejection is over, if it is out.
    pub(crate) until: Option<SystemTime>,
    /// None: it was never checked.
    pub(crate) check: Option<LastCheck>,
    /// Checks that succeeded, and that failed.
    pub(crate) checks: (u64, u64),
    /// Ejections so far.
    pub(crate) ejections: u64,
    /// Times its state became another.
    pub(crate) changes: u64,
    /// Requests that write go elsewhere.
    pub(crate) reads_only: bool,
}

impl Health {
    /// What operators are told.
    pub(crate) fn told(&self) -> Told {
        let mut known = self.lock();
        let state = known.state;
        let until = known.condition.ejected_until();
        let until = until.map(|until| SystemTime::now() + until.saturating_sub(clock::now()));
        let share = match self.gate.standing() {
            Standing::Open(share) => share,
            _ => 0,
        };
        let reads_only = known.reads_only.as_ref();
        let is_reads_only = reads_only.is_some();
        let reads_only = reads_only.map(|why| format!("requests that write go elsewhere: {why}"));
        let why = known.whys.of(state).and_then(|why| why.clone()).or(reads_only);
        let circuit = known.condition.circuit();
        let Known { since, recalled, ref check, checks, ejections, changes, .. } = *known;
        let check = check.clone();
        Told {
            state,
            why,
            since,
            recalled,
            circuit,
            share,
            until,
            check,
            checks,
            ejections,
            changes,
            reads_only: is_reads_only,
        }
    }
}
