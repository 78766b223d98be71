//! Ejection: a server that fails requests is left out for a while, for longer each time, and comes
//! back over a few requests that show how it does.

use std::time::Duration;

use super::outlier::Tally;

/// What a server is ejected for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EjectionCause {
    /// It could not be connected to. A check that is answered ends that.
    Unreachable,
    /// Neither requests nor a check were answered. A check that is answered ends that, too.
    Silent,
    /// Connections broke, or answers did not come in time: only requests show that this is over.
    #[default]
    Unanswered,
    /// It answered with an error status more often than its peers.
    Status,
}

/// When a server is ejected, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EjectionRules {
    /// Failures in a row after which it is ejected; 0 means never for that.
    pub failures: u32,
    /// Percent of failures within the window from which it is ejected; 0 means never for that.
    pub rate_percent: u32,
    /// Requests there must be within the window for a rate to mean anything.
    pub requests: u64,
    /// What a rate is taken over.
    pub window: Duration,
    /// How long the first ejection lasts. Each further one lasts twice as long as the last.
    pub time: Duration,
    /// The longest that an ejection lasts.
    pub max_time: Duration,
    /// Requests that have to succeed before a server that was ejected is back.
    pub probes: u16,
    /// Percent of an upstream's servers that may be ejected at the same time.
    pub max_ejected: MaxEjected,
}

impl EjectionRules {
    /// What holds unless a configuration says otherwise.
    pub const DEFAULT: EjectionRules = EjectionRules {
        failures: 5,
        rate_percent: 50,
        requests: 20,
        window: Duration::from_secs(10),
        time: Duration::from_secs(5),
        max_time: Duration::from_secs(300),
        probes: 3,
        max_ejected: MaxEjected(70),
    };

    /// Whether so many of so many requests within the window are too many.
    #[must_use]
    pub fn is_failing(&self, tally: Tally) -> bool {
        let Tally { requests, failed } = tally;
        self.rate_percent > 0
            && self.is_meaningful(tally)
            && u128::from(failed) * 100 >= u128::from(self.rate_percent) * u128::from(requests)
    }

    /// Whether these are requests enough for a rate to mean anything.
    #[must_use]
    pub fn is_meaningful(&self, tally: Tally) -> bool {
        tally.requests >= self.requests.max(1)
    }
}

impl Default for EjectionRules {
    fn default() -> EjectionRules {
        EjectionRules::DEFAULT
    }
}

/// The most servers of an upstream, in percent, that may be ejected at the same time: when all fail,
/// the fault is likely to be elsewhere, and those left would be overrun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxEjected(pub u32);

impl MaxEjected {
    /// Whether one more of `servers` may be ejected when `ejected` are. Never the last one.
    #[must_use]
    pub fn allows_another(self, ejected: usize, servers: usize) -> bool {
        let most = servers * self.0.min(100) as usize / 100;
        ejected < most.min(servers.saturating_sub(1))
    }
}

/// Where a server is on its way out and back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    In,
    /// Left out until then.
    Out { until: Duration },
    /// Asked a few times; so many answers are still wanted.
    Probing { left: u16 },
}

/// The ejections of one server.
#[derive(Debug, Clone, Default)]
pub(super) struct Ejection {
    pub(super) phase: Phase,
    /// How long the last one was, and when it ended.
    pub(super) last: Duration,
    pub(super) ended: Duration,
    /// What the last one was for.
    pub(super) cause: EjectionCause,
}

impl Ejection {
    /// Out, from now on. Twice as long as the last time, unless it was well for at least twice as
    /// long as it was out.
    pub(super) fn begin(&mut self, rules: &EjectionRules, cause: EjectionCause, now: Duration) {
        self.cause = cause;
        let well = match self.phase {
            Phase::In => now.saturating_sub(self.ended),
            Phase::Out { .. } | Phase::Probing { .. } => Duration::ZERO,
        };
        let counts = self.counts_after(well);
        let time = if counts { self.last.saturating_mul(2) } else { rules.time };
        self.last = time.min(rules.max_time);
        self.phase = Phase::Out { until: now.saturating_add(self.last) };
    }

