//! When a server is asked: at once, then every interval, and four times as often while what it says
//! is not what it is taken for. A failed request brings the next check forward.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tombolo_balance::{CheckCounts, Verdict};
use tombolo_daemon::config::HealthCheck;

use super::ask::{self, Unwell};
use crate::upstream::Server;

/// In doubt a server is asked so many times as often.
const OFTENER: u32 = 4;

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
    loop {
        let Some(alive) = server.upgrade().filter(|server| !server.is_gone()) else { return };
        // A reload may have changed how it is checked, or whether.
        let Some(check) = alive.health.checks() else { return alive.health.leave_checks() };
        let (check, counts) = match &mut current {
            Some((known, counts)) if Arc::ptr_eq(known, &check) => (check, counts),
            stale => {
                let counts =
                    CheckCounts::new(check.healthy, check.unhealthy, alive.health.is_down());
                (Arc::clone(&check), &mut stale.insert((check, counts)).1)
            }
        };
        let began = Instant::now();
        let outcome = match timeout(check.timeout, ask::ask(&alive, &check.probe)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Unwell::Slow(check.timeout)),
        };
        alive.health.checked(outcome.as_ref().err().map(ToString::to_string), began.elapsed());
        follow(&alive, counts, outcome);
        let soon = check.interval / OFTENER;
        let pause = if counts.is_in_doubt() { soon } else { check.interval };
        // Give or take a tenth, so that checks of many servers do not fall together for ever.
        let pause = pause.mul_f64(0.9 + fastrand::f64() / 5.0);
        let health = Arc::clone(&alive.health);
        drop(alive);
        tokio::select! {
            () = sleep(pause) => {}
            () = async { sleep(soon).await; health.doubted().await } => {}
        }
    }
}

/// Tells what a check changes.
fn follow(server: &Server, counts: &mut CheckCounts, outcome: Result<(), Unwell>) {
    match counts.record(outcome.is_ok()) {
        Verdict::AsBefore => {}
        Verdict::Risen => server.health.rise(),
        Verdict::Fallen => {
            let why = outcome.err().map(|unwell| unwell.to_string()).unwrap_or_default();
            server.health.fall(&format!("its checks fail: {why}"));
        }
    }
}
