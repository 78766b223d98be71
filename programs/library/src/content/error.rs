//! What goes wrong with bytes, and what a client is told.

use std::io;

use rustix::io::Errno;

/// Why bytes were not written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContentError {
    /// There is no room. Bytes that were acknowledged stay, and the upload goes on once there is.
    #[error("the disk is full ({0}); make room, then the client may go on")]
    Full(io::Error),
    /// Another writer of the same upload is not through.
    #[error("another request still writes this upload; ask again in a moment")]
    Busy,
    /// Bytes that should be there are not.
    #[error("{0} is missing or too short; restore it from a backup")]
    Missing(String),
    /// The disk failed. What was not synced may be lost, so the request must not go on (an fsync
    /// that failed is not tried again: the pages may be gone).
    #[error("{doing}: {source}; check the disk")]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The S3 service refused or cannot be reached.
    #[error("{doing}: {source}; check the address, the key and the service")]
    Service {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        source: object_store::Error,
    },
    /// The parts that the S3 service has are not those that were acknowledged.
    #[error("the parts of this upload were changed; send the file again")]
    Changed,
    /// The task that did it was ended.
    #[error("the work on a file was cut short; ask again")]
    Cut,
}

impl ContentError {
    /// Says what was being done when the system refused.
    pub(crate) fn disk(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| match Errno::from_io_error(&source) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::Full(source),
            _ => Self::Disk { doing, source },
        }
    }
}

impl From<tokio::task::JoinError> for ContentError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Cut
    }
}
