//! What is known of one server.

mod change;
mod memory;
mod told;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;
use tombolo_balance::{Condition, EjectionCause, EjectionRules, Gate, ServerState, Standing};
use tombolo_daemon::config::HealthCheck;

use super::changes::tell_of_change;
use super::failures::Fault;
use super::watch::ring;
use super::{Failures, Page, clock};
pub(crate) use memory::ServerMemory;
pub(crate) use told::Told;

/// One server's health. The request path reads the gate alone; the rest is for who writes it and
/// for who is told.
pub(crate) struct Health {
    /// The server's name, for the log.
    name: String,
    gate: Arc<Gate>,
    /// What requests showed.
    pub(crate) failures: Failures,
    /// How it is checked; none: not at all.
    checks: ArcSwapOption<HealthCheck>,
    /// Somebody does so.
    is_checked: AtomicBool,
    /// Rung when a request failed: a check is due.
    doubt: Notify,
    /// Rung while requests wait for long: a check is due at once.
    waited: Notify,
    /// When that was last so, in milliseconds since the process began.
    waited_at: AtomicU64,
    /// Requests wait, and a check has had no answer either.
    silent: AtomicBool,
    known: Mutex<Known>,
}

struct Known {
    condition: Condition,
    state: ServerState,
    whys: Whys,
    since: Option<SystemTime>,
    /// All this is from before the process, as it was then, and nothing has shown yet whether it
    /// still holds.
    recalled: Option<SystemTime>,
    /// A drain holds over a restart.
    drain_lasts: bool,
    check: Option<LastCheck>,
    checks: (u64, u64),
    ejections: u64,
    /// Times its state became another.
    changes: u64,
    /// Why requests that write go elsewhere, if they do.
    reads_only: Option<String>,
}

/// What came of the last check of a server.
#[derive(Clone, Debug)]
pub(crate) struct LastCheck {
    pub(crate) at: SystemTime,
    pub(crate) took: Duration,
    /// What was wrong; none: it succeeded.
    pub(crate) failure: Option<String>,
}

/// Why it is what it is. Several may hold at once; the state says which one is told.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Whys {
    pub(crate) draining: Option<String>,
    pub(crate) down: Option<String>,
    pub(crate) ejected: Option<String>,
}

impl Whys {
    fn of(&mut self, state: ServerState) -> Option<&mut Option<String>> {
        match state {
            ServerState::Up => None,
            ServerState::Draining => Some(&mut self.draining),
            ServerState::Down => Some(&mut self.down),
            ServerState::Ejected => Some(&mut self.ejected),
        }
    }
}

