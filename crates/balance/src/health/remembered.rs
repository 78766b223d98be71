//! What of a server's condition is worth knowing to whoever comes after: a hint, to be confirmed or
//! refuted, in times that are relative to the moment it is asked for.

use std::time::Duration;

use super::condition::Condition;
use super::ejection::{Ejection, EjectionRules, Phase};

/// What is remembered of one server. By default nothing: it is well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Somebody said that it gets nothing new.
    pub draining: bool,
    /// Its checks failed.
    pub down: bool,
    /// The last ejection, as long as it counts.
    pub ejection: Option<PastEjection>,
    /// How long it has been back, while its share grows.
    pub returned: Option<Duration>,
}

/// The last ejection of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEjection {
    /// How long it was meant to last. The next one lasts twice as long.
    pub length: Duration,
    /// How far it has come.
    pub stage: EjectionStage,
}

/// How far an ejection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EjectionStage {
    /// It lasts so much longer.
    Out {
        /// Until the server is tried again.
        left: Duration,
    },
    /// The server is being tried again.
    Probing,
    /// It ended so long ago.
    Over {
        /// Since the server was back.
        ago: Duration,
    },
}

impl Remembered {
    /// True when there is nothing to tell of the server.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Remembered::default()
    }
}

impl Condition {
    /// What whoever comes after should know.
    #[must_use]
    pub fn remembered(&self, now: Duration) -> Remembered {
        Remembered {
            draining: self.draining,
            down: self.down,
            ejection: self.ejection.remembered(now),
            returned: self.returned.map(|since| now.saturating_sub(since)),
        }
    }

    /// Begins with what is remembered, as far as its own rules have a use for it: nobody is out for
    /// longer than they say.
    pub fn recall(&mut self, remembered: &Remembered, now: Duration) {
        self.draining = remembered.draining;
        self.down = remembered.down;
        if let (Some(rules), Some(past)) = (&self.rules, &remembered.ejection) {
            self.ejection = Ejection::recalled(past, rules, now);
        }
        let returned = remembered.returned.filter(|ago| *ago < self.slow_start);
        self.returned = returned.map(|ago| now.saturating_sub(ago));
    }
}

impl Ejection {
    fn remembered(&self, now: Duration) -> Option<PastEjection> {
        let stage = match self.phase {
            Phase::Out { until } => EjectionStage::Out { left: until.saturating_sub(now) },
            Phase::Probing { .. } => EjectionStage::Probing,
            Phase::In => EjectionStage::Over { ago: now.saturating_sub(self.ended) },
        };
        let counts = match stage {
            EjectionStage::Over { ago } => self.counts_after(ago),
            EjectionStage::Out { .. } | EjectionStage::Probing => true,
        };
        counts.then_some(PastEjection { length: self.last, stage })
    }

