//! What the service manager is told (`sd_notify`), where there is one that asked: nothing is sent
//! without `NOTIFY_SOCKET`, and whether it was heard is of no consequence here. And what the
//! `tombolo up` is told that runs this gateway.

use std::path::Path;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::interval;
use tombolo_daemon::orchestration::{Answer, Request, ask};

/// Characters of a reason in the service manager's status.
const STATUS_CHARACTERS: usize = 400;

/// Serving, with this configuration or another.
pub(in crate::control_plane) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("serving")]);
}

/// Serving with the configuration from before: another was refused.
pub(in crate::control_plane) fn ready_though_refused(why: &str) {
    // A line break would begin a variable of its own.
    let why: String = why.chars().filter(|one| !one.is_control()).take(STATUS_CHARACTERS).collect();
    let status = format!("serving; the last reload was refused: {why}");
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Reading the configuration anew; [`ready`] follows.
pub(in crate::control_plane) fn reloading() {
    let mut states = vec![NotifyState::Reloading, NotifyState::Status("reloading")];
    states.extend(NotifyState::monotonic_usec_now());
    tell(&states);
}

/// The process ends when it has drained.
pub(in crate::control_plane) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("draining")]);
}

/// Another process is the service from now on.
pub(in crate::control_plane) fn succeeded_by(pid: u32) {
    tell(&[NotifyState::MainPid(pid)]);
}

/// Whether the `tombolo up` that runs this gateway is there to be told of a successor. Without it
/// nobody would watch over that, and the next `up` would find its addresses taken.
///
/// # Errors
/// Why it is not, in words.
pub(in crate::control_plane) async fn orchestrator_hears(socket: &Path) -> Result<(), String> {
    ask(socket, &Request::Status).await.map(drop).map_err(|error| error.to_string())
}

/// The `tombolo up` that runs this gateway learns who serves in its place, or why nobody does.
pub(in crate::control_plane) async fn orchestrator(socket: &Path, outcome: Result<u32, String>) {
    let (by, why) = match outcome {
        Ok(by) => (Some(by), None),
        Err(why) => (None, Some(why)),
    };
    let told = Request::Succession { pid: std::process::id(), by, why };
    match ask(socket, &told).await {
        Ok(Answer::Done(_)) => {}
        Ok(Answer::Refused(refusal)) => {
            tracing::warn!("'tombolo up' does not take the successor over: {}", refusal.detail);
        }
        Err(error) => tracing::warn!(%error, "'tombolo up' could not be told of the succession"),
    }
}

/// Shows at half the agreed time that the control plane is alive, for as long as it is awaited.
/// Returns at once if nothing was agreed.
pub(in crate::control_plane) async fn watchdog() {
    let Some(within) = sd_notify::watchdog_enabled().filter(|within| !within.is_zero()) else {
        return;
    };
    let mut ticks = interval((within / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
