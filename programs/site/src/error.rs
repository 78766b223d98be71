//! Why a replica could not be started or had to end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tombolo_daemon::template::UnknownValue;

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
    /// The folder cannot be served.
    #[error(
        "cannot open the folder {}: {source}; give a folder that can be read with --root",
        root.display()
    )]
    Root {
        /// The folder asked for.
        root: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The replica's name cannot stand in a response.
    #[error(
        "the replica name {0:?} is not 1 to {max} letters, digits, dots, hyphens or underscores; \
         choose another with --replica",
        max = limits::REPLICA_NAME_BYTES
    )]
    Replica(String),
    /// The listener's own address cannot be told.
    #[error("cannot tell the address that is listened on: {0}")]
    LocalAddress(#[source] io::Error),
    /// The built-in page's words are malformed: a fault of this program.
    #[error("the words of the built-in page cannot be read: {0}")]
    Words(#[source] serde_json::Error),
    /// The built-in page names a value that it is not given: a fault of this program.
    #[error("the built-in page: {0}")]
    Placeholder(#[from] UnknownValue),
}
