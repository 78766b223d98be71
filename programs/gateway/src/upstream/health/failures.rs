//! What requests showed of a server. Written by the request path, and only where something failed or
//! is in doubt: a success at a server that is well is one load of a word that nobody writes.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use tombolo_balance::{EjectionCause, Tally};

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

    /// What a server is ejected for whose last request failed so.
    pub(super) fn cause(self) -> EjectionCause {
        match self {
            Self::Unreachable => EjectionCause::Unreachable,
            Self::TimedOut | Self::Broken => EjectionCause::Unanswered,
            Self::Status => EjectionCause::Status,
        }
    }

    pub(super) fn words(self) -> &'static str {
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
/// Set in it while it is counted how requests for one page end.
const WATCHED: u32 = 1 << 30;
const FLAGS: u32 = PROBING | WATCHED;

/// Failures in a row, with statuses among them, from which servers are compared.
pub(super) const SUSPICIOUS: u32 = 2;

/// So many failures beyond the noteworthy number still wake whoever watches: proof may come late.
const RINGS: u32 = 16;

/// What was asked for: a hash of method, host and path, never 0 or [`Page::SEVERAL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Page(u64);

impl Page {
    const NONE: u64 = 0;
    const SEVERAL: u64 = 1;

    /// The page of this hash.
    pub(crate) fn new(hash: u64) -> Self {
        Self(hash | 2)
    }

    /// What tells it from others.
    pub(crate) fn hash(self) -> u64 {
        self.0
    }

    /// For what has no pages: connections.
    pub(crate) fn none() -> Self {
        Self(Self::NONE)
    }
}

/// What failed in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// No request was answered.
    Nothing,
    /// Those that were answered were for this page.
    One(Page),
    /// They were for several pages.
    Several,
}

/// One server's failures.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Failures {
    /// Failures in a row at which whoever watches is woken; 0: never.
    noteworthy: AtomicU32,
    /// Failures in a row, and whether it is tried again or watched. 0: all is well.
    doubt: AtomicU32,
    /// Of the failures in a row, those without an answer.
    unanswered: AtomicU32,
    /// The page of those with an answer, if it is one.
    page: AtomicU64,
    total: AtomicU64,
    /// Of the total, those with an answer: by their status.
    by_status: AtomicU64,
    /// The last page that failed.
    last_page: AtomicU64,
    /// A bit for each kind of page that failed since this was last read.
    kinds: AtomicU64,
    last: AtomicU8,
    /// While it is tried again a status is an answer like any.
    lenient: AtomicBool,
    probes_answered: AtomicU32,
    probes_failed: AtomicU32,
    /// The page that is watched, and how requests for it ended meanwhile.
    watched: AtomicU64,
    watched_well: AtomicU64,
    watched_failed: AtomicU64,
}

impl Failures {
    /// So many in a row wake whoever watches; 0: none do.
    pub(super) fn note(&self, in_a_row: u32) {
        self.noteworthy.store(in_a_row, Relaxed);
    }

    /// A request succeeded.
    #[inline]
    pub(super) fn succeeded(&self, page: impl FnOnce() -> Page) {
        let doubt = self.doubt.load(Relaxed);
        if doubt != 0 {
            self.succeeded_in_doubt(doubt, page);
        }
    }

    #[cold]
    fn succeeded_in_doubt(&self, doubt: u32, page: impl FnOnce() -> Page) {
        if doubt & PROBING != 0 {
            self.probes_answered.fetch_add(1, Relaxed);
            ring();
        }
        if doubt & WATCHED != 0 && page().0 == self.watched.load(Relaxed) {
            self.watched_well.fetch_add(1, Relaxed);
        }
        if doubt & !FLAGS != 0 {
            self.forget();
        }
    }

    /// A request was answered with a status that counts as a failure. True for the first failure in a
    /// row.
    #[cold]
    pub(super) fn answered_badly(&self, page: Page) -> bool {
        self.by_status.fetch_add(1, Relaxed);
        self.kinds.fetch_or(1 << (page.0 >> 58), Relaxed);
        self.last_page.store(page.0, Relaxed);
        let so_far = self.page.load(Relaxed);
        if so_far != page.0 {
            let several = if so_far == Page::NONE { page.0 } else { Page::SEVERAL };
            self.page.store(several, Relaxed);
        }
        if self.doubt.load(Relaxed) & WATCHED != 0 && page.0 == self.watched.load(Relaxed) {
            self.watched_failed.fetch_add(1, Relaxed);
        }
        self.count(Fault::Status)
    }

    /// A request failed without an answer. True for the first failure in a row.
    #[cold]
    pub(super) fn failed(&self, failure: Fault) -> bool {
        self.unanswered.fetch_add(1, Relaxed);
        self.count(failure)
    }

    fn count(&self, failure: Fault) -> bool {
        self.total.fetch_add(1, Relaxed);
        self.last.store(failure as u8, Relaxed);
        let before = self.doubt.fetch_add(1, Relaxed);
        if before & PROBING != 0 {
            let is_answer = failure == Fault::Status && self.lenient.load(Relaxed);
            let count = if is_answer { &self.probes_answered } else { &self.probes_failed };
            count.fetch_add(1, Relaxed);
        }
        let in_a_row = (before & !FLAGS).saturating_add(1);
        let noteworthy = self.noteworthy.load(Relaxed);
        let beyond = in_a_row.checked_sub(noteworthy).filter(|_| noteworthy > 0);
        let is_suspicious = in_a_row == SUSPICIOUS && failure == Fault::Status;
        if before & PROBING != 0 || beyond.is_some_and(|more| more < RINGS) || is_suspicious {
            ring();
        }
        in_a_row == 1
    }

