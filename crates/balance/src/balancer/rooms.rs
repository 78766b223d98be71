//! The choice among servers that take only so many requests at one time.
//!
//! A server without room is passed over like one that has been tried, by every policy and for sticky
//! clients too. But it does not make way for those that are held back: while a server that is open
//! could be had later, one that is down or in reserve is not asked, and the request waits.

use super::{Ask, Balancer, ENTRIES};
use crate::gate::Pass;
use crate::room::Room;
use crate::tried::Tried;

impl Balancer {
    /// Whether the number of requests at each server is limited.
    #[inline]
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.rooms.is_some()
    }

    /// Whether a server is there that has not been tried. Where [`Balancer::pick`] found none, all
    /// of those it would have asked are full.
    #[must_use]
    pub fn is_any_left(&self, tried: &Tried) -> bool {
        (0..self.len()).any(|server| !tried.contains(server))
    }

    /// Gives the place back that a pick has taken at `server`. Once for each pick; nothing happens
    /// where places are not counted.
    #[inline]
    pub fn leave(&self, server: usize) {
        if let Some(room) = self.room(server) {
            room.leave();
        }
    }

    /// The room of a server; none where places are not counted.
    #[inline]
    #[must_use]
    pub fn room(&self, server: usize) -> Option<&Room> {
        self.rooms.as_ref()?.get(server).map(AsRef::as_ref)
    }

    /// The pick where places are counted; the place is taken.
    pub(super) fn pick_with_room(&self, ask: &Ask<'_>) -> Option<usize> {
        let first = self.choose(ask, Pass::Open);
        first.filter(|server| self.take(*server, Pass::Open)).or_else(|| self.pick_elsewhere(ask))
    }

    /// The first choice is full, or there is none.
    #[cold]
    fn pick_elsewhere(&self, ask: &Ask<'_>) -> Option<usize> {
        for pass in [Pass::Open, Pass::Ajar, Pass::Reserve, Pass::Any] {
            for _ in 0..ENTRIES {
                let passed_over = self.tried_or_full(ask.tried);
                let ask = Ask { tried: &passed_over, ..*ask };
                let Some(server) = self.choose(&ask, pass) else { break };
                if self.take(server, pass) {
                    return Some(server);
                }
            }
            if self.is_held_back(ask, pass) {
                return None;
            }
        }
        None
    }

    /// Takes a place, and a probe where only so many are given. False if another was quicker.
    fn take(&self, server: usize, pass: Pass) -> bool {
        if !self.room(server).is_some_and(Room::enter) {
            return false;
        }
        let goes_through = !matches!(pass, Pass::Open | Pass::Ajar)
            || self.gates.get(server).is_some_and(|gate| gate.enter());
        if !goes_through {
            self.leave(server);
        }
        goes_through
    }

    fn tried_or_full(&self, tried: &Tried) -> Tried {
        let mut passed_over = tried.clone();
        let is_full = |server: &usize| !self.room(*server).is_some_and(Room::has_room);
        (0..self.len()).filter(is_full).for_each(|server| passed_over.insert(server));
        passed_over
    }

    /// Whether a server that this pass lets through is full: those of later passes are not asked then.
    fn is_held_back(&self, ask: &Ask<'_>, pass: Pass) -> bool {
        // A share is no reason to wait: the pass after it asks those that are open at all.
        pass != Pass::Open
            && (0..self.len()).any(|server| {
                let passes = |gate: &crate::Gate| gate.admits(pass, ask.writes, || 0);
                !ask.tried.contains(server)
                    && self.gates.get(server).is_some_and(|gate| passes(gate))
            })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Gate, Policy, ServerSpec, Standing, Weight};
    use proptest::prelude::*;

    /// What is before a server.
    type End = (Arc<Gate>, Arc<Room>);

    /// A balancer of servers with so many places each, and what is before them.
    fn limited(policy: Policy, places: &[u32]) -> (Balancer, Vec<End>) {
        let ends: Vec<End> = places.iter().map(|_| (Arc::default(), Arc::default())).collect();
        let spec = |(number, (gate, room)): (usize, &End)| {
            room.set_limit(Some(places[number]));
            let spec = ServerSpec::new(format!("s{number}"), Weight::MIN);
            spec.behind(Arc::clone(gate)).within(Arc::clone(room))
        };
        let specs: Vec<ServerSpec> = ends.iter().enumerate().map(spec).collect();
        (Balancer::new(policy, &specs, 1), ends)
    }

    fn ask(tried: &Tried, random: u64) -> Ask<'_> {
        Ask { tried, random, hash: Some(random), preferred: None, writes: false }
    }

    #[test]
    fn every_policy_fills_all_places_and_no_more() {
        for policy in Policy::ALL {
            let (balancer, ends) = limited(policy, &[3, 1, 2]);
            let tried = Tried::new();
            for random in 0..6 {
                assert!(balancer.pick(&ask(&tried, random)).is_some(), "{policy}");
            }
            assert_eq!(balancer.pick(&ask(&tried, 9)), None, "{policy}");
            assert!(balancer.is_any_left(&tried));
            assert_eq!(ends.iter().map(|(_, room)| room.taken()).sum::<u32>(), 6);
            balancer.leave(1);
            assert_eq!(balancer.pick(&ask(&tried, 10)), Some(1), "{policy}");
        }
    }

    #[test]
    fn a_client_that_stays_goes_elsewhere_while_its_server_is_full() {
        let (balancer, _) = limited(Policy::RoundRobin, &[1, 1]);
        let tried = Tried::new();
        let stays = Ask { preferred: Some(1), ..ask(&tried, 0) };
        assert_eq!([balancer.pick(&stays), balancer.pick(&stays)], [Some(1), Some(0)]);
        assert_eq!(balancer.pick(&stays), None);
    }

    #[test]
    fn who_waits_for_a_server_that_is_up_does_not_go_to_one_that_is_not() {
        let (balancer, ends) = limited(Policy::RoundRobin, &[1, 1, 1]);
        ends[1].0.set(Standing::Closed);
        ends[2].0.set(Standing::Reserve);
        let tried = Tried::new();
        assert_eq!(balancer.pick(&ask(&tried, 0)), Some(0));
        assert_eq!(balancer.pick(&ask(&tried, 0)), None);
        ends[0].0.set(Standing::Closed);
        assert_eq!(balancer.pick(&ask(&tried, 0)), Some(2), "none is up: the one in reserve");
        assert_eq!(balancer.pick(&ask(&tried, 0)), None);
        ends[2].0.set(Standing::Closed);
        assert_eq!(balancer.pick(&ask(&tried, 0)), Some(1), "all are down: each is tried");
    }

    #[test]
    fn a_share_keeps_nobody_waiting() {
        let (balancer, ends) = limited(Policy::RoundRobin, &[1, 9]);
        ends[1].0.set(Standing::Open(1));
        let tried = Tried::new();
        let picked: Vec<_> = (0..3).map(|n| balancer.pick(&ask(&tried, n))).collect();
        assert_eq!(picked, [Some(0), Some(1), Some(1)]);
    }

    #[test]
    fn probes_and_places_are_both_kept() {
        let (balancer, ends) = limited(Policy::RoundRobin, &[5]);
        ends[0].0.set(Standing::Probing(2));
        let tried = Tried::new();
        let picked = (0..9).filter(|_| balancer.pick(&ask(&tried, 0)).is_some()).count();
        // No other is there: without a probe left it is asked all the same, as long as it has room.
        assert_eq!((picked, ends[0].1.taken()), (5, 5));
        assert_eq!(ends[0].0.standing(), Standing::Probing(0));
    }

    #[test]
    fn a_rehearsal_takes_no_place() {
        let (balancer, ends) = limited(Policy::RoundRobin, &[1]);
        let tried = Tried::new();
        assert_eq!(balancer.rehearsal().pick(&ask(&tried, 0)), Some(0));
        assert_eq!(ends[0].1.taken(), 0);
        assert_eq!(balancer.pick(&ask(&tried, 0)), Some(0));
        assert_eq!(balancer.rehearsal().pick(&ask(&tried, 0)), None);
    }

    proptest! {
        /// Whatever the gates, who was tried, and who is full: a pick is given a server that has
        /// room and was not tried; it is given none only if none is left, or one of the best that
        /// are left is full.
        #[test]
        fn a_pick_has_room_or_has_to_wait(
            policy in 0..Policy::ALL.len(),
            servers in proptest::collection::vec((0u32..3, 0u16..5, any::<bool>()), 1..8),
            random in any::<u64>(),
        ) {
            let places: Vec<u32> = servers.iter().map(|server| server.0).collect();
            let (balancer, ends) = limited(Policy::ALL[policy], &places);
            let mut tried = Tried::new();
            for (number, (_, standing, is_tried)) in servers.iter().enumerate() {
                ends[number].0.set(match standing {
                    0 => Standing::Closed,
                    1 => Standing::Reserve,
                    2 => Standing::Open(1),
                    3 => Standing::Probing(1),
                    _ => Standing::Open(Standing::FULL),
                });
                if *is_tried {
                    tried.insert(number);
                }
            }
            let left = || servers.iter().filter(|server| !server.2);
            // Those asked first: open in any way; else in reserve; else all.
            let rank = |standing: u16| match standing { 0 => 0, 1 => 1, _ => 2 };
            let best = left().map(|server| rank(server.1)).max();
            match balancer.pick(&ask(&tried, random)) {
                Some(server) => {
                    prop_assert!(!servers[server].2 && places[server] > 0);
                    prop_assert_eq!(Some(rank(servers[server].1)), best);
                    prop_assert_eq!(ends[server].1.taken(), 1);
                }
                None => {
                    let full = left().filter(|server| Some(rank(server.1)) == best);
                    prop_assert!(full.into_iter().all(|server| server.0 == 0));
                }
            }
        }
    }
}
