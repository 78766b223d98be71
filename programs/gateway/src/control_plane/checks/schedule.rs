//! When a server is asked: at once, then every interval, and four times as often while what it says
//! is not what it is taken for. A failed request brings the next check forward, and requests that wait for
//! long have one made at once.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tombolo_balance::{CheckCounts, Verdict};
use tombolo_daemon::config::HealthCheck;

use super::ask::{self, Unwell};
use crate::upstream::{Server, since_start};

/// In doubt a server is asked so many times as often.
const OFTENER: u32 = 4;

/// Between two checks of a server for which requests wait for long, if `interval` is not shorter.
const AT_ONCE: Duration = Duration::from_millis(250);

/// A check that is not answered for so long is not usual, whatever was.
const QUIET: Duration = Duration::from_millis(200);

/// Nor is one that takes so many times as long as the slowest of late.
const UNUSUAL: u32 = 4;

/// What is left of the slowest of late with each check.
const FADING: f64 = 0.9;

/// Requests that waited so shortly before a check began wait still.
const LONG_AGO: Duration = Duration::from_millis(150);

/// The first checks of all servers are spread over this.
const SPREAD: Duration = Duration::from_millis(100);

/// Has a server checked as the configuration says, if it does and nobody does so yet. One that the
/// configuration has no longer is checked no longer.
pub(in crate::control_plane) fn start(server: &Arc<Server>) {
    if server.health.take_checks() {
        tokio::spawn(watch(Arc::downgrade(server)));
    }
}

async fn watch(server: Weak<Server>) {
    // Not all servers in the same instant.
    sleep(SPREAD.mul_f64(fastrand::f64())).await;
    let mut current: Option<(Arc<HealthCheck>, CheckCounts)> = None;
    let mut slowest = Duration::ZERO;
    loop {
        let Some(alive) = server.upgrade().filter(|server| !server.is_gone()) else { return };
        // A reload may have changed how it is checked, or whether.
        let Some(check) = alive.health.checks() else {
            alive.health.set_reads_only(None);
            return alive.health.leave_checks();
        };
        let (check, counts) = match &mut current {
            Some((known, counts)) if Arc::ptr_eq(known, &check) => (check, counts),
            stale => {
                let counts =
                    CheckCounts::new(check.healthy, check.unhealthy, alive.health.is_down());
                (Arc::clone(&check), &mut stale.insert((check, counts)).1)
            }
        };
        counts.take_up(alive.health.is_down());
        let began = Instant::now();
        let outcome = ask_watchfully(&alive, &check, slowest).await;
        let took = began.elapsed();
        alive.health.checked(outcome.as_ref().err().map(ToString::to_string), took);
        if outcome.is_ok() {
            slowest = took.max(slowest.mul_f64(FADING));
        }
        if !outcome.as_ref().is_err_and(Unwell::is_shortage) {
            follow(&alive, counts, outcome);
        }
        let stores = ask_to_store(&alive, &check).await;
        if !stores.as_ref().is_err_and(Unwell::is_shortage) {
            alive.health.set_reads_only(stores.err().map(|unwell| unwell.to_string()));
        }
        let soon = check.interval / OFTENER;
        let is_urgent = counts.is_in_doubt() || alive.health.awaits_a_check();
        let pause = if is_urgent { soon } else { check.interval };
        // Give or take a tenth, so that checks of many servers do not fall together for ever.
        let pause = pause.mul_f64(0.9 + fastrand::f64() / 5.0);
        let health = Arc::clone(&alive.health);
        drop(alive);
        let ended = since_start();
        tokio::select! {
            () = sleep(pause) => {}
            () = async { sleep(soon).await; health.doubted().await } => {}
            () = async { sleep(soon.min(AT_ONCE)).await; health.waited(ended).await } => {}
        }
    }
}

/// Asks the server. Where requests wait for it meanwhile and the check is not answered within a few
/// times what it usually takes, that is told before the check has failed.
async fn ask_watchfully(
    server: &Server,
    check: &HealthCheck,
    slowest: Duration,
) -> Result<(), Unwell> {
    let (began, quiet) = (since_start(), (slowest * UNUSUAL).max(QUIET));
    let mut asking = pin!(timeout(check.timeout, ask::ask(server, &check.probe)));
    let silence = async {
        sleep(quiet).await;
        server.health.waited(began.saturating_sub(LONG_AGO)).await;
    };
    let outcome = tokio::select! {
        biased;
        outcome = &mut asking => outcome,
        () = silence => {
            server.health.is_silent_for(quiet);
            let outcome = asking.await;
            server.health.is_heard();
            outcome
        }
    };
    outcome.unwrap_or(Err(Unwell::Slow(check.timeout)))
}

/// Asks the server whether it can store, if that is asked: a reload may have taken the check away.
async fn ask_to_store(server: &Server, check: &HealthCheck) -> Result<(), Unwell> {
    let path = check.writes.as_ref();
    let Some(probe) = path.and_then(|path| check.probe.of_path(path)) else { return Ok(()) };
    match timeout(check.timeout, ask::ask(server, &probe)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Unwell::Slow(check.timeout)),
    }
}

/// Tells what a check changes.
fn follow(server: &Server, counts: &mut CheckCounts, outcome: Result<(), Unwell>) {
    if outcome.is_ok() {
        server.health.check_succeeded();
    }
    match counts.record(outcome.is_ok()) {
        Verdict::AsBefore => {}
        Verdict::Risen => server.health.rise(),
        Verdict::Fallen => {
            let why = outcome.err().map(|unwell| unwell.to_string()).unwrap_or_default();
            server.health.fall(&format!("its checks fail: {why}"));
        }
    }
}
