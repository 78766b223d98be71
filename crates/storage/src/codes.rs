//! The table of codes: what each error of an engine means for work that met it.

use std::io;

use crate::error::{Fault, Outcome, Phase};

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) fault: Fault,
    pub(crate) outcome: Outcome,
    /// Whether it passes by itself.
    pub(crate) is_passing: bool,
}

impl Meaning {
    /// Not done; the database is busy, starting or away.
    pub(crate) const PASSES: Self =
        Self { fault: Fault::Database, outcome: Outcome::NotDone, is_passing: true };
    /// Perhaps done.
    pub(crate) const UNKNOWN: Self =
        Self { fault: Fault::Database, outcome: Outcome::Unknown, is_passing: true };
    /// Not done, until the operator changes something.
    pub(crate) const OPERATOR: Self =
        Self { fault: Fault::Operator, outcome: Outcome::WillNotPass, is_passing: false };
    /// Not done: this program asked for something that cannot be.
    pub(crate) const PROGRAM: Self =
        Self { fault: Fault::Program, outcome: Outcome::WillNotPass, is_passing: false };
    /// Not done: the server is a standby now, or was made read-only. Another takes its address
    /// after a failover, so it is tried again.
    const READ_ONLY: Self =
        Self { fault: Fault::Operator, outcome: Outcome::NotDone, is_passing: true };
    /// The disk failed. At a commit nobody knows what is on it; it is not tried again, since a
    /// second sync may report success for what the first one lost.
    const DISK: Self =
        Self { fault: Fault::Operator, outcome: Outcome::Unknown, is_passing: false };
}

/// What an error of the driver means.
pub(crate) fn meaning(error: &sqlx::Error, phase: Phase) -> Meaning {
    let lost = match phase {
        Phase::Connecting | Phase::Statement => Meaning::PASSES,
        Phase::Commit => Meaning::UNKNOWN,
    };
    match error {
        sqlx::Error::Io(error) if phase == Phase::Connecting && is_certificate(error) => {
            Meaning::OPERATOR
        }
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => lost,
        sqlx::Error::PoolTimedOut => Meaning::PASSES,
        sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => Meaning::OPERATOR,
        sqlx::Error::Database(refusal) => match refusal.code().as_deref() {
            Some(code) if code.len() == 5 => postgres(code, phase),
            Some(_) if is_missing_table(refusal.message()) => Meaning::OPERATOR,
            Some(code) => sqlite(code, phase),
            None => Meaning::PROGRAM,
        },
        _ => Meaning::PROGRAM,
    }
}

/// By SQLSTATE (PostgreSQL, appendix A).
fn postgres(code: &str, phase: Phase) -> Meaning {
    let class = code.get(..2).unwrap_or_default();
    if phase == Phase::Commit {
        match (class, code) {
            // The connection or the server ended while it committed.
            ("08", _) | (_, "40003" | "57P01" | "57P02") => return Meaning::UNKNOWN,
            ("58" | "XX", _) => return Meaning::DISK,
            _ => {}
        }
    }
    match (class, code) {
        // Serialization failure, deadlock, lock timeout, query cancelled or timed out.
        (_, "40001" | "40P01" | "55P03" | "57014") => Meaning::PASSES,
        // Shutdown, crash, start, idle session ended.
        (_, "57P01" | "57P02" | "57P03" | "57P05") => Meaning::PASSES,
        // A transaction that had failed, was idle for too long, or took too long: on another
        // connection the same work begins from its start.
        (_, "25P02" | "25P03" | "25P04") => Meaning::PASSES,
        (_, "25006") => Meaning::READ_ONLY,
        // Too many connections, out of memory.
        (_, "53300" | "53200") => Meaning::PASSES,
        (_, "08P01") if phase == Phase::Connecting => Meaning::OPERATOR,
        ("08", _) => Meaning::PASSES,
        // Password, database, schema, disk, configuration limits, input and output.
        ("28" | "3D" | "3F" | "53" | "58", _) => Meaning::OPERATOR,
        // No privilege; a table, column or function is missing; the database is being dropped.
        (_, "42501" | "42P01" | "42703" | "42883" | "57P04" | "55006") => Meaning::OPERATOR,
        // Damaged data.
        (_, "XX001" | "XX002") => Meaning::OPERATOR,
        _ => Meaning::PROGRAM,
    }
}

