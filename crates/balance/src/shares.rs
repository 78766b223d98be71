//! Drawing in proportion to weight. Owns the sums of weights; what point is drawn at comes from
//! outside, at random or in even steps.

use crate::server::ServerSpec;

/// 2^64 divided by the golden ratio. Multiples of it (mod 2^64) are spread more evenly over the
/// range than random numbers: any few in a row already cover it nearly alike.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The weights of one upstream's servers, one by one and summed up.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    weights: Box<[u16]>,
    /// `ends[i]` is the sum of the weights up to and with server `i`. At most 4096 x 1000.
    ends: Box<[u32]>,
}

impl Shares {
    pub(crate) fn new(servers: &[ServerSpec]) -> Shares {
        let mut sum = 0;
        let end = |server: &ServerSpec| {
            sum += server.weight.get();
            sum
        };
        let ends = servers.iter().map(end).collect();
        Shares { weights: servers.iter().map(|server| server.weight.get() as u16).collect(), ends }
    }

    /// A server's weight; 1 for a server that does not exist.
    #[inline]
    pub(crate) fn weight(&self, server: usize) -> u32 {
        self.weights.get(server).map_or(1, |&weight| u32::from(weight))
    }

    /// The server at `point` of the whole range of 64-bit numbers, in which each takes its share.
    /// O(log servers).
    #[inline]
    pub(crate) fn at(&self, point: u64) -> Option<usize> {
        let place = scale(point, *self.ends.last()?);
        Some(self.ends.partition_point(|&end| end <= place))
    }

    /// The same with only the `eligible` servers taking part. O(servers). `None` if there are none,
    /// or if they ceased to be eligible while being looked at.
    pub(crate) fn among(&self, point: u64, eligible: impl Fn(usize) -> bool) -> Option<usize> {
        let taking_part = || {
            let all = self.weights.iter().map(|&weight| u32::from(weight)).enumerate();
            all.filter(|&(server, _)| eligible(server))
        };
        let mut place = scale(point, taking_part().map(|(_, weight)| weight).sum());
        taking_part().find_map(|(server, weight)| {
            let found = place < weight;
            place = place.wrapping_sub(weight);
            found.then_some(server)
        })
    }
}

/// `point` as a part of 2^64, scaled to `0..whole` (0 if `whole` is 0).
#[inline]
const fn scale(point: u64, whole: u32) -> u32 {
    ((point as u128 * whole as u128) >> 64) as u32
}

/// The point for the `turn`-th of draws that shall be even rather than random.
pub(crate) const fn even_point(turn: u64) -> u64 {
    turn.wrapping_mul(GOLDEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Weight;

    fn shares(weights: &[u32]) -> Shares {
        let spec = |&weight| ServerSpec::new("x", Weight::new(weight).unwrap());
        Shares::new(&weights.iter().map(spec).collect::<Vec<_>>())
    }

    #[test]
    fn each_server_takes_its_share_of_the_range() {
        let shares = shares(&[1, 2, 1]);
        let quarter = 1u64 << 62;
        assert_eq!(shares.at(0), Some(0));
        assert_eq!(shares.at(quarter - 1), Some(0));
        assert_eq!(shares.at(quarter), Some(1));
        assert_eq!(shares.at(3 * quarter - 1), Some(1));
        assert_eq!(shares.at(3 * quarter), Some(2));
        assert_eq!(shares.at(u64::MAX), Some(2));
    }

    #[test]
    fn those_not_eligible_leave_their_share_to_the_others_by_weight() {
        let shares = shares(&[1, 2, 1]);
        let without_first = |server| server != 0;
        assert_eq!(shares.among(0, without_first), Some(1));
        assert_eq!(shares.among(u64::MAX / 2, without_first), Some(1));
        assert_eq!(shares.among(u64::MAX / 3 * 2 + 9, without_first), Some(2));
        assert_eq!(shares.among(5, |_| false), None);
    }

    #[test]
    fn even_points_spread_a_few_draws_already_evenly() {
        let shares = shares(&[1, 1]);
        let mut had = [0i32; 2];
        for turn in 0..10_000 {
            had[shares.at(even_point(turn)).unwrap()] += 1;
            assert!((had[0] - had[1]).abs() <= 4, "{had:?} after {turn}");
        }
    }
}
