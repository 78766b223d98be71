//! What became of real work: how often it was done and how often not, and when it last succeeded.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Fault, Outcome};
use crate::unit::Ending;

/// Written by whoever did the work: a few stores, no lock.
#[derive(Debug)]
pub(crate) struct Outcomes {
    begun: Instant,
    /// Milliseconds since `begun`, plus one; 0 for never.
    succeeded: AtomicU64,
    has_failed: AtomicBool,
    done: AtomicU64,
    refused: AtomicU64,
    not_done: AtomicU64,
    unknown: AtomicU64,
    will_not_pass: AtomicU64,
}

/// How many units of work ended in which way since the database was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Done.
    pub done: u64,
    /// Undone by the work's own decision; no fault.
    pub refused: u64,
    /// See [`Outcome::NotDone`].
    pub not_done: u64,
    /// See [`Outcome::Unknown`].
    pub unknown: u64,
    /// See [`Outcome::WillNotPass`].
    pub will_not_pass: u64,
}

impl Outcomes {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            succeeded: AtomicU64::new(0),
            has_failed: AtomicBool::new(false),
            done: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            not_done: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            will_not_pass: AtomicU64::new(0),
        }
    }

    /// Notes what became of a piece of work. A fault of the program's own says nothing about the
    /// database.
    pub(crate) fn note(&self, ending: Ending) {
        let count = match ending {
            Ending::Done => {
                let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.succeeded.store(millis.saturating_add(1), Ordering::Relaxed);
                self.has_failed.store(false, Ordering::Relaxed);
                &self.done
            }
            Ending::Refused => &self.refused,
            Ending::Failed(meaning) => {
                if meaning.fault != Fault::Program {
                    self.has_failed.store(true, Ordering::Relaxed);
                }
                match meaning.outcome {
                    Outcome::NotDone => &self.not_done,
                    Outcome::Unknown => &self.unknown,
                    Outcome::WillNotPass => &self.will_not_pass,
                }
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the last piece of work failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// How long ago work last succeeded.
    pub(crate) fn age(&self) -> Option<Duration> {
        let millis = self.succeeded.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.begun.elapsed().saturating_sub(Duration::from_millis(millis)))
    }

    /// How often it ended in which way.
    pub(crate) fn counts(&self) -> Counts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            done: of(&self.done),
            refused: of(&self.refused),
            not_done: of(&self.not_done),
            unknown: of(&self.unknown),
            will_not_pass: of(&self.will_not_pass),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Meaning;

    #[test]
    fn the_last_outcome_counts() {
        let outcomes = Outcomes::new();
        assert_eq!((outcomes.has_failed(), outcomes.age()), (false, None));
        outcomes.note(Ending::Failed(Meaning::PASSES));
        assert!(outcomes.has_failed());
        outcomes.note(Ending::Done);
        assert!(!outcomes.has_failed() && outcomes.age().is_some());
        outcomes.note(Ending::Failed(Meaning::PROGRAM));
        outcomes.note(Ending::Refused);
        assert!(!outcomes.has_failed(), "a fault of ours is none of the database's");
        let counts = Counts { done: 1, refused: 1, not_done: 1, unknown: 0, will_not_pass: 1 };
        assert_eq!(outcomes.counts(), counts);
    }
}