    /// Whether the last one still counts when the server has been well for so long since.
    pub(super) fn counts_after(&self, well: Duration) -> bool {
        well < self.last.saturating_mul(2)
    }

    /// The time is over: probes follow.
    pub(super) fn tick(&mut self, rules: &EjectionRules, now: Duration) -> bool {
        let is_over = matches!(self.phase, Phase::Out { until } if until <= now);
        if is_over {
            self.phase = Phase::Probing { left: rules.probes.max(1) };
        }
        is_over
    }

    /// So many probes were answered well. True when it is back.
    pub(super) fn answered(&mut self, probes: u16, now: Duration) -> bool {
        let Phase::Probing { left } = self.phase else { return false };
        match left.saturating_sub(probes) {
            0 => {
                self.phase = Phase::In;
                self.ended = now;
                true
            }
            left => {
                self.phase = Phase::Probing { left };
                false
            }
        }
    }

    /// It is well, as somebody knows better.
    pub(super) fn end(&mut self, now: Duration) {
        if self.phase != Phase::In {
            self.phase = Phase::In;
            self.ended = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn lengths(pauses: &[u32]) -> Vec<u64> {
        let rules = EjectionRules { probes: 1, ..EjectionRules::DEFAULT };
        let (mut ejection, mut now) = (Ejection::default(), SECOND);
        let mut times = Vec::new();
        for pause in pauses {
            ejection.begin(&rules, EjectionCause::Unanswered, now);
            let Phase::Out { until } = ejection.phase else { panic!("out") };
            times.push((until - now).as_secs());
            assert!(!ejection.tick(&rules, until - SECOND / 10));
            assert!(ejection.tick(&rules, until));
            assert!(ejection.answered(1, until));
            now = until + SECOND * *pause;
        }
        times
    }

    #[test]
    fn each_is_twice_as_long_up_to_a_bound() {
        assert_eq!(lengths(&[1; 9]), [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn who_has_been_well_for_long_begins_anew() {
        assert_eq!(lengths(&[9, 20, 9, 1]), [5, 10, 5, 10]);
    }

    #[test]
    fn a_failed_probe_is_a_further_ejection() {
        let rules = EjectionRules::DEFAULT;
        let mut ejection = Ejection::default();
        ejection.begin(&rules, EjectionCause::Unanswered, SECOND);
        assert!(ejection.tick(&rules, SECOND * 6));
        assert!(!ejection.answered(2, SECOND * 7), "three are wanted");
        ejection.begin(&rules, EjectionCause::Unanswered, SECOND * 8);
        assert_eq!(ejection.phase, Phase::Out { until: SECOND * 18 });
    }

    #[test]
    fn never_more_than_a_share_and_never_the_last() {
        let most = |percent, servers| {
            (0..=servers)
                .find(|ejected| !MaxEjected(percent).allows_another(*ejected, servers))
                .unwrap()
        };
        assert_eq!([1, 2, 3, 4, 10].map(|servers| most(70, servers)), [0, 1, 2, 2, 7]);
        assert_eq!([1, 2, 3, 10].map(|servers| most(100, servers)), [0, 1, 2, 9]);
        assert_eq!(most(0, 10), 0);
    }

    #[test]
    fn a_rate_needs_requests_enough() {
        let rules = EjectionRules::DEFAULT;
        let of = |failed, requests| Tally { requests, failed };
        assert!(!rules.is_failing(of(19, 19)));
        assert!(rules.is_failing(of(10, 20)));
        assert!(!rules.is_failing(of(9, 20)));
        assert!(!EjectionRules { rate_percent: 0, ..rules }.is_failing(of(20, 20)));
    }
}
