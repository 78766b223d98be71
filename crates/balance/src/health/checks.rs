//! What checks in a row mean: one that fails is an accident, several are a server that is down.

/// What a check changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    AsBefore,
    /// So many in a row have failed: it is down.
    Fallen,
    /// So many in a row have succeeded: it is up.
    Risen,
}

/// The checks of one server, counted.
#[derive(Debug, Clone)]
pub struct CheckCounts {
    healthy: u32,
    unhealthy: u32,
    is_down: bool,
    /// Checks in a row that spoke against what it is taken for.
    against: u32,
    last_failed: bool,
}

impl CheckCounts {
    /// Up again after `healthy` successes in a row, down after `unhealthy` failures; 0 counts as 1.
    /// `is_down` says what it is taken for so far.
    #[must_use]
    pub fn new(healthy: u32, unhealthy: u32, is_down: bool) -> CheckCounts {
        CheckCounts { healthy, unhealthy, is_down, against: 0, last_failed: is_down }
    }

    /// What the server is taken for, where others than checks have changed that.
    pub fn take_up(&mut self, is_down: bool) {
        if self.is_down != is_down {
            (self.is_down, self.against) = (is_down, 0);
        }
    }

    /// A check has ended.
    pub fn record(&mut self, succeeded: bool) -> Verdict {
        self.last_failed = !succeeded;
        if succeeded != self.is_down {
            self.against = 0;
            return Verdict::AsBefore;
        }
        self.against = self.against.saturating_add(1);
        let enough = if self.is_down { self.healthy } else { self.unhealthy };
        if self.against < enough {
            return Verdict::AsBefore;
        }
        self.against = 0;
        self.is_down = !self.is_down;
        if self.is_down { Verdict::Fallen } else { Verdict::Risen }
    }

    /// Whether the last check disagrees with what the server is taken for: the next one is urgent.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.last_failed != self.is_down
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_falls_and_rises_after_so_many_in_a_row() {
        use Verdict::{AsBefore, Fallen, Risen};
        let mut counts = CheckCounts::new(2, 3, false);
        let outcomes =
            [true, false, false, true, false, false, false, false, true, false, true, true];
        let verdicts: Vec<Verdict> = outcomes.iter().map(|&ok| counts.record(ok)).collect();
        assert_eq!(
            verdicts,
            [
                AsBefore, AsBefore, AsBefore, AsBefore, AsBefore, AsBefore, Fallen, AsBefore,
                AsBefore, AsBefore, AsBefore, Risen
            ]
        );
    }

    #[test]
    fn one_that_was_down_under_other_rules_rises() {
        let mut counts = CheckCounts::new(1, 1, true);
        assert_eq!(counts.record(true), Verdict::Risen);
    }

    #[test]
    fn what_others_have_changed_is_taken_up() {
        let mut counts = CheckCounts::new(2, 2, false);
        counts.record(false);
        assert_eq!(counts.record(false), Verdict::Fallen);
        counts.take_up(false);
        assert_eq!(counts.record(false), Verdict::AsBefore);
        counts.take_up(false);
        assert_eq!(counts.record(false), Verdict::Fallen, "a second failure since");
    }

    #[test]
    fn in_doubt_is_who_did_not_do_as_expected() {
        let mut counts = CheckCounts::new(1, 2, false);
        assert!(!counts.is_in_doubt());
        counts.record(false);
        assert!(counts.is_in_doubt());
        counts.record(false);
        assert!(!counts.is_in_doubt(), "it is known to be down");
    }
}
