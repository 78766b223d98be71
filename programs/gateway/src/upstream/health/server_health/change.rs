//! The one place where what is known of a server changes: its gate follows, and a new state is
//! told.

use std::time::{Duration, SystemTime};

use tombolo_balance::{Condition, EjectionCause, ServerState, Standing};

use super::Health;
use crate::upstream::health::{clock, tell_of_change};

impl Health {
    /// Changes what is known, with the reason if there is a new one; the gate follows, and a new state
    /// is told in the log.
    pub(super) fn change<T>(
        &self,
        why: Option<(ServerState, &str)>,
        by: impl FnOnce(&mut Condition, Duration) -> T,
    ) -> T {
        let mut known = self.lock();
        let now = clock::now();
        let outcome = by(&mut known.condition, now);
        if let Some((of, why)) = why
            && let Some(place) = known.whys.of(of)
        {
            *place = Some(why.to_owned());
            if of == known.state {
                known.recalled = None;
            }
            tell_of_change();
        }
        let standing = known.condition.standing(now);
        // Probes that were taken must not be handed out anew.
        let is_right = match (standing, self.gate.standing()) {
            (Standing::Probing(due), Standing::Probing(left)) => left <= due,
            (standing, is) => standing == is,
        };
        if !is_right {
            self.gate.set(standing);
            tell_of_change();
        }
        let is_lenient = known.condition.ejection_cause() != Some(EjectionCause::Status);
        self.failures.probing(known.condition.is_probing(), is_lenient);
        let state = known.condition.state();
        if state != known.state {
            known.state = state;
            known.since = Some(SystemTime::now());
            known.changes = known.changes.saturating_add(1);
            known.recalled = None;
            tell_of_change();
            let why = known.whys.of(state).and_then(|why| why.clone());
            self.tell(state, why.as_deref());
        }
        outcome
    }
}
