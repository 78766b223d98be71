//! The policies: what each of them looks at, among the servers that are eligible. Their arithmetic
//! is next door: turns, shares, rendezvous hashing, latencies.

use super::{Ask, Balancer};
use crate::gate::Pass;
use crate::hash::mix;
use crate::policy::Policy;
use crate::shares::even_point;

/// How often [`Policy::PowerOfTwo`] draws again when the second candidate is the first once more;
/// after that it takes the exact and slower way.
const SECOND_DRAWS: u32 = 3;

impl Balancer {
    /// Round robin. The first pick of a request takes the next turn. A later pick takes none: turns
    /// stay exact for everyone else. It steps instead through those left, evenly and by weight, by
    /// a counter of its own; going on to the neighbour would load that one twice while its
    /// predecessor is down. So does a first pick whose turn falls on a gate that is not open.
    pub(super) fn in_turn(&self, ask: &Ask<'_>, pass: Pass) -> Option<usize> {
        // One turn for each request: were each pass to take one, turns could always fall alike.
        if pass == Pass::Open
            && ask.tried.is_empty()
            && let Some(server) = self.schedule.at(self.first_turns.take())
            && self.eligible(ask, pass, server)
        {
            return Some(server);
        }
        let point = even_point(self.later_turns.take());
        self.shares.among(point, |server| self.eligible(ask, pass, server))
    }

    /// The fewest requests in flight for its weight. Of several the one whose turn it is, or, if
    /// that one is not among them, an even choice of those that are.
    pub(super) fn least(&self, ask: &Ask<'_>, pass: Pass) -> Option<usize> {
        let eligible = (0..self.len()).filter(|&server| self.eligible(ask, pass, server));
        let loads = eligible.map(|server| (server, self.load(server)));
        let (best, least) = loads.reduce(|a, b| if b.1.is_less(a.1) { b } else { a })?;
        let ties = |server| self.eligible(ask, pass, server) && !least.is_less(self.load(server));
        let turn = self.first_turns.take();
        self.schedule
            .at(turn)
            .filter(|&server| ties(server))
            .or_else(|| self.shares.among(even_point(turn), ties))
            // The others have changed while being looked at.
            .or(Some(best))
    }

    /// Two different servers drawn by weight; the one with fewer in flight for its weight, or the one
    /// that would answer sooner.
    pub(super) fn less_of_two(&self, ask: &Ask<'_>, pass: Pass) -> Option<usize> {
        let first = self.draw(ask, pass, ask.random)?;
        let Some(second) = self.draw_another(ask, pass, first) else { return Some(first) };
        let second_is_less = match self.policy {
            Policy::PeakEwma => self.delay(second) < self.delay(first),
            _ => self.load(second).is_less(self.load(first)),
        };
        Some(if second_is_less { second } else { first })
    }

    fn draw_another(&self, ask: &Ask<'_>, pass: Pass, first: usize) -> Option<usize> {
        let mut random = ask.random;
        for _ in 0..SECOND_DRAWS {
            random = another(random);
            let second = self.draw(ask, pass, random)?;
            if second != first {
                return Some(second);
            }
        }
        self.shares.among(another(random), |who| who != first && self.eligible(ask, pass, who))
    }

    /// One eligible server by weight: drawn from all, and if it is not eligible, once more from
    /// those that are. That gives each its exact share.
    pub(super) fn draw(&self, ask: &Ask<'_>, pass: Pass, random: u64) -> Option<usize> {
        let drawn = self.shares.at(random)?;
        if self.eligible(ask, pass, drawn) {
            return Some(drawn);
        }
        self.shares.among(another(random), |server| self.eligible(ask, pass, server))
    }
}

/// A further random number from the one the request brought.
const fn another(random: u64) -> u64 {
    mix(random.wrapping_add(0x9e37_79b9_7f4a_7c15))
}
