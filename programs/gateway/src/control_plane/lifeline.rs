//! Ends this process with the `tombolo up` that runs it, however that went.
//!
//! The kernel binds a process to its parent, and the parent of a successor is the gateway before it.
//! So `up` gives the gateway a pipe as standard input whose other end nobody else has; every successor
//! inherits it, and reads its end.

use std::io;

use rustix::io::fcntl_dupfd_cloexec;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tombolo_daemon::orchestration::LIFELINE;

/// What the process ends with when nobody watches over it any more.
const ABANDONED: i32 = 1;

/// Watches, if there is anything to watch.
pub(super) fn watch() {
    if std::env::var_os(LIFELINE).is_none() {
        return;
    }
    // A descriptor of its own: standard input stays where it is for whoever is started by us.
    let pipe = fcntl_dupfd_cloexec(io::stdin(), 3).map_err(io::Error::from);
    match pipe.and_then(Receiver::from_owned_fd) {
        Ok(pipe) => drop(tokio::spawn(end_with(pipe))),
        Err(error) => {
            tracing::warn!(%error, "standard input is no pipe: this gateway would outlive its 'tombolo up'");
        }
    }
}

async fn end_with(mut pipe: Receiver) {
    // Nothing is ever written to it.
    while matches!(pipe.read(&mut [0; 16]).await, Ok(1..)) {}
    tracing::warn!("the 'tombolo up' that ran this gateway is gone; ending with it");
    std::process::exit(ABANDONED);
}
