//! Whose bytes are next when there is less bandwidth than is asked for: start-time fair queueing
//! (Goyal, Vin and Cheng, 1996). Every lane, a user or an address, gets the same share however many
//! requests it has; what a lane does not use the others get. Pure.

use std::collections::{BTreeMap, HashMap};

/// Names a turn that was asked for.
pub(super) type TurnId = u64;

/// The turns that are waited for.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// In the order in which they are given: by their start, then by age.
    waiting: BTreeMap<(u64, TurnId), (String, u64)>,
    starts: HashMap<TurnId, u64>,
    /// Where the last bytes that each lane asked for end, in bytes of virtual time.
    ends: HashMap<String, u64>,
    /// The start of the last turn that was given.
    now: u64,
    last_id: TurnId,
}

impl Turns {
    /// Asks for a turn.
    pub(super) fn ask(&mut self, lane: &str, bytes: u64) -> TurnId {
        self.last_id = self.last_id.wrapping_add(1);
        let start = self.ends.get(lane).copied().unwrap_or_default().max(self.now);
        self.ends.insert(lane.to_owned(), start.saturating_add(bytes));
        self.waiting.insert((start, self.last_id), (lane.to_owned(), bytes));
        self.starts.insert(self.last_id, start);
        self.last_id
    }

    /// Gives the next turn: which it is, and how many bytes it moves.
    pub(super) fn give(&mut self) -> Option<(TurnId, u64)> {
        let ((start, id), (_, bytes)) = self.waiting.pop_first()?;
        self.starts.remove(&id);
        self.now = start;
        if self.waiting.is_empty() {
            // Nobody waits, so nobody is owed anything.
            self.ends.clear();
            self.now = 0;
        }
        Some((id, bytes))
    }

    /// Nobody waits for this turn any more.
    pub(super) fn cancel(&mut self, id: TurnId) {
        if let Some(start) = self.starts.remove(&id) {
            self.waiting.remove(&(start, id));
        }
        if self.waiting.is_empty() {
            self.ends.clear();
            self.now = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lanes that always have something to move, with so many requests each; what each moved.
    fn moved(lanes: &[(usize, u64)], rounds: usize) -> Vec<u64> {
        let mut turns = Turns::default();
        let mut whose = HashMap::new();
        for (lane, (requests, bytes)) in lanes.iter().enumerate() {
            for _ in 0..*requests {
                whose.insert(turns.ask(&lane.to_string(), *bytes), lane);
            }
        }
        let mut moved = vec![0; lanes.len()];
        for _ in 0..rounds {
            let (id, bytes) = turns.give().unwrap();
            let lane = whose.remove(&id).unwrap();
            moved[lane] += bytes;
            whose.insert(turns.ask(&lane.to_string(), lanes[lane].1), lane);
        }
        moved
    }

    #[test]
    fn eight_connections_get_no_more_than_one() {
        let moved = moved(&[(8, 1000), (1, 1000), (1, 250)], 6000);
        let most = moved.iter().max().unwrap();
        let least = moved.iter().min().unwrap();
        assert!(most - least <= 9 * 1000, "{moved:?}");
    }

    #[test]
    fn a_turn_that_is_given_up_holds_nobody_up() {
        let mut turns = Turns::default();
        let first = turns.ask("a", 10);
        let second = turns.ask("b", 10);
        turns.cancel(first);
        assert_eq!(turns.give(), Some((second, 10)));
        assert_eq!(turns.give(), None);
        assert!(turns.waiting.is_empty() && turns.ends.is_empty() && turns.starts.is_empty());
    }

    proptest! {
        #[test]
        fn every_turn_is_given_once(asked in prop::collection::vec((0..5_u8, 1..100_u64), 0..60)) {
            let mut turns = Turns::default();
            let mut expected: Vec<_> =
                asked.iter().map(|(lane, bytes)| (turns.ask(&lane.to_string(), *bytes), *bytes)).collect();
            let mut given: Vec<_> = std::iter::from_fn(|| turns.give()).collect();
            given.sort();
            expected.sort();
            prop_assert_eq!(given, expected);
        }
    }
}
