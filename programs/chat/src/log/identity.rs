//! Whether the log is the one it was.
//!
//! A log that was restored from a copy goes on where the copy ended: it gives numbers anew that
//! readers have seen on other messages. So each log has an epoch, and whoever opens it compares
//! what the system says of it (the file, the server's history) with what was noted: if that
//! differs, the log gets another epoch, and readers are told to begin anew.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sqlx::{PgConnection, Row};
use tombolo_storage::{Database, Error, Sqlite};

use super::from_signed;

const READ: &str = "SELECT epoch, identity FROM chat_log";
const WRITE: &str = "INSERT INTO chat_log (one, epoch, identity) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, identity = excluded.identity";

/// Gives the log a new epoch if it is new or another than it was. Tells which file it is, if it is
/// one.
pub(super) async fn settle(database: &Database) -> Result<Option<String>, Error> {
    let failed = Error::query("finding out whether the log is the one it was");
    match database {
        Database::Sqlite(sqlite) => {
            let Some(identity) = of_file(sqlite.path()) else { return Ok(None) };
            let mut work = sqlite.writer.begin_with("BEGIN IMMEDIATE").await.map_err(&failed)?;
            let noted = sqlx::query(READ).fetch_optional(&mut *work).await.map_err(&failed)?;
            let noted = noted.map(|row| row.try_get::<String, _>(1)).transpose();
            if is_another(noted.map_err(&failed)?.as_deref(), &identity) {
                let write = sqlx::query(WRITE).bind(new_epoch()).bind(&identity);
                write.execute(&mut *work).await.map_err(&failed)?;
            }
            work.commit().await.map_err(&failed)?;
            Ok(Some(identity))
        }
        Database::Postgres(server) => {
            let mut work = server.pool.begin().await.map_err(&failed)?;
            sqlx::query("LOCK TABLE chat_log IN EXCLUSIVE MODE")
                .execute(&mut *work)
                .await
                .map_err(&failed)?;
            let identity = of_server(&mut work).await.map_err(&failed)?;
            let noted = sqlx::query(READ).fetch_optional(&mut *work).await.map_err(&failed)?;
            let noted = noted.map(|row| row.try_get::<String, _>(1)).transpose();
            if is_another(noted.map_err(&failed)?.as_deref(), &identity) {
                let write = sqlx::query(WRITE).bind(new_epoch()).bind(identity);
                write.execute(&mut *work).await.map_err(&failed)?;
            }
            work.commit().await.map_err(&failed)?;
            Ok(None)
        }
    }
}

/// Whether the file that is open still lies where it was opened. Whoever puts another there while
/// replicas run would have them write into a file that nobody can find any more.
pub(super) fn is_in_place(sqlite: &Sqlite, opened: Option<&str>) -> bool {
    of_file(sqlite.path()).as_deref() == opened
}

fn is_another(noted: Option<&str>, identity: &str) -> bool {
    if let Some(noted) = noted
        && noted != identity
    {
        tracing::warn!(noted, identity, "the log is not where it was: it gets a new epoch");
    }
    noted != Some(identity)
}

/// 48 bits, so that every program reads an event's id without loss.
fn new_epoch() -> i64 {
    i64::try_from(fastrand::u64(1..1 << 48)).unwrap_or(1)
}

/// A file by its number and the time it was made, which no copy has.
fn of_file(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    let made = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Some(format!("file {} {}", metadata.ino(), made.unwrap_or_default().as_nanos()))
}

/// A server's history: its identifier, its timeline (another after a restore to a point in time or
/// a failover, either of which may have lost commits), and the table (another after a restore
/// from a dump).
async fn of_server(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let row = sqlx::query(
        "SELECT (SELECT system_identifier FROM pg_control_system()),
                (SELECT timeline_id FROM pg_control_checkpoint()),
                'chat_message'::regclass::oid::bigint",
    )
    .fetch_one(connection)
    .await?;
    let (system, timeline, table): (i64, i32, i64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(format!("server {} {timeline} {}", system.cast_unsigned(), from_signed(table)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let (original, copy) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&original, "log").unwrap();
        std::fs::copy(&original, &copy).unwrap();
        let before = of_file(&original).unwrap();
        assert_ne!(of_file(&copy).unwrap(), before);
        std::fs::write(&original, "log, longer").unwrap();
        assert_eq!(of_file(&original).unwrap(), before);
        std::fs::rename(&copy, &original).unwrap();
        assert_ne!(of_file(&original).unwrap(), before);
    }
}