/// By extended result code (sqlite.org/rescode.html); the low byte is the primary one.
fn sqlite(code: &str, phase: Phase) -> Meaning {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, NOMEM, INTERRUPT, PROTOCOL (too many at the same lock), SCHEMA.
        Ok(5 | 6 | 7 | 9 | 15 | 17) => Meaning::PASSES,
        // IOERR: after a failed sync the frames of the commit may be on the disk or not.
        Ok(10) if phase == Phase::Commit => Meaning::DISK,
        // PERM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOLFS, AUTH, NOTADB.
        Ok(3 | 8 | 10 | 11 | 13 | 14 | 22 | 23 | 26) => Meaning::OPERATOR,
        _ => Meaning::PROGRAM,
    }
}

/// Whether there is no room on the database's disk.
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|refusal| refusal.code());
    match code.as_deref() {
        Some(code) if code.len() == 5 => code == "53100",
        // FULL; the low byte is the primary code.
        Some(code) => code.parse::<u32>().is_ok_and(|code| code & 0xff == 13),
        None => false,
    }
}

/// Whether another process holds what this needs.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|refusal| refusal.code());
    let Some(code) = code.filter(|code| code.len() < 5) else { return false };
    matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(5 | 6))
}

/// Whether the connection was lost, or the server has ended it.
pub(crate) fn is_lost_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(refusal) => {
            matches!(refusal.code().as_deref(), Some("57P01" | "57P02" | "57P05"))
        }
        _ => false,
    }
}

/// Whether the tables or the database itself are gone, or are no database any more.
pub(crate) fn is_gone(error: &sqlx::Error) -> bool {
    let Some(refusal) = error.as_database_error() else { return false };
    match refusal.code().as_deref() {
        Some("3D000" | "42P01" | "42883" | "42703" | "57P04") => true,
        Some(code) if code.len() < 5 => {
            let primary = code.parse::<u32>().map(|code| code & 0xff);
            matches!(primary, Ok(11 | 26)) || is_missing_table(refusal.message())
        }
        _ => false,
    }
}

/// SQLite has one code for all mistakes in a statement.
fn is_missing_table(message: &str) -> bool {
    ["no such table", "no such column"].iter().any(|words| message.contains(words))
}

/// A certificate that cannot be trusted arrives as invalid data of the connection.
fn is_certificate(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData && error.to_string().contains("certificate")
}

