//! Why a replica could not be started or had to end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tombolo_pages::PageError;

use crate::limits;

/// What went wrong, in words that tell the next step.
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
    /// The replica's name cannot stand in a response.
    #[error(
        "the replica name {0:?} is not 1 to {max} letters, digits, dots, hyphens or underscores; \
         choose another with --replica",
        max = limits::REPLICA_BYTES
    )]
    Replica(String),
    /// The log cannot be opened.
    #[error("cannot open the log: {0}")]
    Log(#[from] tombolo_storage::Error),
    /// The page cannot be filled in: a fault of this program.
    #[error("the chat's page: {0}")]
    Page(#[from] PageError),
    /// The log's file was moved or replaced while the replica ran.
    #[error(
        "the database {} was moved or replaced while it was in use; start again to use what is \
         there now",
        .0.display()
    )]
    Misplaced(PathBuf),
    /// The log's tables, or its database, went away while the replica ran.
    #[error("the log is gone: {0}")]
    Gone(#[source] Arc<tombolo_storage::Error>),
    /// The listener's own address cannot be told.
    #[error("cannot tell the address that is listened on: {0}")]
    LocalAddress(#[source] io::Error),
}
