//! What one data-plane thread remembers. Only that thread writes; the control plane reads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::glimpse::{self, Glimpse, Known};
use super::recorded::{self, Recorded, Traced};
use super::ring::Ring;
use super::seen::{self, Seen};
use super::{
    GLIMPSED, NAMES, Names, Note, Spectrum, TROUBLED, WORDS, WORDS_RECORDED, WORDS_TROUBLED,
};

/// One thread's rings and counts.
#[derive(Debug)]
pub(crate) struct Lane {
    recent: Ring<WORDS>,
    troubled: Ring<WORDS_TROUBLED>,
    recorded: Ring<WORDS_RECORDED>,
    pub(super) durations: Spectrum,
    /// The newest configuration that was written of.
    known: AtomicU32,
    /// There is room for exchanges: without any, only their durations are counted.
    remembers: bool,
    names: Mutex<VecDeque<Arc<Names>>>,
}

impl Lane {
    /// Remembers so many exchanges (none: nothing at all but durations), and so many of those whose
    /// trace is recorded until they are read.
    pub(crate) fn new(exchanges: usize, recorded: usize) -> Self {
        let troubled = TROUBLED.min(exchanges);
        Self {
            recent: Ring::new(exchanges),
            troubled: Ring::new(troubled),
            recorded: Ring::new(recorded),
            durations: Spectrum::new(),
            known: AtomicU32::new(0),
            remembers: exchanges > 0 || recorded > 0,
            names: Mutex::default(),
        }
    }

    /// Whether exchanges are remembered, so that they are worth describing.
    #[inline]
    pub(crate) fn remembers(&self) -> bool {
        self.remembers
    }

    /// Counts how long an exchange took. Only the lane's thread may call it.
    #[inline]
    pub(crate) fn took(&self, duration_micros: u64) {
        self.durations.record(duration_micros);
    }

    /// Remembers an exchange. Only the lane's thread may call it.
    #[inline]
    pub(crate) fn note(&self, note: &Note<'_>, names: &Arc<Names>) {
        if self.known.load(Ordering::Relaxed) != names.serial {
            self.learn(names);
        }
        self.recent.write(|pen| note.write(pen, names.serial));
        if let Some(traced) = &note.traced {
            self.recorded.write(|pen| {
                traced.write(pen);
                note.write(pen, names.serial);
            });
        }
        if note.is_trouble() {
            self.troubled.write(|pen| note.write(pen, names.serial));
        }
    }

    /// Keeps the names of another configuration: once after each reload.
    #[cold]
    fn learn(&self, names: &Arc<Names>) {
        let mut all = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.iter().any(|one| one.serial == names.serial) {
            all.truncate(NAMES - 1);
            all.push_front(Arc::clone(names));
        }
        self.known.store(names.serial, Ordering::Relaxed);
    }

    fn seen(&self, words: &[u64]) -> Seen {
        let all = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let names = all.iter().find(|one| one.serial == seen::serial(words)).map(Arc::clone);
        drop(all);
        Seen::read(words, names.as_deref())
    }

    /// Shows the newest exchanges that are remembered and those with an error, the newest first. One
    /// may be shown twice.
    pub(super) fn glimpses(&self, see: &mut impl FnMut(&Glimpse<'_>)) {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let names = names.iter().map(Arc::clone).collect();
        let trace = |words: [u64; WORDS_RECORDED]| {
            let exchange = words.get(recorded::WORDS..).unwrap_or_default();
            (glimpse::identity(exchange), Traced::read(&words))
        };
        let known = Known { names, traces: self.recorded.newest().map(trace).collect() };
        let newest = self.recent.newest().take(GLIMPSED);
        newest.for_each(|words| see(&Glimpse::new(&words, &known)));
        self.troubled.newest().for_each(|words| see(&Glimpse::new(&words, &known)));
    }

    /// The newest first.
    pub(super) fn recent(&self) -> impl Iterator<Item = Seen> {
        self.recent.newest().map(|words| self.seen(&words))
    }

    /// Those recorded since so many were, and how many came too late to be read.
    pub(super) fn recorded_since(&self, cursor: &mut u64) -> (Vec<Recorded>, u64) {
        let (read, lost) = self.recorded.since(cursor);
        // The words of the exchange follow those of the ids, whose last stands for its number.
        let of = |words: &[u64]| Recorded {
            traced: Traced::read(words),
            seen: self.seen(words.get(recorded::WORDS..).unwrap_or_default()),
        };
        (read.iter().map(|words| of(words)).collect(), lost)
    }

    /// Those with an error, the newest first, in more words.
    pub(super) fn troubled(&self) -> impl Iterator<Item = Seen> {
        self.troubled.newest().map(|words| self.seen(&words))
    }
}
