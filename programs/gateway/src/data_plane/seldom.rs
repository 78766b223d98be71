//! A complaint that anybody outside can cause, told seldom: a log that a stranger can fill is no
//! help to anyone.

use std::cell::Cell;

/// Ticks between two complaints of a kind, on one thread: ten seconds.
const APART: u64 = 100;

/// When a kind of complaint may be told again.
#[derive(Default)]
pub(crate) struct Seldom(Cell<u64>);

impl Seldom {
    /// Whether it is time to tell it, at the tick `now`.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let is_due = now >= self.0.get();
        if is_due {
            self.0.set(now.saturating_add(APART));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_and_then_one_every_ten_seconds() {
        let seldom = Seldom::default();
        let told: Vec<u64> = (0..250).filter(|now| seldom.is_due(*now)).collect();
        assert_eq!(told, [0, 100, 200]);
    }
}
