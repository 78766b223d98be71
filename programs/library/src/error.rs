//! Why a replica could not be started or had to end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tombolo_storage::ObjectsUrl;

use crate::accounts::HashError;
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
    /// The listener's own address cannot be told.
    #[error("cannot tell the address that is listened on: {0}")]
    LocalAddress(#[source] io::Error),
    /// The replica's name cannot stand in a response.
    #[error(
        "the replica name {0:?} is not 1 to {max} letters, digits, dots, hyphens or underscores; \
         choose another with --replica",
        max = limits::REPLICA_BYTES
    )]
    Replica(String),
    /// The database cannot be opened, or refused what this program needs.
    #[error("the library's database: {0}")]
    Database(#[from] tombolo_storage::Error),
    /// The place for content cannot be used.
    #[error("the content at {objects}: {source}; choose another place with --objects")]
    Content {
        /// The place.
        objects: ObjectsUrl,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Passwords cannot be hashed here.
    #[error(transparent)]
    Passwords(#[from] HashError),
    /// The page cannot be filled in: a fault of this program.
    #[error(transparent)]
    Page(#[from] crate::page::PageError),
    /// A payment provider cannot be reached at all.
    #[error("payments: {0}")]
    Payments(#[from] crate::payments::TransportError),
    /// The sandbox cannot send its events there.
    #[error("webhook {0:?}: not an address that begins with http://; give another --webhook")]
    Webhook(String),
    /// The database's file was moved or replaced while the replica ran.
    #[error(
        "the database {} was moved or replaced while it was in use; start again to use what is \
         there now",
        .0.display()
    )]
    Misplaced(PathBuf),
}
