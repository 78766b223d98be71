//! One server's condition: what checks, failures and operators say of it, and the gate that follows.

use std::time::Duration;

use super::circuit::Circuit;
use super::ejection::{Ejection, EjectionCause, EjectionRules, Phase};
use crate::gate::Standing;

/// What a server that has come back is given at once, in thousandths of its weight; the rest comes
/// by and by.
const FIRST_SHARE: u128 = 100;

/// A slow start takes at most so many times as long as the server was away.
const WARM: u32 = 10;

/// A server's condition in one word, as it is told to operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerState {
    /// It gets requests.
    Up,
    /// Its checks fail.
    Down,
    /// It gets no new requests, because somebody said so.
    Draining,
    /// It failed requests and is left out for a while, or is being tried again.
    Ejected,
}

impl ServerState {
    /// Every state, in the order in which they are documented.
    pub const ALL: [ServerState; 4] =
        [ServerState::Up, ServerState::Down, ServerState::Draining, ServerState::Ejected];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ServerState::Up => "up",
            ServerState::Down => "down",
            ServerState::Draining => "draining",
            ServerState::Ejected => "ejected",
        }
    }
}

/// What is known of one server. Changes by events alone; [`Condition::standing`] says what its gate
/// has to be.
#[derive(Debug, Clone)]
pub struct Condition {
    /// None: it is never ejected.
    pub(super) rules: Option<EjectionRules>,
    pub(super) slow_start: Duration,
    pub(super) draining: bool,
    pub(super) down: bool,
    /// It gets requests only while no other server can have them.
    stands_by: bool,
    pub(super) ejection: Ejection,
    /// Since when it has been back, for as long as its share grows.
    pub(super) returned: Option<Duration>,
    /// Over what time its share grows.
    growth: Duration,
    /// Since when it has been away; none: it is not, or nobody knows.
    left: Option<Duration>,
}

impl Condition {
    /// A server that is up. One that comes back later gets its whole share over `slow_start`.
    #[must_use]
    pub fn new(rules: Option<EjectionRules>, slow_start: Duration) -> Condition {
        Condition {
            rules,
            slow_start,
            draining: false,
            down: false,
            stands_by: false,
            ejection: Ejection::default(),
            returned: None,
            growth: slow_start,
            left: None,
        }
    }

    /// From now on these rules hold: the configuration has changed. A share that grows goes on by the
    /// new time.
    pub fn follow(&mut self, rules: Option<EjectionRules>, slow_start: Duration, now: Duration) {
        if rules.is_none() {
            self.ejection.end(now);
        }
        (self.rules, self.slow_start) = (rules, slow_start);
        self.growth = slow_start;
        self.left = self.left.filter(|_| self.state() != ServerState::Up);
    }

