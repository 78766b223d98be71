//! What went wrong with a database: whether it was done, whose fault it was, whether to try again.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::error::ErrorKind;

use crate::codes::{self, Meaning};
use crate::files::FilesError;
use crate::limits;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operator must change something: an address, a password, a permission, a full disk.
    Operator,
    /// The database is away, starting, or busy; it passes.
    Database,
    /// This program asked for something that cannot be.
    Program,
}

/// What is known about work that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not done. The same again is safe and may succeed.
    NotDone,
    /// It may have been done: the answer to the commit was lost. The same again is safe only if
    /// the work can tell, by an idempotency key or a row that proves it.
    Unknown,
    /// It was not done, and the same again will fail the same way.
    WillNotPass,
}

/// A rule of the tables that a statement would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Such a row is there already.
    Unique,
    /// A row that it refers to is missing, or one that refers to it is there.
    ForeignKey,
    /// A value is missing.
    NotNull,
    /// A value fails a `CHECK`.
    Check,
}

/// What was being done when the driver reported an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Making a connection.
    Connecting,
    /// A statement of a transaction that was not committed yet.
    Statement,
    /// The commit, or a statement that is a transaction by itself.
    Commit,
}

/// What went wrong, in words that tell the next step. Never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the database cannot be read.
    #[error("{words}")]
    Url {
        /// What is wrong with it, and what to write.
        words: String,
    },
    /// The folder or the file of a SQLite database cannot be made.
    #[error(
        "cannot make {}: {source}; choose a place that can be written for the database",
        path.display()
    )]
    File {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file system cannot hold a file that several processes share.
    #[error(
        "{} cannot be shared between processes (journal mode {mode:?} in place of \"wal\"); put it \
         on a local disk, or use PostgreSQL",
        path.display()
    )]
    NotShared {
        /// The database's file.
        path: PathBuf,
        /// The journal mode that SQLite fell back to.
        mode: String,
    },
    /// The file lies on a network file system.
    #[error(
        "{} lies on a network file system ({kind}), where SQLite's locks do not hold and its log \
         would be damaged; put the database on a local disk, or use PostgreSQL",
        path.display()
    )]
    Network {
        /// The database's folder.
        path: PathBuf,
        /// The file system.
        kind: &'static str,
    },
    /// A pooler such as pgbouncer is between this program and PostgreSQL.
    #[error(
        "a connection pooler (pgbouncer or the like) answers at the database's address and drops \
         the settings of a session, on which transactions, LISTEN and durability depend; use the \
         address of PostgreSQL itself: Tombolo keeps few connections ({} for each replica)",
        limits::POSTGRES_CONNECTIONS
    )]
    Pooler,
    /// The tables are not those this program knows.
    #[error("{words}")]
    Schema {
        /// What differs, and what to do.
        words: String,
    },
    /// All connections were busy until the deadline.
    #[error(
        "all {places} connections of this kind were busy until the deadline; the database is too \
         slow, or there is too much to do: try again later"
    )]
    NoPlace {
        /// How many there are.
        places: u32,
    },
    /// No connection could be made before the deadline.
    #[error(
        "the database did not answer in time; is its address right, and does a firewall drop \
         packets?"
    )]
    NoConnection,
    /// The work was not done when its time was over.
    #[error("{}", deadline_words(*at_commit))]
    Deadline {
        /// Whether the commit was under way: then it may have been done.
        at_commit: bool,
    },
    /// No check of health has ended well within its time.
    #[error("no check of the database has succeeded within {} s", within.as_secs_f32())]
    NotProbed {
        /// The time.
        within: Duration,
    },
    /// The work's task was ended: this process is about to end, or the work panicked.
    #[error("the work was cut short; whether it was done is not known")]
    Cut,
    /// The database was closed by this program.
    #[error("the database was closed; this program is ending")]
    Closed,
    /// This program asked for something that cannot be.
    #[error("{words}: a fault of this program")]
    Program {
        /// What it did.
        words: &'static str,
    },
    /// The files of a SQLite database do not belong together, or were replaced.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The server's history is not the one that was settled.
    #[error(
        "the server has another history ({found}) than before ({settled}): it failed over or was \
         restored; nothing is written before readers are told"
    )]
    OtherHistory {
        /// The history of the connection.
        found: String,
        /// The history that was settled.
        settled: String,
    },
    /// The database refused, or could not be reached.
    #[error("{}: {source}{}", phase_words(*phase), codes::advice(source, *phase))]
    Driver {
        /// What was being done.
        phase: Phase,
        /// What the database or its driver said.
        source: sqlx::Error,
    },
    /// Another error, and what it was for.
    #[error("{doing}: {source}")]
    During {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        source: Box<Error>,
    },
}

impl Error {
    /// A refusal of a statement.
    pub(crate) fn driver(source: sqlx::Error) -> Self {
        Self::Driver { phase: Phase::Statement, source }
    }

