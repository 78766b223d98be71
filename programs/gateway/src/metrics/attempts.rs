//! How asking a server ended. Counted for as long as the server is configured.

use super::count::Count;
use super::labels::Outcome;

/// What one thread counts; only that thread writes there.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Row([Count; Outcome::COUNT]);

/// The counters of one server: 128 bytes for each thread.
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
        if let Some(count) = self.0.get(worker).and_then(|row| row.0.get(outcome as usize)) {
            count.add(1);
        }
    }

    /// How often it ended so, over all threads.
    pub(crate) fn total(&self, outcome: Outcome) -> u64 {
        let of = |row: &Row| row.0.get(outcome as usize).map_or(0, Count::get);
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
        assert_eq!(size_of::<Row>(), 128);
    }
}
