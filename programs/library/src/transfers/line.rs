//! The line at the door: how many transfers are under way, in all and of each lane, and who waits
//! for a place in which order. A lane that has all it may have is passed over, so that it does not
//! hold up those behind it. Pure.

use std::collections::{HashMap, VecDeque};

/// Names one that waits.
pub(super) type WaiterId = u64;

/// Places and who waits for them.
#[derive(Debug)]
pub(super) struct Line {
    places: usize,
    most_waiting: usize,
    inside: usize,
    each: HashMap<String, usize>,
    waiting: VecDeque<Waiter>,
    last_id: WaiterId,
}

#[derive(Debug)]
struct Waiter {
    id: WaiterId,
    lane: String,
    most: usize,
}

/// What becomes of one that comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Come {
    /// There is a place.
    In,
    /// It waits.
    Waits(WaiterId),
    /// Too many wait already.
    TurnedAway,
}

impl Line {
    pub(super) fn new(places: usize, most_waiting: usize) -> Self {
        let (each, waiting) = (HashMap::new(), VecDeque::new());
        Self { places, most_waiting, inside: 0, each, waiting, last_id: 0 }
    }

    /// One comes, of a lane that may have so many.
    pub(super) fn come(&mut self, lane: &str, most: usize) -> Come {
        if self.has_place(lane, most) {
            self.take(lane);
            return Come::In;
        }
        let of_lane = self.waiting.iter().filter(|waiter| waiter.lane == lane).count();
        // One lane must not fill the line either.
        let is_full = self.waiting.len() >= self.most_waiting
            || of_lane >= self.most_waiting.div_ceil(4).max(most);
        if is_full {
            return Come::TurnedAway;
        }
        self.last_id = self.last_id.wrapping_add(1);
        self.waiting.push_back(Waiter { id: self.last_id, lane: lane.to_owned(), most });
        Come::Waits(self.last_id)
    }

    /// One goes; who comes in for it.
    pub(super) fn go(&mut self, lane: &str) -> Vec<WaiterId> {
        self.inside = self.inside.saturating_sub(1);
        if let Some(count) = self.each.get_mut(lane) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.each.remove(lane);
            }
        }
        let mut admitted = Vec::new();
        let mut place = 0;
        while self.inside < self.places
            && let Some(waiter) = self.waiting.get(place)
        {
            if self.has_place(&waiter.lane, waiter.most)
                && let Some(waiter) = self.waiting.remove(place)
            {
                self.take(&waiter.lane);
                admitted.push(waiter.id);
            } else {
                place = place.saturating_add(1);
            }
        }
        admitted
    }

    /// One does not wait any more. False if it was let in meanwhile.
    pub(super) fn give_up(&mut self, id: WaiterId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiter| waiter.id != id);
        self.waiting.len() < before
    }

    /// Whether a lane has all it may have: then it waits for itself and for nobody else.
    pub(super) fn is_full(&self, lane: &str, most: usize) -> bool {
        self.each.get(lane).copied().unwrap_or_default() >= most
    }

    /// Who waits, the next one first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = WaiterId> {
        self.waiting.iter().map(|waiter| waiter.id)
    }

    /// How many are inside, and how many wait.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.inside, self.waiting.len())
    }

    fn has_place(&self, lane: &str, most: usize) -> bool {
        self.inside < self.places && !self.is_full(lane, most)
    }

    fn take(&mut self, lane: &str) {
        self.inside = self.inside.saturating_add(1);
        let count = self.each.entry(lane.to_owned()).or_default();
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_lane_holds_nobody_up() {
        let mut line = Line::new(3, 10);
        assert_eq!(line.come("a", 1), Come::In);
        let Come::Waits(second_of_a) = line.come("a", 1) else { panic!() };
        assert_eq!((line.come("b", 2), line.come("b", 2)), (Come::In, Come::In));
        let Come::Waits(c) = line.come("c", 1) else { panic!() };
        assert_eq!(line.waiting().collect::<Vec<_>>(), [second_of_a, c]);
        // A place of b's is free: the first in line may not have it, the second may.
        assert_eq!(line.go("b"), [c]);
        assert_eq!(line.go("a"), [second_of_a]);
    }

    #[test]
    fn who_gives_up_is_passed_over_and_a_full_line_turns_away() {
        let mut line = Line::new(1, 2);
        assert_eq!(line.come("a", 9), Come::In);
        let Come::Waits(b) = line.come("b", 1) else { panic!() };
        let Come::Waits(c) = line.come("c", 1) else { panic!() };
        assert_eq!(line.come("d", 1), Come::TurnedAway);
        assert!(line.give_up(b) && !line.give_up(b));
        assert_eq!(line.go("a"), [c]);
    }

    proptest! {
        #[test]
        fn places_are_never_overdrawn_nor_left_free(
            steps in prop::collection::vec((0..4_usize, any::<bool>()), 0..120)
        ) {
            let mut line = Line::new(4, 8);
            let mut inside: Vec<usize> = Vec::new();
            let mut waiting: Vec<(WaiterId, usize)> = Vec::new();
            for (lane, comes) in steps {
                if comes {
                    match line.come(&lane.to_string(), 2) {
                        Come::In => inside.push(lane),
                        Come::Waits(id) => waiting.push((id, lane)),
                        Come::TurnedAway => {}
                    }
                } else if let Some(place) = inside.iter().position(|in_it| *in_it == lane) {
                    inside.remove(place);
                    for id in line.go(&lane.to_string()) {
                        let place = waiting.iter().position(|(waiter, _)| *waiter == id).unwrap();
                        inside.push(waiting.remove(place).1);
                    }
                }
                prop_assert!(inside.len() <= 4);
                for lane in 0..4 {
                    let count = inside.iter().filter(|in_it| **in_it == lane).count();
                    prop_assert!(count <= 2);
                    let waits = waiting.iter().any(|(_, waiter)| *waiter == lane);
                    prop_assert!(!(waits && count < 2 && inside.len() < 4));
                }
            }
        }
    }
}
