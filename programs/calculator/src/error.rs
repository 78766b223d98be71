//! Why a replica could not be started.

use std::io;
use std::net::SocketAddr;

use crate::limits;

/// What went wrong, in words that tell the next step. None of these is worth trying again
/// without a change, except [`Error::Listen`] once the address is free.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The replica's name cannot stand in an answer.
    #[error(
        "the replica name {0:?} is not 1 to {max} letters, digits, dots, hyphens or underscores; \
         choose another with --replica",
        max = limits::REPLICA_NAME_BYTES
    )]
    Replica(String),
    /// The listener's own address cannot be told.
    #[error("cannot tell the address that is listened on: {0}")]
    LocalAddress(#[source] io::Error),
    /// An evaluator could not be started.
    #[error(
        "cannot start an evaluator, a process of this same program: {0}; is the limit of \
         processes reached (ulimit -u)?"
    )]
    Evaluator(#[source] io::Error),
}
