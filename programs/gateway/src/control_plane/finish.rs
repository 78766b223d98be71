//! The end: a time in which to be left, then what is under way, then what it wrote to.

use tokio::time::sleep;
use tombolo_daemon::shutdown::Shutdown;

use super::Snapshot;
use super::reload::Reloader;
use crate::Error;
use crate::access_log::AccessLog;
use crate::data_plane::{Idle, Order, Worker};
use crate::tcp::Totals;

/// Goes on listening for `drain_delay`, with clients told to close: time for whoever sends them to
/// see that this gateway is not ready.
pub(super) async fn await_the_delay(reloader: &Reloader, shutdown: &Shutdown) {
    let delay = reloader.publication.current().config.gateway.timeouts.drain_delay;
    if delay.is_zero() {
        return;
    }
    for worker in &reloader.workers {
        worker.order(Order::Leave(true)).await;
    }
    tracing::info!(?delay, "listening on until `drain_delay` has passed");
    tokio::select! {
        () = sleep(delay) => {}
        () = shutdown.now() => {}
    }
}

/// Tells which connections a drain waits for without a word to their clients.
fn report_open(snapshot: &Snapshot) {
    let open: usize = snapshot.tcp.iter().map(|proxy| proxy.tally.totals().open).sum();
    if open > 0 {
        tracing::info!(
            open,
            "TCP connections go on until their peers end them or `drain` has passed"
        );
    }
}

/// Tells at the end what went through each `[[tcp]]`.
fn report_tcp(snapshot: &Snapshot) {
    for proxy in &snapshot.tcp {
        let Totals { open: _, connections, refused, unreached, bytes_in, bytes_out } =
            proxy.tally.totals();
        tracing::info!(
            listen = %proxy.listen,
            upstream = %proxy.upstream.name,
            connections,
            refused,
            unreached,
            bytes_in,
            bytes_out,
            "passed on over TCP"
        );
    }
}

/// Ends the threads when nothing is under way, or the deadline has passed, and then what they wrote
/// to.
pub(super) async fn finish(
    reloader: Reloader,
    idle: Idle,
    access_log: AccessLog,
) -> Result<(), Error> {
    let Reloader { workers: running, publication, store, mut listening, .. } = reloader;
    // A socket accepts for as long as anybody has it open: ours go first.
    listening.close();
    for worker in &running {
        worker.order(Order::Finish(idle)).await;
    }
    report_open(&publication.current());
    let whole = tokio::task::spawn_blocking(move || running.into_iter().all(Worker::join));
    let whole = whole.await.unwrap_or(false);
    report_tcp(&publication.current());
    if let Some(store) = store {
        // Responses that came whole are written before the process ends.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
    access_log.close();
    if whole { Ok(()) } else { Err(Error::Panicked) }
}