    /// Whether the server is being tried again; `lenient`: statuses are no failures meanwhile.
    pub(super) fn probing(&self, is_probing: bool, lenient: bool) {
        let was = self.doubt.load(Relaxed) & PROBING != 0;
        if is_probing && !was {
            self.probes_answered.store(0, Relaxed);
            self.probes_failed.store(0, Relaxed);
            self.lenient.store(lenient, Relaxed);
            self.doubt.fetch_or(PROBING, Relaxed);
        } else if was && !is_probing {
            self.doubt.fetch_and(!PROBING, Relaxed);
        }
    }

    /// What was in a row is so no longer.
    pub(super) fn forget(&self) {
        self.doubt.fetch_and(FLAGS, Relaxed);
        self.unanswered.store(0, Relaxed);
        self.page.store(Page::NONE, Relaxed);
    }

    /// Counts from now on how requests for this page end; none: no longer.
    pub(super) fn watch(&self, page: Option<Page>) {
        self.watched.store(page.map_or(Page::NONE, |page| page.0), Relaxed);
        self.watched_well.store(0, Relaxed);
        self.watched_failed.store(0, Relaxed);
        match page {
            Some(_) => self.doubt.fetch_or(WATCHED, Relaxed),
            None => self.doubt.fetch_and(!WATCHED, Relaxed),
        };
    }

    /// How requests for the page that is watched ended.
    pub(super) fn watched(&self) -> Tally {
        let failed = self.watched_failed.load(Relaxed);
        Tally { requests: self.watched_well.load(Relaxed).saturating_add(failed), failed }
    }

    /// Failures in a row.
    pub(super) fn in_a_row(&self) -> u32 {
        self.doubt.load(Relaxed) & !FLAGS
    }

    /// Of those, the ones without an answer.
    pub(super) fn unanswered_in_a_row(&self) -> u32 {
        self.unanswered.load(Relaxed)
    }

    /// What those with an answer were for.
    pub(super) fn asked(&self) -> Asked {
        match self.page.load(Relaxed) {
            Page::NONE => Asked::Nothing,
            Page::SEVERAL => Asked::Several,
            page => Asked::One(Page(page)),
        }
    }

    /// The last page that failed.
    pub(super) fn last_page(&self) -> Option<Page> {
        Some(self.last_page.load(Relaxed)).filter(|page| *page != Page::NONE).map(Page)
    }

    /// Failures since the start, and those of them with an answer.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.total.load(Relaxed), self.by_status.load(Relaxed))
    }

    /// A bit for each kind of page that failed since this was last asked.
    pub(super) fn take_kinds(&self) -> u64 {
        self.kinds.swap(0, Relaxed)
    }

    /// Probes that were answered and that failed since this was last asked.
    pub(super) fn probes(&self) -> (u32, u32) {
        (self.probes_answered.swap(0, Relaxed), self.probes_failed.swap(0, Relaxed))
    }

    /// How the last request failed that did.
    pub(super) fn last(&self) -> Fault {
        let last = usize::from(self.last.load(Relaxed));
        Fault::ALL.get(last).copied().unwrap_or(Fault::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page::new(1 << 60)
    }

    #[test]
    fn a_success_ends_what_is_in_a_row() {
        let failures = Failures::default();
        let first: Vec<bool> = (0..3).map(|_| failures.failed(Fault::Broken)).collect();
        assert_eq!(first, [true, false, false]);
        assert_eq!((failures.in_a_row(), failures.unanswered_in_a_row()), (3, 3));
        failures.succeeded(page);
        assert_eq!((failures.in_a_row(), failures.totals()), (0, (3, 0)));
        assert_eq!(failures.last(), Fault::Broken);
    }

    #[test]
    fn probes_are_counted_while_it_is_tried_again() {
        let failures = Failures::default();
        failures.succeeded(page);
        failures.probing(true, false);
        failures.succeeded(page);
        failures.succeeded(page);
        failures.failed(Fault::TimedOut);
        assert_eq!(failures.probes(), (2, 1));
        assert_eq!(failures.probes(), (0, 0));
        failures.probing(false, false);
        failures.succeeded(page);
        assert_eq!((failures.in_a_row(), failures.probes()), (0, (0, 0)));
    }

    #[test]
    fn a_status_is_an_answer_while_it_is_not_what_is_tried() {
        let failures = Failures::default();
        failures.probing(true, true);
        failures.answered_badly(page());
        failures.failed(Fault::Unreachable);
        assert_eq!(failures.probes(), (1, 1));
    }

    #[test]
    fn pages_that_fail_are_told_apart() {
        let failures = Failures::default();
        assert_eq!(failures.asked(), Asked::Nothing);
        failures.answered_badly(page());
        failures.answered_badly(page());
        assert_eq!(failures.asked(), Asked::One(page()));
        assert_eq!(failures.take_kinds(), 1 << 4);
        failures.answered_badly(Page::new(9 << 58));
        assert_eq!((failures.asked(), failures.in_a_row()), (Asked::Several, 3));
        failures.succeeded(page);
        assert_eq!((failures.asked(), failures.in_a_row()), (Asked::Nothing, 0));
    }

    #[test]
    fn one_page_is_watched_and_no_other() {
        let failures = Failures::default();
        let other = || Page::new(1);
        failures.succeeded(page);
        failures.watch(Some(page()));
        failures.succeeded(page);
        failures.succeeded(other);
        failures.answered_badly(page());
        failures.answered_badly(other());
        assert_eq!(failures.watched(), Tally { requests: 2, failed: 1 });
        failures.watch(None);
        failures.succeeded(page);
        assert_eq!((failures.watched(), failures.in_a_row()), (Tally::default(), 0));
    }

    #[test]
    fn numbers_are_places_in_the_list() {
        assert!(Fault::ALL.iter().enumerate().all(|(place, one)| *one as usize == place));
    }
}
