//! Why a gateway does not run.

use std::io;

use crate::access_log;
use crate::control_plane::AdminError;
use crate::data_plane::BindError;

/// Each says what was being done and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address to listen on is not to be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The admin API cannot be served.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The access log cannot be written.
    #[error(transparent)]
    AccessLog(#[from] access_log::Error),
    /// The system gives no thread or no event queue.
    #[error(
        "cannot start a thread: {0}; check the limits of this user (`ulimit -u`) and of its memory"
    )]
    Thread(#[source] io::Error),
    /// It is not known which program this is.
    #[error("cannot find out which program this is: {0}")]
    Program(#[source] io::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(#[source] io::Error),
    /// A data-plane thread broke one of its own promises.
    #[error(
        "a data-plane thread ended by a panic; this is a bug: please report what was printed above"
    )]
    Panicked,
}
