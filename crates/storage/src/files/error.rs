//! Why the files of a SQLite database cannot be used, in words that tell the next step.

use std::io;
use std::path::PathBuf;

/// What is wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file cannot be read or made.
    #[error("{}: {source}; let this user read and write it and its folder", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One of the three files is another than the one that was opened.
    #[error(
        "{} was moved, removed or replaced while the database was in use; nothing is acknowledged \
         any more, and this process has to end: start it again to use what is there now",
        path.display()
    )]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The write-ahead log may belong to another database.
    #[error(
        "{} was put there, and nothing tells whether {} belongs to it. If both were copied \
         together, remove {} and start again. If the database was restored from a copy, move the \
         log away first; `tombolo restore` does this by itself",
        database.display(),
        log.display(),
        record.display()
    )]
    UnknownLog {
        /// The database.
        database: PathBuf,
        /// The log.
        log: PathBuf,
        /// The record that knows neither.
        record: PathBuf,
    },
    /// Other processes use the database with a log or an index that is no longer there.
    #[error(
        "other processes have {} open, with another {} than the one that lies there; end them \
         (replicas end by themselves within a second), then start again",
        database.display(),
        file.display()
    )]
    HeldByOthers {
        /// The database.
        database: PathBuf,
        /// The file that differs.
        file: PathBuf,
    },
}

impl FilesError {
    /// Whether the same again may succeed without anybody changing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::HeldByOthers { .. } => true,
            Self::Io { source, .. } => source.kind() == io::ErrorKind::TimedOut,
            Self::Replaced { .. } | Self::UnknownLog { .. } => false,
        }
    }
}
