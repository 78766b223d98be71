//! Opening a connection to a server within its deadline.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;

use tokio::net::TcpStream;

use super::{Address, Server};
use crate::data_plane::Timer;

/// Why no connection came about. Nothing of the request was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The server's name has no address (yet).
    #[error("the name {0} does not resolve")]
    Unresolved(String),
    /// No answer in time.
    #[error("connecting to {0} took too long")]
    TimedOut(Address),
    /// The system refused.
    #[error("connecting to {0} failed: {1}")]
    Failed(Address, #[source] io::Error),
}

impl ConnectError {
    /// Whether this machine has no descriptor or memory left for a connection: nothing was asked of
    /// the server.
    pub(crate) fn is_shortage(&self) -> bool {
        matches!(self, Self::Failed(_, error) if tombolo_daemon::resources::is_shortage(error))
    }
}

/// Connects to the first of the server's addresses that accepts, each within `patience` ticks.
pub(crate) async fn connect(
    server: &Server,
    timer: &Timer,
    patience: u64,
) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::Unresolved(server.written.clone());
    for address in &server.addresses {
        timer.arm(patience);
        let mut attempt = pin!(address.connect());
        let outcome = poll_fn(|cx| match attempt.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => timer.poll_expired(cx).map(|()| None),
        })
        .await;
        match outcome {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => last = ConnectError::Failed(address.clone(), error),
            None => last = ConnectError::TimedOut(address.clone()),
        }
    }
    Err(last)
}
