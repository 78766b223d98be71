//! What requests showed of a server. Written by the request path, and only where something failed or
//! is in doubt: a success at a server that is well is one load of a word that nobody writes.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use super::watch::ring;

/// How a request failed at a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Fault {
    /// No connection came about.
    Unreachable,
    /// No answer came in time.
    TimedOut,
    /// The connection broke, or the answer was broken.
    Broken,
    /// The answer had a status that counts as a failure.
    Status,
}

impl Fault {
    const ALL: [Self; 4] = [Self::Unreachable, Self::TimedOut, Self::Broken, Self::Status];

    fn words(self) -> &'static str {
        match self {
            Self::Unreachable => "it could not be connected to",
            Self::TimedOut => "it did not answer in time",
            Self::Broken => "the connection broke or the answer was broken",
            Self::Status => "it answered with an error status",
        }
    }
}

/// Set in the word of doubt while the server is tried again.
const PROBING: u32 = 1 << 31;

/// One server's failures.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Failures {
    /// Failures in a row at which whoever watches is woken; 0: never.
    noteworthy: AtomicU32,
    /// Failures in a row, and whether it is tried again. 0: all is well.
    doubt: AtomicU32,
    total: AtomicU64,
    last: AtomicU8,
    probes_answered: AtomicU32,
    probes_failed: AtomicU32,
}

impl Failures {
    /// So many in a row wake whoever watches; 0: none do.
    pub(super) fn note(&self, in_a_row: u32) {
        self.noteworthy.store(in_a_row, Relaxed);
    }

    /// A request succeeded.
    #[inline]
    pub(super) fn succeeded(&self) {
        let doubt = self.doubt.load(Relaxed);
        if doubt != 0 {
            self.succeeded_in_doubt(doubt);
        }
    }

    #[cold]
    fn succeeded_in_doubt(&self, doubt: u32) {
        if doubt & PROBING != 0 {
            self.probes_answered.fetch_add(1, Relaxed);
            ring();
        }
        self.doubt.fetch_and(PROBING, Relaxed);
    }

    /// A request failed. True for the first in a row.
    pub(super) fn failed(&self, failure: Fault) -> bool {
        self.total.fetch_add(1, Relaxed);
        self.last.store(failure as u8, Relaxed);
        let before = self.doubt.fetch_add(1, Relaxed);
        if before & PROBING != 0 {
            self.probes_failed.fetch_add(1, Relaxed);
        }
        let in_a_row = (before & !PROBING).saturating_add(1);
        if before & PROBING != 0 || in_a_row == self.noteworthy.load(Relaxed) {
            ring();
        }
        in_a_row == 1
    }

    /// Whether the server is being tried again.
    pub(super) fn probing(&self, is_probing: bool) {
        let was = self.doubt.load(Relaxed) & PROBING != 0;
        if is_probing && !was {
            self.probes_answered.store(0, Relaxed);
            self.probes_failed.store(0, Relaxed);
            self.doubt.fetch_or(PROBING, Relaxed);
        } else if was && !is_probing {
            self.doubt.fetch_and(!PROBING, Relaxed);
        }
    }

    /// What was in a row is so no longer.
    pub(super) fn forget(&self) {
        self.doubt.fetch_and(PROBING, Relaxed);
    }

    /// Failures in a row.
    pub(super) fn in_a_row(&self) -> u32 {
        self.doubt.load(Relaxed) & !PROBING
    }

    /// Failures since the start.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }

    /// Probes that were answered and that failed since this was last asked.
    pub(super) fn probes(&self) -> (u32, u32) {
        (self.probes_answered.swap(0, Relaxed), self.probes_failed.swap(0, Relaxed))
    }

    /// How the last request failed that did.
    pub(super) fn last(&self) -> &'static str {
        let last = usize::from(self.last.load(Relaxed));
        Fault::ALL.get(last).map_or("", |failure| failure.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_ends_what_is_in_a_row() {
        let failures = Failures::default();
        let first: Vec<bool> = (0..3).map(|_| failures.failed(Fault::Broken)).collect();
        assert_eq!(first, [true, false, false]);
        assert_eq!((failures.in_a_row(), failures.total()), (3, 3));
        failures.succeeded();
        assert_eq!((failures.in_a_row(), failures.total()), (0, 3));
        assert_eq!(failures.last(), Fault::Broken.words());
    }

    #[test]
    fn probes_are_counted_while_it_is_tried_again() {
        let failures = Failures::default();
        failures.succeeded();
        failures.probing(true);
        failures.succeeded();
        failures.succeeded();
        failures.failed(Fault::TimedOut);
        assert_eq!(failures.probes(), (2, 1));
        assert_eq!(failures.probes(), (0, 0));
        failures.probing(false);
        failures.succeeded();
        assert_eq!((failures.in_a_row(), failures.probes()), (0, (0, 0)));
    }

    #[test]
    fn numbers_are_places_in_the_list() {
        assert!(Fault::ALL.iter().enumerate().all(|(place, one)| *one as usize == place));
    }
}
