//! Why a backup was not made or not restored.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::FilesError;

/// What went wrong, in words that tell the next step.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is in the way, missing or damaged.
    #[error("{words}")]
    Refused {
        /// What, and what to do.
        words: String,
    },
    /// A file or folder of the backup cannot be read or written.
    #[error("{}: {source}; is there room, and may this user use it?", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Database(#[from] Error),
}

impl BackupError {
    pub(super) fn refused(words: String) -> Self {
        Self::Refused { words }
    }

    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

impl From<FilesError> for BackupError {
    fn from(error: FilesError) -> Self {
        Self::Database(error.into())
    }
}
