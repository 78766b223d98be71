//! What the service manager is told (`sd_notify`), where there is one that asked: nothing is sent
//! without `NOTIFY_SOCKET`, and whether it was heard is of no consequence here.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::interval;

/// Serving, with this configuration or another.
pub(in crate::control_plane) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("serving")]);
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