    /// A refusal while connecting. A pooler is known by the parameters it does not know.
    pub(crate) fn connecting(source: sqlx::Error) -> Self {
        let words = source.as_database_error().map(|refusal| refusal.message());
        match words {
            Some(words) if words.starts_with("unsupported startup parameter") => Self::Pooler,
            _ => Self::Driver { phase: Phase::Connecting, source },
        }
    }

    /// The same error, met at the commit.
    pub(crate) fn at_commit(self) -> Self {
        match self {
            Self::Driver { source, .. } => Self::Driver { phase: Phase::Commit, source },
            other => other,
        }
    }

    /// Says what the work was for.
    pub fn during(doing: &'static str) -> impl Fn(Self) -> Self {
        move |source| Self::During { doing, source: Box::new(source) }
    }

    /// Whether the work was done.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.meaning().outcome
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.meaning().fault
    }

    /// Whether it passes by itself.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.meaning().is_passing
    }

    /// The rule of the tables that the statement would have broken, if that is what happened.
    /// Where it is expected, `ON CONFLICT DO NOTHING` is the better way: this one costs the
    /// transaction and its connection.
    #[must_use]
    pub fn violation(&self) -> Option<Violation> {
        match self {
            Self::Driver { source, .. } => match source.as_database_error()?.kind() {
                ErrorKind::UniqueViolation => Some(Violation::Unique),
                ErrorKind::ForeignKeyViolation => Some(Violation::ForeignKey),
                ErrorKind::NotNullViolation => Some(Violation::NotNull),
                ErrorKind::CheckViolation => Some(Violation::Check),
                _ => None,
            },
            Self::During { source, .. } => source.violation(),
            _ => None,
        }
    }

    /// Whether the tables or the database itself are gone, or cannot be read as one: no replica
    /// can go on with them.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Driver { source, .. } => codes::is_gone(source),
            Self::Files(error) => matches!(error, FilesError::Replaced { .. }),
            Self::During { source, .. } => source.is_gone(),
            _ => false,
        }
    }

    /// Whether there is no room on the database's disk; nothing was changed then.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Driver { source, .. } => codes::is_full(source),
            Self::During { source, .. } => source.is_full(),
            _ => false,
        }
    }

    /// Whether the server's history is another than the one that was settled.
    #[must_use]
    pub fn is_other_history(&self) -> bool {
        match self {
            Self::OtherHistory { .. } => true,
            Self::During { source, .. } => source.is_other_history(),
            _ => false,
        }
    }

    /// Whether the connection was lost, which says little about the next one.
    pub(crate) fn is_lost_connection(&self) -> bool {
        match self {
            Self::Driver { source, .. } => codes::is_lost_connection(source),
            _ => false,
        }
    }

    /// Whether another process holds what this needs.
    pub(crate) fn is_busy(&self) -> bool {
        match self {
            Self::Driver { source, .. } => codes::is_busy(source),
            Self::During { source, .. } => source.is_busy(),
            _ => false,
        }
    }

    pub(crate) fn meaning(&self) -> Meaning {
        match self {
            Self::Driver { phase, source } => codes::meaning(source, *phase),
            Self::During { source, .. } => source.meaning(),
            Self::NoPlace { .. }
            | Self::NoConnection
            | Self::NotProbed { .. }
            | Self::OtherHistory { .. }
            | Self::Deadline { at_commit: false } => Meaning::PASSES,
            Self::Files(error) if error.is_passing() => Meaning::PASSES,
            // Nobody knows what became of a commit into files that are no longer there.
            Self::Files(FilesError::Replaced { .. }) => {
                Meaning { is_passing: false, ..Meaning::UNKNOWN }
            }
            Self::Files(_) => Meaning::OPERATOR,
            Self::Deadline { at_commit: true } | Self::Cut => Meaning::UNKNOWN,
            Self::Closed => Meaning { is_passing: false, ..Meaning::PASSES },
            Self::Program { .. } => Meaning::PROGRAM,
            Self::Url { .. }
            | Self::File { .. }
            | Self::NotShared { .. }
            | Self::Network { .. }
            | Self::Pooler
            | Self::Schema { .. } => Meaning::OPERATOR,
        }
    }
}

fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting => "cannot connect to the database",
        Phase::Statement => "the database refused a statement",
        Phase::Commit => "the commit failed",
    }
}

fn deadline_words(at_commit: bool) -> &'static str {
    if at_commit {
        "the commit was not answered in time; whether it was done is not known"
    } else {
        "the database took too long; nothing was changed: try again later"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_answer_to_a_commit_is_unknown() {
        let lost = || sqlx::Error::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(Error::driver(lost()).outcome(), Outcome::NotDone);
        assert_eq!(Error::driver(lost()).at_commit().outcome(), Outcome::Unknown);
        assert_eq!(Error::Deadline { at_commit: true }.outcome(), Outcome::Unknown);
        assert_eq!(Error::Deadline { at_commit: false }.outcome(), Outcome::NotDone);
    }

    #[test]
    fn what_the_work_was_for_changes_nothing_else() {
        let error = Error::during("reading messages")(Error::Deadline { at_commit: true });
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.is_passing());
        assert!(error.to_string().starts_with("reading messages: the commit"), "{error}");
    }
}
