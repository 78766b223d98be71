//! A choice that is only looked at. Owns the copy on which a pick can be tried, so that what is told
//! of it is what would happen, and nobody's turn is taken.

use std::sync::Arc;

use super::Balancer;
use crate::gate::Standing;
use crate::policy::Policy;

impl Balancer {
    /// A balancer that stands as this one does now and goes on by itself: what is picked of it takes
    /// no turn, no probe and no place here. Its counts of requests are this one's, so it is not to be told of any.
    #[must_use]
    pub fn rehearsal(&self) -> Balancer {
        Balancer {
            policy: self.policy,
            keys: self.keys.clone(),
            gates: self.gates.iter().map(|gate| Arc::new(gate.copied())).collect(),
            rooms: self
                .rooms
                .as_ref()
                .map(|rooms| rooms.iter().map(|room| Arc::new(room.copied())).collect()),
            schedule: self.schedule.clone(),
            shares: self.shares.clone(),
            rendezvous: self.rendezvous.clone(),
            tokens: self.tokens.clone(),
            flight: self.flight.clone(),
            latencies: self.latencies.clone(),
            first_turns: self.first_turns.copied(),
            later_turns: self.later_turns.copied(),
        }
    }

    /// What the policy compares a server by, the least being best: requests in flight for its
    /// weight, of which only the share counts that its gate is open for; or, with
    /// [`Policy::PeakEwma`], when it would answer, in microseconds. None where the policy compares nothing, as turns and hashes do not.
    #[must_use]
    pub fn score(&self, server: usize) -> Option<f64> {
        match self.policy {
            Policy::LeastRequests | Policy::PowerOfTwo if server < self.len() => {
                let load = self.load(server);
                let weight = f64::from(load.weight.max(1)) / f64::from(Standing::FULL);
                Some(f64::from(load.in_flight) / weight)
            }
            Policy::PeakEwma if server < self.len() => Some(self.delay(server)),
            _ => None,
        }
    }

    /// The weight of a server; 0 for a server that does not exist.
    #[must_use]
    pub fn weight(&self, server: usize) -> u32 {
        if server < self.len() { self.shares.weight(server) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Ask, Balancer, Policy, ServerSpec, Tried, Weight};

    fn balancer(policy: Policy) -> Balancer {
        let spec = |(name, weight)| ServerSpec::new(name, Weight::new(weight).unwrap());
        let servers = [("a", 1), ("b", 2), ("c", 1)].map(spec);
        Balancer::new(policy, &servers, 1)
    }

    #[test]
    fn a_rehearsal_tells_the_next_pick_and_takes_no_turn() {
        let tried = Tried::new();
        for policy in Policy::ALL {
            let balancer = balancer(policy);
            for random in 0..20 {
                let ask = Ask {
                    tried: &tried,
                    random,
                    hash: Some(random),
                    preferred: None,
                    writes: false,
                };
                let told = balancer.rehearsal().pick(&ask);
                assert_eq!(balancer.rehearsal().pick(&ask), told, "{policy}");
                assert_eq!(balancer.pick(&ask), told, "{policy}");
            }
        }
    }

    #[test]
    fn scores_are_requests_in_flight_for_the_weight() {
        let balancer = balancer(Policy::LeastRequests);
        balancer.begin(0, 1);
        assert_eq!(balancer.score(1), Some(0.5));
        assert_eq!((balancer.score(0), balancer.score(3)), (Some(0.0), None));
        assert_eq!((balancer.weight(1), balancer.weight(3)), (2, 0));
        assert_eq!(self::balancer(Policy::Hash).score(1), None);
    }
}
