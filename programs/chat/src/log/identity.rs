//! Whether the log is the one it was.
//!
//! A log that was restored from a copy goes on where the copy ended: it gives numbers anew that
//! readers have seen on other messages. So each log has an epoch, and whoever opens it compares
//! what the system says of it (the file, the server's history) with what was noted: if that
//! differs, the log gets another epoch, and readers are told to begin anew.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use tombolo_storage::{Database, Deadline, Error, Query, Work};

use super::from_signed;
use crate::limits;

const READ: &str = "SELECT epoch, identity FROM chat_log";
const WRITE: &str = "INSERT INTO chat_log (one, epoch, identity) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, identity = excluded.identity";

/// Gives the log a new epoch if it is new or another than it was. Tells which file it is, if it is
/// one.
pub(super) async fn settle(database: &Database) -> Result<Option<String>, Error> {
    let file = database.file().map(Path::to_owned);
    let settling = database.write(Deadline::after(limits::SETTLE_TIME), |work| {
        Box::pin(async move {
            let identity = match &file {
                Some(file) => match of_file(file) {
                    Some(identity) => identity,
                    None => return Ok(None),
                },
                None => {
                    work.run(Query::new("LOCK TABLE chat_log IN EXCLUSIVE MODE")).await?;
                    of_server(work).await?
                }
            };
            let noted = work.row(Query::new(READ)).await?;
            let noted: Option<String> = noted.map(|row| row.get(1)).transpose()?;
            if is_another(noted.as_deref(), &identity) {
                let write = Query::new(WRITE).bind(new_epoch()).bind(identity.as_str());
                work.run(write).await?;
            }
            Ok(file.map(|_| identity))
        })
    });
    settling.await.map_err(Error::during("finding out whether the log is the one it was"))
}

/// Whether the file that is open still lies where it was opened. Whoever puts another there while
/// replicas run would have them write into a file that nobody can find any more.
pub(super) fn is_in_place(file: Option<&Path>, opened: Option<&str>) -> bool {
    file.is_none_or(|file| of_file(file).as_deref() == opened)
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
async fn of_server(work: &mut Work<'_>) -> Result<String, Error> {
    let query = "SELECT (SELECT system_identifier FROM pg_control_system()),
            (SELECT timeline_id::bigint FROM pg_control_checkpoint()),
            'chat_message'::regclass::oid::bigint";
    let Some(row) = work.row(Query::new(query)).await? else { return Ok(String::new()) };
    let (system, timeline, table): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
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
