//! Rung whenever what is known of a server changes: whoever writes it down looks then.

use tokio::sync::Notify;

/// One for the process: whoever writes it down looks at all servers anyway.
static CHANGED: Notify = Notify::const_new();

/// What is known of a server, or what an operator wants of an upstream, is no longer what it was.
pub(crate) fn tell_of_change() {
    CHANGED.notify_one();
}

/// Ready when something has changed since it was last asked for.
pub(crate) async fn changed() {
    CHANGED.notified().await;
}
