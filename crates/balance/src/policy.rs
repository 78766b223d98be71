//! The policies by name. Owns the words a configuration may use; how each chooses is elsewhere.

use std::fmt;
use std::str::FromStr;

/// How an upstream's servers are chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    /// Each in turn, as often as its weight says, exactly and over all threads together.
    #[default]
    RoundRobin,
    /// The server with the fewest requests in flight for its weight; ties go in turn.
    LeastRequests,
    /// The less busy of two servers drawn at random. Nearly as even as [`Policy::LeastRequests`]
    /// and, unlike it, the same cost for any number of servers.
    PowerOfTwo,
    /// Of two servers drawn at random the one that would answer sooner: by how long it took lately,
    /// peaks above all, and by its requests in flight ([`crate::Balancer::observe`]).
    PeakEwma,
    /// Drawn at random in proportion to weight.
    Random,
    /// The same key always to the same server; when a server goes, only its keys move.
    Hash,
}

impl Policy {
    /// Every policy, in the order in which they are documented.
    pub const ALL: [Policy; 6] = [
        Policy::RoundRobin,
        Policy::LeastRequests,
        Policy::PowerOfTwo,
        Policy::PeakEwma,
        Policy::Random,
        Policy::Hash,
    ];

    /// The word that stands for it in a configuration file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Policy::RoundRobin => "round-robin",
            Policy::LeastRequests => "least-requests",
            Policy::PowerOfTwo => "p2c",
            Policy::PeakEwma => "peak-ewma",
            Policy::Random => "random",
            Policy::Hash => "hash",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Policy::ALL.into_iter().find(|policy| policy.name() == word).ok_or(UnknownPolicy)
    }
}

/// A word that names no policy. Its text lists those that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownPolicy;

impl fmt::Display for UnknownPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a balancing policy; choose one of ")?;
        for (place, policy) in Policy::ALL.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{policy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownPolicy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_found_by_its_own_name() {
        for policy in Policy::ALL {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = "RoundRobin".parse::<Policy>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "not a balancing policy; choose one of round-robin, least-requests, p2c, peak-ewma, random, hash"
        );
    }
}
