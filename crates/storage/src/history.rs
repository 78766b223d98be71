//! The history of a PostgreSQL server: which cluster it is and which timeline it writes.
//!
//! A standby that was promoted writes another timeline, and may lack what was committed last on
//! the server before it. Each new connection tells its history; once a service has settled one,
//! no connection with another is used until the service has settled that too.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;

/// The columns that tell a connection's history. The timeline is that of the position written
/// to: `pg_control_checkpoint()` shows the old one until the first checkpoint after a promotion.
/// A standby has none, so that a connection made before its promotion is not used after it.
macro_rules! history_columns {
    () => {
        "(SELECT system_identifier::text FROM pg_control_system()) AS system,
         CASE WHEN pg_is_in_recovery() THEN 'standby'
         ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS timeline"
    };
}
pub(crate) use history_columns;

/// The text for a server's history.
pub(crate) fn of_server(system: &str, timeline: &str) -> String {
    // As numbers of a timeline are shown elsewhere.
    let number = u32::from_str_radix(timeline, 16).map(|number| number.to_string());
    format!("server {system} {}", number.as_deref().unwrap_or(timeline))
}

/// The history that was settled, if one was.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    history: Option<String>,
    /// Counts the changes: connections of an earlier number are closed.
    generation: u64,
}

impl Settled {
    /// The generation of a connection with this history.
    ///
    /// # Errors
    /// When it is not the one that was settled.
    pub(crate) fn admit(&self, found: &str) -> Result<u64, Error> {
        let state = self.lock();
        match &state.history {
            Some(settled) if settled != found => {
                Err(Error::OtherHistory { found: found.to_owned(), settled: settled.clone() })
            }
            _ => Ok(state.generation),
        }
    }

    /// Whether connections of this generation may still be used.
    ///
    /// # Errors
    /// When another history was settled since.
    pub(crate) fn check(&self, generation: u64) -> Result<(), Error> {
        let state = self.lock();
        if state.generation == generation {
            return Ok(());
        }
        let settled = state.history.clone().unwrap_or_default();
        Err(Error::OtherHistory { found: "an earlier one".to_owned(), settled })
    }

    /// From now on this is the history.
    pub(crate) fn settle(&self, history: String) {
        let mut state = self.lock();
        if state.history.as_deref().is_some_and(|settled| settled != history) {
            state.generation += 1;
        }
        state.history = Some(history);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_with_another_history_waits_until_that_is_settled() {
        let settled = Settled::default();
        let (first, second) = (of_server("7", "00000001"), of_server("7", "0000000A"));
        assert_eq!((first.as_str(), second.as_str()), ("server 7 1", "server 7 10"));
        // Nothing is settled: any will do.
        assert_eq!(settled.admit(&second).unwrap(), 0);
        settled.settle(first.clone());
        assert_eq!(settled.admit(&first).unwrap(), 0);
        assert!(settled.admit(&second).unwrap_err().is_other_history());
        assert!(settled.admit(&of_server("7", "standby")).is_err());
        settled.settle(second.clone());
        assert!(settled.check(0).unwrap_err().is_other_history());
        assert_eq!(settled.admit(&second).unwrap(), 1);
        settled.check(1).unwrap();
    }
}
