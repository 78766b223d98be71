//! How asking a server ended, what it answered and how fast. Counted for as long as the server is
//! configured.

use super::count::Count;
use super::duration::{Durations, Histogram};
use super::labels::{Class, Outcome};

/// What one thread counts; only that thread writes there.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Row {
    outcomes: [Count; Outcome::COUNT],
    responses: [Count; Class::COUNT],
    first_byte: Durations,
}

/// The counters of one server: 256 bytes for each thread.
#[derive(Debug)]
pub(crate) struct Attempts(Box<[Row]>);

impl Attempts {
    /// For so many threads.
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..workers.max(1)).map(|_| Row::default()).collect())
    }

    /// Counts on the thread `worker` that the server was asked, and how that ended.
    #[inline]
    pub(crate) fn count(&self, worker: usize, outcome: Outcome) {
        if let Some(count) = self.0.get(worker).and_then(|row| row.outcomes.get(outcome as usize)) {
            count.add(1);
        }
    }

    /// Counts on the thread `worker` an answer with this status, whose head came so long after the
    /// whole request; none: it was not passed on, since another server was asked instead.
    #[inline]
    pub(crate) fn answered(&self, worker: usize, status: u16, first_byte_micros: Option<u64>) {
        let Some(row) = self.0.get(worker) else { return };
        if let Some(count) = row.responses.get(Class::of(status) as usize) {
            count.add(1);
        }
        if let Some(micros) = first_byte_micros {
            row.first_byte.record(micros);
        }
    }

    /// Answers with a status of this class, over all threads.
    pub(super) fn responses(&self, class: Class) -> u64 {
        let of = |row: &Row| row.responses.get(class as usize).map_or(0, Count::get);
        self.0.iter().fold(0, |sum, row| sum.wrapping_add(of(row)))
    }

    /// How long answers took to begin, over all threads.
    pub(super) fn first_bytes(&self) -> Histogram {
        Histogram::of(self.0.iter().map(|row| &row.first_byte))
    }

    /// How often it ended so, over all threads.
    pub(crate) fn total(&self, outcome: Outcome) -> u64 {
        let of = |row: &Row| row.outcomes.get(outcome as usize).map_or(0, Count::get);
        self.0.iter().fold(0, |sum, row| sum.wrapping_add(of(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_added_up_and_one_that_does_not_exist_is_not_counted() {
        let attempts = Attempts::new(2);
        for worker in [0, 1, 1, 2] {
            attempts.count(worker, Outcome::Failed);
        }
        assert_eq!(attempts.total(Outcome::Failed), 3);
        assert_eq!(attempts.total(Outcome::Answered), 0);
        attempts.answered(1, 204, Some(700));
        attempts.answered(0, 503, Some(300));
        attempts.answered(0, 503, None);
        assert_eq!(attempts.responses(Class::Successful), 1);
        assert_eq!(attempts.responses(Class::ServerError), 2);
        assert_eq!(attempts.first_bytes().micros, 1000);
        assert_eq!(size_of::<Row>(), 256);
    }
}