    /// Whether its checks have failed.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.down
    }

    /// No new requests, until [`Condition::undrain`].
    pub fn drain(&mut self, now: Duration) {
        self.leave(now);
        self.draining = true;
    }

    /// It may have requests again.
    pub fn undrain(&mut self, now: Duration) {
        if std::mem::take(&mut self.draining) {
            self.come_back(now);
        }
    }

    /// Whether it gets requests only while no other server can have them.
    pub fn stand_by(&mut self, stands_by: bool) {
        self.stands_by = stands_by;
    }

    /// Its checks have failed.
    pub fn fall(&mut self, now: Duration) {
        self.leave(now);
        self.down = true;
    }

    /// Its checks succeed again: whatever it was ejected for is over too.
    pub fn rise(&mut self, now: Duration) {
        if std::mem::take(&mut self.down) {
            self.ejection.end(now);
            self.come_back(now);
        }
    }

    /// It failed too many requests, or a probe. False if it is never ejected, or is out already.
    pub fn eject(&mut self, cause: EjectionCause, now: Duration) -> bool {
        match &self.rules {
            Some(rules) if !matches!(self.ejection.phase, Phase::Out { .. }) => {
                self.left.get_or_insert(now);
                self.ejection.begin(rules, cause, now);
                true
            }
            _ => false,
        }
    }

    /// A check succeeded. That shows the end of what it would have shown too: that no connection came
    /// about, or that nothing was answered. True if it ended an ejection.
    pub fn check_succeeded(&mut self, now: Duration) -> bool {
        let is_refuted = self.is_ejected()
            && matches!(self.ejection.cause, EjectionCause::Unreachable | EjectionCause::Silent);
        if is_refuted {
            self.ejection.end(now);
            self.come_back(now);
        }
        is_refuted
    }

    /// It was started again, as whoever started it says: what was known of it was of another process.
    /// A drain stays.
    pub fn restarted(&mut self, now: Duration) {
        let was_away = std::mem::take(&mut self.down) || self.is_ejected();
        if was_away {
            self.ejection.end(now);
            self.come_back(now);
        }
    }

    /// What it is ejected for, if it is.
    #[must_use]
    pub fn ejection_cause(&self) -> Option<EjectionCause> {
        self.is_ejected().then_some(self.ejection.cause)
    }

    /// So many requests succeeded while it was being tried again. True when it is back.
    pub fn probed(&mut self, answered: u16, now: Duration) -> bool {
        let is_back = self.ejection.answered(answered, now);
        if is_back {
            self.come_back(now);
        }
        is_back
    }

    /// What time alone changes: the end of an ejection, a share that grows. True if its standing may
    /// be another one than before.
    pub fn tick(&mut self, now: Duration) -> bool {
        let over = self.rules.as_ref().is_some_and(|rules| self.ejection.tick(rules, now));
        let Some(since) = self.returned else { return over };
        if now.saturating_sub(since) >= self.growth {
            self.returned = None;
        }
        true
    }

    fn leave(&mut self, now: Duration) {
        self.left.get_or_insert(now);
    }

    /// One that was away for a moment has not become cold: its share grows the sooner.
    fn come_back(&mut self, now: Duration) {
        if self.state() != ServerState::Up {
            return;
        }
        let away = self.left.take().map(|since| now.saturating_sub(since));
        let longest = away.map_or(Duration::MAX, |away| away.saturating_mul(WARM));
        self.growth = self.slow_start.min(longest);
        self.returned = (!self.growth.is_zero()).then_some(now);
    }

    /// Whether it is out or being tried again for failed requests.
    #[must_use]
    pub fn is_ejected(&self) -> bool {
        self.ejection.phase != Phase::In
    }

    /// Whether it is being tried again after an ejection: one failure more and it is out.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        matches!(self.ejection.phase, Phase::Probing { .. })
    }

    /// When its ejection ends, if it is out.
    #[must_use]
    pub fn ejected_until(&self) -> Option<Duration> {
        match self.ejection.phase {
            Phase::Out { until } => Some(until),
            Phase::In | Phase::Probing { .. } => None,
        }
    }

    /// The one word for it. What somebody decided goes before what checks say, and that before
    /// what requests showed.
    #[must_use]
    pub fn state(&self) -> ServerState {
        if self.draining {
            ServerState::Draining
        } else if self.down {
            ServerState::Down
        } else if self.is_ejected() {
            ServerState::Ejected
        } else {
            ServerState::Up
        }
    }

    /// Its ejection in the words of circuit breakers.
    #[must_use]
    pub fn circuit(&self) -> Circuit {
        match self.ejection.phase {
            Phase::In => Circuit::Closed,
            Phase::Out { .. } => Circuit::Open,
            Phase::Probing { .. } => Circuit::HalfOpen,
        }
    }

    /// How its gate has to stand.
    #[must_use]
    pub fn standing(&self, now: Duration) -> Standing {
        match (self.state(), self.ejection.phase) {
            (ServerState::Draining, Phase::In) if !self.down => Standing::Reserve,
            (ServerState::Draining | ServerState::Down, _) => Standing::Closed,
            (ServerState::Ejected, Phase::Probing { left }) => Standing::Probing(left),
            (ServerState::Ejected, _) => Standing::Closed,
            (ServerState::Up, _) if self.stands_by => Standing::Reserve,
            (ServerState::Up, _) => Standing::Open(self.share(now)),
        }
    }

    fn share(&self, now: Duration) -> u16 {
        let full = u128::from(Standing::FULL);
        let Some(since) = self.returned else { return Standing::FULL };
        let passed = now.saturating_sub(since).as_millis();
        let whole = self.growth.as_millis().max(1);
        let share = FIRST_SHARE + (full - FIRST_SHARE) * passed.min(whole) / whole;
        u16::try_from(share).unwrap_or(Standing::FULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn server() -> Condition {
        Condition::new(Some(EjectionRules::DEFAULT), SECOND * 10)
    }

    fn full() -> Standing {
        Standing::Open(Standing::FULL)
    }

    #[test]
    fn a_server_begins_with_its_whole_share() {
        let server = server();
        assert_eq!((server.state(), server.standing(SECOND)), (ServerState::Up, full()));
    }

    #[test]
    fn what_is_decided_goes_before_checks_before_requests() {
        let mut server = server();
        assert!(server.eject(EjectionCause::Unanswered, SECOND));
        assert_eq!(
            (server.state(), server.standing(SECOND)),
            (ServerState::Ejected, Standing::Closed)
        );
        server.fall(Duration::ZERO);
        assert_eq!(server.state(), ServerState::Down);
        server.drain(Duration::ZERO);
        assert_eq!(
            (server.state(), server.standing(SECOND)),
            (ServerState::Draining, Standing::Closed)
        );
        server.undrain(SECOND);
        assert_eq!(server.state(), ServerState::Down);
        server.rise(SECOND);
        assert_eq!(server.state(), ServerState::Up, "checks that succeed end an ejection");
    }

    #[test]
    fn one_that_drains_and_is_well_serves_before_those_that_are_not() {
        let mut server = server();
        server.drain(Duration::ZERO);
        assert_eq!(server.standing(SECOND), Standing::Reserve);
    }

    #[test]
    fn one_that_comes_back_gets_its_share_by_and_by() {
        let mut server = server();
        server.fall(Duration::ZERO);
        server.rise(SECOND);
        let shares = [1, 2, 6, 11, 60].map(|second| {
            server.tick(SECOND * second);
            server.standing(SECOND * second)
        });
        let due = [100, 190, 550, 1000, 1000].map(Standing::Open);
        assert_eq!(shares, due);
        assert!(!server.tick(SECOND * 61), "nothing changes any more");
    }

    #[test]
    fn one_that_was_away_for_a_moment_is_soon_whole_again() {
        let mut server = server();
        server.fall(SECOND);
        server.rise(SECOND + SECOND / 10);
        let shares = [11, 16, 21].map(|tenth| {
            server.tick(SECOND * tenth / 10);
            server.standing(SECOND * tenth / 10)
        });
        assert_eq!(shares, [100, 550, 1000].map(Standing::Open));
    }

    #[test]
    fn without_slow_start_it_is_back_at_once() {
        let mut server = Condition::new(None, Duration::ZERO);
        server.fall(Duration::ZERO);
        server.rise(SECOND);
        assert_eq!(server.standing(SECOND), full());
        assert!(
            !server.eject(EjectionCause::Unanswered, SECOND),
            "without rules nothing is ejected"
        );
    }

    #[test]
    fn an_ejected_server_is_probed_and_then_starts_slowly() {
        let mut server = server();
        assert_eq!(server.circuit(), Circuit::Closed);
        assert!(server.eject(EjectionCause::Unanswered, SECOND));
        assert!(!server.eject(EjectionCause::Unanswered, SECOND), "it is out already");
        assert_eq!(server.circuit(), Circuit::Open);
        assert!(!server.tick(SECOND * 5));
        assert!(server.tick(SECOND * 6));
        assert_eq!(server.circuit(), Circuit::HalfOpen);
        assert_eq!(server.standing(SECOND * 6), Standing::Probing(3));
        assert_eq!(
            server.state(),
            ServerState::Ejected,
            "as long as it has not shown that it is well"
        );
        assert!(!server.probed(1, SECOND * 6));
        assert!(server.probed(2, SECOND * 7));
        assert_eq!(server.circuit(), Circuit::Closed);
        assert_eq!(server.standing(SECOND * 7), Standing::Open(100));
    }

    #[test]
    fn a_probe_that_fails_ejects_again() {
        let mut server = server();
        server.eject(EjectionCause::Unanswered, SECOND);
        server.tick(SECOND * 6);
        assert!(server.is_probing());
        assert!(server.eject(EjectionCause::Unanswered, SECOND * 6));
        assert_eq!(server.ejected_until(), Some(SECOND * 16));
    }

    #[test]
    fn a_check_ends_what_it_would_have_shown() {
        use EjectionCause::{Silent, Status, Unanswered, Unreachable};
        for (cause, ends) in
            [(Unreachable, true), (Silent, true), (Unanswered, false), (Status, false)]
        {
            let mut server = server();
            assert!(!server.check_succeeded(SECOND), "it is in");
            assert!(server.eject(cause, SECOND));
            assert_eq!(server.ejection_cause(), Some(cause));
            assert_eq!(server.check_succeeded(SECOND * 2), ends, "{cause:?}");
            assert_eq!(server.is_ejected(), !ends, "{cause:?}");
        }
    }

    #[test]
    fn one_that_was_started_again_is_up_whatever_was_known() {
        let mut server = server();
        server.eject(EjectionCause::Status, SECOND);
        server.fall(Duration::ZERO);
        server.drain(Duration::ZERO);
        server.restarted(SECOND * 2);
        assert_eq!(server.state(), ServerState::Draining, "that was said of the place");
        server.undrain(SECOND * 2);
        assert_eq!(server.state(), ServerState::Up);
        let mut server = self::server();
        server.restarted(SECOND);
        assert_eq!(server.standing(SECOND), full(), "it had not been away");
    }
}