impl Health {
    /// A server that is up, and whom nobody checks yet.
    pub(crate) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            gate: Arc::default(),
            failures: Failures::default(),
            checks: ArcSwapOption::empty(),
            is_checked: AtomicBool::new(false),
            doubt: Notify::new(),
            waited: Notify::new(),
            waited_at: AtomicU64::new(0),
            silent: AtomicBool::new(false),
            known: Mutex::new(Known {
                condition: Condition::new(None, Duration::ZERO),
                state: ServerState::Up,
                whys: Whys::default(),
                since: None,
                recalled: None,
                drain_lasts: false,
                check: None,
                checks: (0, 0),
                ejections: 0,
                changes: 0,
                reads_only: None,
            }),
        })
    }

    /// What the configuration says, at the start and after a reload. What is known of it stays, but
    /// what nobody would ever take back.
    pub(crate) fn follow(
        &self,
        rules: Option<EjectionRules>,
        slow_start: Duration,
        checks: Option<Arc<HealthCheck>>,
    ) {
        self.failures.note(rules.as_ref().map_or(0, |rules| rules.failures));
        let is_checked = checks.is_some();
        self.checks.store(checks);
        self.change(None, |condition, now| {
            condition.follow(rules, slow_start, now);
            if !is_checked && condition.is_down() {
                condition.rise(now);
            }
        });
    }

    /// How it is checked; none: not at all.
    pub(crate) fn checks(&self) -> Option<Arc<HealthCheck>> {
        self.checks.load_full()
    }

    /// Takes its checks on. False if somebody has them, or there are none.
    pub(crate) fn take_checks(&self) -> bool {
        self.checks.load().is_some() && !self.is_checked.swap(true, Relaxed)
    }

    /// Leaves its checks to others.
    pub(crate) fn leave_checks(&self) {
        self.is_checked.store(false, Relaxed);
    }

    /// The gate, for the balancer.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// No new requests for it from now on, while others can have them. What is under way goes on.
    /// One that `lasts` holds over a restart of the gateway.
    pub(crate) fn drain(&self, why: &str, lasts: bool) {
        self.lock().drain_lasts = lasts;
        self.change(Some((ServerState::Draining, why)), |condition, now| condition.drain(now));
    }

    /// The end of a drain.
    pub(crate) fn undrain(&self) {
        self.change(None, |condition, now| condition.undrain(now));
    }

    /// Whether it gets requests only while no other server can have them.
    pub(crate) fn stand_by(&self, stands_by: bool) {
        self.change(None, |condition, _| condition.stand_by(stands_by));
    }

    /// Its checks fail.
    pub(crate) fn fall(&self, why: &str) {
        self.change(Some((ServerState::Down, why)), |condition, now| condition.fall(now));
    }

    /// Its checks succeed.
    pub(crate) fn rise(&self) {
        self.change(None, |condition, now| condition.rise(now));
    }

    /// It failed too many requests. False if it is never ejected, or is out already.
    pub(crate) fn eject(&self, cause: EjectionCause, why: &str) -> bool {
        let is_out = self.change(Some((ServerState::Ejected, why)), |condition, now| {
            condition.eject(cause, now)
        });
        if is_out {
            self.failures.forget();
            let mut known = self.lock();
            known.ejections = known.ejections.saturating_add(1);
        }
        is_out
    }

    /// So many requests succeeded while it was being tried again.
    pub(crate) fn probed(&self, answered: u16) {
        self.change(None, |condition, now| condition.probed(answered, now));
    }

    /// A request failed at it without an answer.
    #[cold]
    pub(crate) fn failed(&self, failure: Fault) {
        if self.failures.failed(failure) {
            self.doubt.notify_one();
        }
    }

    /// It answered a request for this page with a status that counts as a failure.
    #[cold]
    pub(crate) fn answered_badly(&self, page: Page) {
        if self.failures.answered_badly(page) {
            self.doubt.notify_one();
        }
    }

    /// A request for this page succeeded at it.
    #[inline]
    pub(crate) fn succeeded(&self, page: impl FnOnce() -> Page) {
        self.failures.succeeded(page);
    }

    /// A check succeeded: it is back, if a check shows that.
    pub(crate) fn check_succeeded(&self) {
        self.silent.store(false, Relaxed);
        if self.change(None, |condition, now| condition.check_succeeded(now)) {
            // What came of requests while it was out says nothing of what it does now.
            self.failures.forget();
        }
    }

    /// It was started again, and is ready: what was known of it is over.
    pub(crate) fn restarted(&self) {
        self.silent.store(false, Relaxed);
        self.change(None, |condition, now| condition.restarted(now));
        self.failures.forget();
        self.doubt.notify_one();
    }

    /// Requests wait for it for long. Told again and again as long as that is so.
    #[cold]
    pub(crate) fn keeps_waiting(&self) {
        let now = clock::millis_since_start();
        self.waited_at.store(now, Relaxed);
        self.waited.notify_one();
    }

    /// Ready when requests have waited for long at some time after `since`, of the process.
    pub(crate) async fn waited(&self, since: Duration) {
        loop {
            self.waited.notified().await;
            if u128::from(self.waited_at.load(Relaxed)) >= since.as_millis() {
                return;
            }
        }
    }

    /// While requests wait for it, a check has had no answer for so long either.
    pub(crate) fn is_silent_for(&self, quiet: Duration) {
        let millis = quiet.as_millis();
        tracing::debug!(server = %self.name, millis, "requests wait, and a check has no answer");
        self.silent.store(true, Relaxed);
        ring();
    }

    /// Whether neither requests nor a check are answered.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Relaxed)
    }

    /// The last check that was silent has ended, whatever it said.
    pub(crate) fn is_heard(&self) {
        self.silent.store(false, Relaxed);
    }

    /// Whether nothing is to be expected of it: its checks fail, or it is ejected.
    #[inline]
    pub(crate) fn is_out(&self) -> bool {
        self.gate.standing() == Standing::Closed
    }

    /// Whether it is ejected for what a check would show to be over.
    pub(crate) fn awaits_a_check(&self) -> bool {
        let cause = self.lock().condition.ejection_cause();
        matches!(cause, Some(EjectionCause::Unreachable | EjectionCause::Silent))
    }

    /// Ready when a request has failed since it was last asked for.
    pub(crate) async fn doubted(&self) {
        self.doubt.notified().await;
    }

    /// A check has ended, with what was wrong if anything was.
    pub(crate) fn checked(&self, failure: Option<String>, took: Duration) {
        let mut known = self.lock();
        let (succeeded, failed) = &mut known.checks;
        let count = if failure.is_none() { succeeded } else { failed };
        *count = count.saturating_add(1);
        if failure.is_some() && known.state == ServerState::Down && known.recalled.take().is_some()
        {
            tell_of_change();
        }
        known.check = Some(LastCheck { at: SystemTime::now(), took, failure });
    }

    /// Whether it can store, as a check of that has shown, and why not. While it cannot, requests that
    /// write go to other servers.
    pub(crate) fn set_reads_only(&self, why: Option<String>) {
        let mut known = self.lock();
        let server = &self.name;
        match (&known.reads_only, &why) {
            (None, Some(why)) => {
                tracing::warn!(%server, why, "it cannot store: requests that write go elsewhere");
            }
            (Some(_), None) => tracing::info!(%server, "it can store again"),
            _ => {}
        }
        self.gate.set_reads_only(why.is_some());
        known.reads_only = why;
    }

    /// The probes it was given are lost or answered: it is given as many as are still wanted.
    pub(crate) fn probe_again(&self) {
        let known = self.lock();
        if known.condition.is_probing() {
            self.gate.set(known.condition.standing(clock::now()));
        }
    }

    /// What time alone changes.
    pub(crate) fn tick(&self) {
        self.change(None, |condition, now| condition.tick(now));
    }

    /// Whether its checks have failed.
    pub(crate) fn is_down(&self) -> bool {
        self.lock().condition.is_down()
    }

    /// Whether it is tried again after an ejection.
    pub(crate) fn is_probing(&self) -> bool {
        self.lock().condition.is_probing()
    }

    /// Whether it is out, or is tried again, for failed requests.
    pub(crate) fn is_ejected(&self) -> bool {
        self.lock().condition.is_ejected()
    }

    /// Whether nothing speaks against it, though it may stand by.
    pub(crate) fn is_up(&self) -> bool {
        self.lock().condition.state() == ServerState::Up
    }

    /// Whether requests go to it while others can have them.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.gate.standing(), Standing::Open(_) | Standing::Probing(_))
    }

    fn tell(&self, state: ServerState, why: Option<&str>) {
        let (server, why) = (&self.name, why.unwrap_or_default());
        match state {
            ServerState::Up => tracing::info!(%server, "up again"),
            ServerState::Draining => {
                tracing::info!(%server, why, "draining: no new requests for it")
            }
            ServerState::Down => {
                tracing::warn!(%server, why, "down: no requests for it while others can have them")
            }
            ServerState::Ejected => tracing::warn!(%server, why, "ejected: left out for a while"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