    fn recalled(past: &PastEjection, rules: &EjectionRules, now: Duration) -> Ejection {
        let (phase, ended) = match past.stage {
            EjectionStage::Out { left } => {
                let until = now.saturating_add(left.min(rules.max_time));
                (Phase::Out { until }, Duration::ZERO)
            }
            EjectionStage::Probing => {
                (Phase::Probing { left: rules.probes.max(1) }, Duration::ZERO)
            }
            EjectionStage::Over { ago } => (Phase::In, now.saturating_sub(ago)),
        };
        let last = past.length.min(rules.max_time);
        Ejection { phase, last, ended, ..Ejection::default() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{EjectionCause, ServerState, Standing};

    const SECOND: Duration = Duration::from_secs(1);

    fn server() -> Condition {
        Condition::new(Some(EjectionRules::DEFAULT), SECOND * 10)
    }

    /// A server that begins, at another time, with what is remembered of this one.
    fn successor(of: &Condition, at: Duration, begins: Duration) -> Condition {
        let mut next = server();
        next.recall(&of.remembered(at), begins);
        next
    }

    #[test]
    fn of_a_server_that_is_well_nothing_is_remembered() {
        assert!(server().remembered(SECOND).is_nothing());
    }

    #[test]
    fn an_ejection_lasts_as_long_as_it_would_have_and_counts() {
        let mut before = server();
        before.eject(EjectionCause::Unanswered, SECOND * 100);
        let mut after = successor(&before, SECOND * 102, SECOND * 7);
        assert_eq!(after.ejected_until(), Some(SECOND * 10));
        assert!(after.tick(SECOND * 10) && after.is_probing());
        after.eject(EjectionCause::Unanswered, SECOND * 10);
        assert_eq!(after.ejected_until(), Some(SECOND * 20), "twice as long as the last");
    }

    #[test]
    fn one_that_was_tried_again_is_tried_anew() {
        let mut before = server();
        before.eject(EjectionCause::Unanswered, SECOND);
        before.tick(SECOND * 6);
        before.probed(2, SECOND * 7);
        let after = successor(&before, SECOND * 8, SECOND);
        assert_eq!(after.standing(SECOND), Standing::Probing(EjectionRules::DEFAULT.probes));
    }

    #[test]
    fn the_past_counts_until_the_server_has_been_well_for_long() {
        let mut before = server();
        before.eject(EjectionCause::Unanswered, SECOND);
        before.tick(SECOND * 6);
        before.probed(3, SECOND * 6);
        let mut after = successor(&before, SECOND * 12, SECOND * 50);
        assert_eq!(after.state(), ServerState::Up);
        after.eject(EjectionCause::Unanswered, SECOND * 51);
        assert_eq!(after.ejected_until(), Some(SECOND * 61), "well for 7 s only");
        assert_eq!(before.remembered(SECOND * 16).ejection, None, "well for 10 s");
    }

    #[test]
    fn a_share_goes_on_growing() {
        let mut before = server();
        before.fall(Duration::ZERO);
        before.rise(SECOND);
        let after = successor(&before, SECOND * 6, SECOND * 20);
        assert_eq!(after.standing(SECOND * 20), Standing::Open(550));
    }

    #[test]
    fn drained_and_down_it_stays_so() {
        let mut before = server();
        before.drain(SECOND);
        before.fall(SECOND);
        let mut after = successor(&before, SECOND, SECOND);
        assert_eq!(after.state(), ServerState::Draining);
        after.undrain(SECOND);
        assert_eq!(after.state(), ServerState::Down);
    }

    #[test]
    fn without_rules_nobody_is_out() {
        let mut before = server();
        before.eject(EjectionCause::Unanswered, SECOND);
        let mut after = Condition::new(None, Duration::ZERO);
        after.recall(&before.remembered(SECOND), SECOND);
        assert_eq!(after.state(), ServerState::Up);
    }

    fn times() -> impl Strategy<Value = Duration> {
        any::<u64>().prop_map(Duration::from_millis)
    }

    fn anything() -> impl Strategy<Value = Remembered> {
        let stage = prop_oneof![
            times().prop_map(|left| EjectionStage::Out { left }),
            Just(EjectionStage::Probing),
            times().prop_map(|ago| EjectionStage::Over { ago }),
        ];
        let ejection = (times(), stage).prop_map(|(length, stage)| PastEjection { length, stage });
        (
            any::<bool>(),
            any::<bool>(),
            proptest::option::of(ejection),
            proptest::option::of(times()),
        )
            .prop_map(|(draining, down, ejection, returned)| Remembered {
                draining,
                down,
                ejection,
                returned,
            })
    }

    proptest! {
        /// Whatever somebody claims to remember, the rules hold: nobody is out for longer than they
        /// say, and the next ejection is no longer either.
        #[test]
        fn a_hint_never_goes_beyond_the_rules(hint in anything(), now in times()) {
            let rules = EjectionRules::DEFAULT;
            let mut server = server();
            server.recall(&hint, now);
            if let Some(until) = server.ejected_until() {
                prop_assert!(until.saturating_sub(now) <= rules.max_time);
            }
            if let Standing::Open(share) = server.standing(now) {
                prop_assert!((100..=Standing::FULL).contains(&share));
            }
            server.tick(now.saturating_add(rules.max_time));
            server.eject(EjectionCause::Unanswered, now);
            if let Some(until) = server.ejected_until() {
                prop_assert!(until.saturating_sub(now) <= rules.max_time);
            }
        }

        /// What is remembered at once is what was recalled.
        #[test]
        fn what_is_recalled_is_remembered(left in 0u64..300_000, length in 1u64..300_000) {
            let millis = Duration::from_millis;
            let stage = EjectionStage::Out { left: millis(left) };
            let ejection = Some(PastEjection { length: millis(length), stage });
            let hint = Remembered { draining: true, ejection, ..Remembered::default() };
            let mut server = server();
            server.recall(&hint, SECOND);
            prop_assert_eq!(server.remembered(SECOND), hint);
        }
    }
}