/// The next step, where the words of the driver do not say it.
pub(crate) fn advice(error: &sqlx::Error, phase: Phase) -> &'static str {
    let code = error.as_database_error().and_then(|refusal| refusal.code());
    match (error, code.as_deref()) {
        (sqlx::Error::Io(error), _) if phase == Phase::Connecting => match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                "; nothing listens there: is the database running, and is its address right?"
            }
            io::ErrorKind::NotFound => {
                "; there is no such socket: is the database running, and is its folder right?"
            }
            io::ErrorKind::PermissionDenied => "; let this user enter the folder of the socket",
            io::ErrorKind::InvalidData if is_certificate(error) => {
                "; the server's certificate is not trusted: name its authority with \
                 ?sslrootcert=FILE, and the server as the certificate does"
            }
            _ => "; is the database running, and is its address right?",
        },
        (sqlx::Error::Io(_), _) => "; the connection was lost",
        (sqlx::Error::Tls(_), _) => {
            "; check sslmode, sslrootcert, sslcert and sslkey in the database's address"
        }
        (_, Some("28P01" | "28000")) => "; check user and password in the database's address",
        (_, Some("3D000")) => "; create the database first: createdb NAME",
        (_, Some("42501")) => "; grant this user the right, or let another run 'tombolo migrate'",
        (_, Some("42P01" | "42703" | "42883")) => {
            "; the tables were dropped or belong to another version: restore them"
        }
        (_, Some("53300")) => "; the server has too many connections: raise max_connections",
        (_, Some("25006")) => "; the server is a standby or was made read-only",
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

    const STATEMENT: Phase = Phase::Statement;
    const COMMIT: Phase = Phase::Commit;

    #[test]
    fn codes_of_postgres() {
        for (code, phase, meaning) in [
            ("40001", STATEMENT, Meaning::PASSES),
            ("40001", COMMIT, Meaning::PASSES),
            ("40P01", STATEMENT, Meaning::PASSES),
            ("55P03", STATEMENT, Meaning::PASSES),
            ("57014", STATEMENT, Meaning::PASSES),
            ("25P02", STATEMENT, Meaning::PASSES),
            ("25P03", STATEMENT, Meaning::PASSES),
            ("57P05", STATEMENT, Meaning::PASSES),
            ("57P03", Phase::Connecting, Meaning::PASSES),
            ("57P01", STATEMENT, Meaning::PASSES),
            ("57P01", COMMIT, Meaning::UNKNOWN),
            ("40003", COMMIT, Meaning::UNKNOWN),
            ("08006", STATEMENT, Meaning::PASSES),
            ("08006", COMMIT, Meaning::UNKNOWN),
            ("08P01", Phase::Connecting, Meaning::OPERATOR),
            ("25006", STATEMENT, Meaning::READ_ONLY),
            ("53300", Phase::Connecting, Meaning::PASSES),
            ("53100", STATEMENT, Meaning::OPERATOR),
            ("28P01", Phase::Connecting, Meaning::OPERATOR),
            ("3D000", Phase::Connecting, Meaning::OPERATOR),
            ("42P01", STATEMENT, Meaning::OPERATOR),
            ("58030", COMMIT, Meaning::DISK),
            ("22021", STATEMENT, Meaning::PROGRAM),
            ("23505", STATEMENT, Meaning::PROGRAM),
        ] {
            assert_eq!(postgres(code, phase), meaning, "{code} at {phase:?}");
        }
    }

    #[test]
    fn codes_of_sqlite_by_their_low_byte() {
        for (code, phase, meaning) in [
            ("5", STATEMENT, Meaning::PASSES),
            ("261", STATEMENT, Meaning::PASSES),
            ("517", STATEMENT, Meaning::PASSES),
            ("5", COMMIT, Meaning::PASSES),
            ("6", STATEMENT, Meaning::PASSES),
            ("13", COMMIT, Meaning::OPERATOR),
            // IOERR_FSYNC, IOERR_WRITE.
            ("1034", COMMIT, Meaning::DISK),
            ("778", STATEMENT, Meaning::OPERATOR),
            // READONLY_DBMOVED, CORRUPT_INDEX.
            ("1032", STATEMENT, Meaning::OPERATOR),
            ("779", STATEMENT, Meaning::OPERATOR),
            ("26", STATEMENT, Meaning::OPERATOR),
            // CONSTRAINT_UNIQUE, TOOBIG.
            ("2067", STATEMENT, Meaning::PROGRAM),
            ("18", STATEMENT, Meaning::PROGRAM),
            ("what", STATEMENT, Meaning::PROGRAM),
        ] {
            assert_eq!(sqlite(code, phase), meaning, "{code} at {phase:?}");
        }
    }

    #[test]
    fn an_untrusted_certificate_is_not_tried_again() {
        let untrusted =
            io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer");
        let error = sqlx::Error::Io(untrusted);
        assert_eq!(meaning(&error, Phase::Connecting), Meaning::OPERATOR);
        assert!(advice(&error, Phase::Connecting).contains("sslrootcert"));
    }
}
