//! What went wrong with a database: what was being done, whose fault it was, whether to try again.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

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
    /// The tables are not those this program knows.
    #[error("{words}")]
    Schema {
        /// What differs, and what to do.
        words: String,
    },
    /// The database refused, or could not be asked.
    #[error("{doing} failed: {source}{}", advice(source))]
    Query {
        /// What was being done.
        doing: Cow<'static, str>,
        /// What the database or its driver said.
        source: sqlx::Error,
    },
}

impl Error {
    /// Says what was being done when the database refused.
    pub fn query(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Query { doing: Cow::Borrowed(doing), source }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Query { source, .. } => fault(source),
            _ => Fault::Operator,
        }
    }

    /// Whether the same again may succeed without anybody changing anything. It is safe for work
    /// that may be done twice: when the connection broke at a commit, nobody knows if it was done.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.fault() == Fault::Database
    }
}

/// Sorts an error of the driver.
fn fault(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
            Fault::Database
        }
        sqlx::Error::PoolClosed => Fault::Program,
        sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => Fault::Operator,
        sqlx::Error::Protocol(_) => Fault::Database,
        sqlx::Error::Database(refusal) => match refusal.code().as_deref() {
            Some(code) if code.len() == 5 => postgres_fault(code),
            Some(code) => sqlite_fault(code),
            None => Fault::Program,
        },
        _ => Fault::Program,
    }
}

/// By SQLSTATE (PostgreSQL, appendix A).
fn postgres_fault(code: &str) -> Fault {
    let class = code.get(..2).unwrap_or_default();
    match (class, code) {
        // Serialization failure, deadlock, lock timeout, shutdown, start, statement timeout.
        (_, "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "57014" | "53300") => {
            Fault::Database
        }
        ("08", _) => Fault::Database,
        // Password, database name, privileges, disk, read-only server.
        ("28" | "3D" | "53" | "58", _) | (_, "42501" | "25006") => Fault::Operator,
        _ => Fault::Program,
    }
}

/// By result code (sqlite.org/rescode.html); the low byte is the primary one.
fn sqlite_fault(code: &str) -> Fault {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, INTERRUPT, PROTOCOL (too many at the same lock).
        Ok(5 | 6 | 9 | 15) => Fault::Database,
        // PERM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, AUTH, NOTADB.
        Ok(3 | 8 | 10 | 11 | 13 | 14 | 23 | 26) => Fault::Operator,
        _ => Fault::Program,
    }
}

/// The next step, where the words of the driver do not say it.
fn advice(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(|refusal| refusal.code());
    match (error, code.as_deref()) {
        (sqlx::Error::Io(_), _) => "; is the database running, and is its address right?",
        (sqlx::Error::PoolTimedOut, _) => {
            "; the database is too slow, or too many are asking: try again later"
        }
        (_, Some("28P01" | "28000")) => "; check user and password in the database's address",
        (_, Some("3D000")) => "; create the database first: createdb NAME",
        (_, Some("42501")) => "; grant this user the right to create tables there",
        (_, Some("53100" | "13")) => "; make room on the database's disk",
        (_, Some("26")) => "; the file is no SQLite database: is the address right?",
        (_, Some("8" | "14" | "1544")) => "; let this user write the file and its folder",
        (_, Some("11")) => "; the file is damaged: restore it from a copy",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_whose_fault_it_is() {
        for (code, whose) in [
            ("40001", Fault::Database),
            ("08006", Fault::Database),
            ("57P03", Fault::Database),
            ("28P01", Fault::Operator),
            ("53100", Fault::Operator),
            ("23505", Fault::Program),
        ] {
            assert_eq!(postgres_fault(code), whose, "{code}");
        }
        for (code, whose) in [
            ("5", Fault::Database),
            ("517", Fault::Database),
            ("13", Fault::Operator),
            ("1032", Fault::Operator),
            ("2067", Fault::Program),
            ("what", Fault::Program),
        ] {
            assert_eq!(sqlite_fault(code), whose, "{code}");
        }
    }

    #[test]
    fn a_timeout_passes_and_says_so() {
        let error = Error::query("reading")(sqlx::Error::PoolTimedOut);
        assert!(error.is_passing());
        assert!(error.to_string().starts_with("reading failed: "), "{error}");
        assert!(error.to_string().ends_with("try again later"), "{error}");
    }
}
