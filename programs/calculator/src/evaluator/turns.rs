//! Who is served next: of those who wait, the one that has used least so far.
//!
//! A connection with slow expressions so waits behind every connection with quick ones, and two
//! alike take turns. Pure: handed-over places in, choices out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Those who wait, each with a place `T` that it can be called at.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    waiting: BinaryHeap<Waiting<T>>,
    came: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    order: Reverse<(u64, u64)>,
    place: T,
}

impl<T> Turns<T> {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Self { waiting: BinaryHeap::new(), came: 0 }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// One more waits, who has `used` so much (microseconds of evaluators) so far.
    pub(crate) fn join(&mut self, used: u64, place: T) {
        self.came = self.came.wrapping_add(1);
        self.waiting.push(Waiting { order: Reverse((used, self.came)), place });
    }

    /// The next in turn.
    pub(crate) fn next(&mut self) -> Option<T> {
        self.waiting.pop().map(|waiting| waiting.place)
    }

    /// Forgets those for whom `gone` holds.
    pub(crate) fn forget(&mut self, gone: impl Fn(&T) -> bool) {
        self.waiting.retain(|waiting| !gone(&waiting.place));
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl<T> Eq for Waiting<T> {}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_used_least_is_next_then_who_came_first() {
        let mut turns = Turns::new();
        for (used, who) in [(900, "greedy"), (5, "first"), (5, "second"), (0, "new")] {
            turns.join(used, who);
        }
        turns.forget(|who| *who == "second");
        assert_eq!(turns.len(), 3);
        let order: Vec<_> = std::iter::from_fn(|| turns.next()).collect();
        assert_eq!(order, ["new", "first", "greedy"]);
    }
}
