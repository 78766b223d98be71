//! Smooth weighted turns. Owns the order in which round robin visits the servers, laid out once so
//! that taking a turn is one addition and one read. Refuses to know who is tried or busy.
//!
//! Over one period each server is visited exactly `weight / gcd` times. The order is laid out from
//! the lightest servers to the heaviest: each heavier one is spread as evenly as whole turns allow
//! among the order so far, and servers of equal weight share their turns in the order written.
//! Weights 5, 1, 1 give `a b a a a c a`; the better known method of credits gives `a a b a c a a`,
//! which over the end of the period is four in a row where three are enough.

use std::collections::BTreeMap;

use crate::server::ServerSpec;

/// The longest schedule, in turns (plus at most one per server): 64 KiB of memory per upstream.
///
/// Weights are first divided by their greatest common divisor. If their sum is still larger than
/// this, they are scaled down to it and rounded, never below one turn: a share is then off by at
/// most half a turn in 32,768, save that a server due less than one turn gets one.
pub const MAX_TURNS: u32 = 32_768;

/// The servers in the order of their turns, over and over.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    turns: Box<[u16]>,
}

impl Schedule {
    /// Costs a step for each turn and each different weight: microseconds for an ordinary upstream,
    /// some tens of milliseconds for the largest with the worst weights, once, on the control plane.
    pub(crate) fn new(servers: &[ServerSpec]) -> Schedule {
        let mut by_weight: BTreeMap<u32, Vec<u16>> = BTreeMap::new();
        for (weight, server) in reduced(servers).into_iter().zip(0..=u16::MAX) {
            by_weight.entry(weight).or_default().push(server);
        }
        let turns = by_weight.iter().fold(Vec::new(), |lighter, (&weight, equals)| {
            let theirs = weight as usize * equals.len();
            interleave(equals.iter().cycle().take(theirs), theirs, &lighter)
        });
        Schedule { turns: turns.into() }
    }

    /// The server whose turn it is; `None` only if there are no servers.
    #[inline]
    pub(crate) fn at(&self, turn: u64) -> Option<usize> {
        let place = turn.checked_rem(self.turns.len() as u64)?;
        self.turns.get(place as usize).map(|&server| usize::from(server))
    }
}

/// Spreads `count` turns of the heavier among those of the `lighter`: so many of the turns up to
/// any point as their share of it, rounded. The runs of either kind then differ in length by one at
/// most, also over the end of the period.
fn interleave<'a>(
    mut heavier: impl Iterator<Item = &'a u16>,
    count: usize,
    lighter: &[u16],
) -> Vec<u16> {
    let all = count + lighter.len();
    let mut lighter = lighter.iter();
    let due = |turns: usize| (2 * turns * count + all) / (2 * all);
    let next = |turn| if due(turn + 1) > due(turn) { heavier.next() } else { lighter.next() };
    (0..all).filter_map(next).copied().collect()
}

/// The weights in lowest terms and, if need be, scaled down to [`MAX_TURNS`].
fn reduced(servers: &[ServerSpec]) -> Vec<u32> {
    let divisor = servers.iter().fold(0, |so_far, server| gcd(so_far, server.weight.get())).max(1);
    let weights = servers.iter().map(|server| server.weight.get() / divisor);
    let sum: u32 = weights.clone().sum();
    if sum <= MAX_TURNS {
        return weights.collect();
    }
    // At most 1000 x 32,768 + 2,048,000: within 32 bits.
    weights.map(|weight| ((weight * MAX_TURNS + sum / 2) / sum).max(1)).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Weight;
    use proptest::prelude::*;

    fn servers(weights: &[u32]) -> Vec<ServerSpec> {
        let spec = |&weight| ServerSpec::new("x", Weight::new(weight).unwrap());
        weights.iter().map(spec).collect()
    }

    fn order(weights: &[u32]) -> Vec<u16> {
        Schedule::new(&servers(weights)).turns.into_vec()
    }

    #[test]
    fn equal_weights_go_round_in_the_order_written() {
        assert_eq!(order(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(order(&[700, 700, 700]), [0, 1, 2]);
    }

    #[test]
    fn a_heavy_server_is_interleaved_not_bunched() {
        assert_eq!(order(&[5, 1, 1]), [0, 1, 0, 0, 0, 2, 0]);
        assert_eq!(order(&[500, 100, 100]), [0, 1, 0, 0, 0, 2, 0]);
        assert_eq!(order(&[2, 1]), [0, 1, 0]);
        assert_eq!(order(&[1, 2, 3]).len(), 6);
    }

    #[test]
    fn turns_go_on_past_the_period_and_past_32_bits() {
        let schedule = Schedule::new(&servers(&[2, 1]));
        let seen: Vec<_> = (0..6).map(|turn| schedule.at(turn).unwrap()).collect();
        assert_eq!(seen, [0, 1, 0, 0, 1, 0]);
        assert_eq!(schedule.at(u64::from(u32::MAX) + 2), schedule.at(2));
        assert_eq!(Schedule::new(&[]).at(7), None);
    }

    #[test]
    fn a_schedule_too_long_is_scaled_and_keeps_its_shares() {
        let weights: Vec<u32> = (0..100).map(|n| 991 - (n * 7) % 900).collect();
        let order = order(&weights);
        assert!(order.len() <= MAX_TURNS as usize + weights.len());
        let sum = f64::from(weights.iter().sum::<u32>());
        for (server, &weight) in weights.iter().enumerate() {
            let got = order.iter().filter(|&&turn| usize::from(turn) == server).count();
            let due = f64::from(weight) / sum * order.len() as f64;
            assert!((got as f64 - due).abs() <= 1.5, "server {server}: {got} turns, due {due}");
        }
    }

    /// The longest run of one server, the schedule being gone round for ever.
    fn longest_run(order: &[u16], server: u16) -> usize {
        let twice = [order, order].concat();
        let runs = twice.chunk_by(|a, b| a == b).filter(|run| run[0] == server);
        runs.map(<[_]>::len).max().unwrap_or(0).min(order.len())
    }

    proptest! {
        /// At any point of the period each server has had its due, give or take less than two.
        #[test]
        fn never_far_from_the_exact_share(
            weights in proptest::collection::vec(1u32..=20, 1..9),
        ) {
            let order = order(&weights);
            let sum = f64::from(weights.iter().sum::<u32>());
            let mut had = vec![0u32; weights.len()];
            for (turn, &server) in order.iter().enumerate() {
                had[usize::from(server)] += 1;
                for (had, &weight) in had.iter().zip(&weights) {
                    let due = (turn + 1) as f64 * f64::from(weight) / sum;
                    prop_assert!((f64::from(*had) - due).abs() < 2.0);
                }
            }
            let divisor = weights.iter().copied().fold(0, gcd);
            for (had, weight) in had.iter().zip(&weights) {
                prop_assert_eq!(*had, weight / divisor);
            }
        }

        /// A server that outweighs all others together comes in runs no longer than it must.
        #[test]
        fn no_run_of_a_heavy_server_is_longer_than_needed(
            light in proptest::collection::vec(1u32..=9, 1..7),
            more in 1u32..=100,
        ) {
            let others: u32 = light.iter().sum();
            let heavy = others + more;
            let mut weights = light;
            weights.push(heavy);
            let server = (weights.len() - 1) as u16;
            prop_assert_eq!(longest_run(&order(&weights), server), heavy.div_ceil(others) as usize);
        }
    }
}
