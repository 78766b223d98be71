//! Whether the log is the one it was.
//!
//! A log that was restored from a copy goes on where the copy ended: it gives numbers anew that
//! readers have seen on other messages. So each log has an epoch, and whoever opens it compares
//! what the system says of it (the file, the server's history) with what was noted: if that
//! differs, the log gets another epoch, and readers are told to begin anew.

use tombolo_storage::{Database, Deadline, Engine, Error, Query, Work};

use super::from_signed;
use crate::limits;
use crate::said::Epoch;

const READ: &str = "SELECT epoch, identity FROM chat_log";
const WRITE: &str = "INSERT INTO chat_log (one, epoch, identity) VALUES (1, $1, $2)
    ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, identity = excluded.identity";

/// Gives the log a new epoch if it is new or another than it was; the epoch that holds. Nothing is read or written with
/// another history until this was called for that too.
pub(super) async fn settle(database: &Database) -> Result<Epoch, Error> {
    let settling = database.settle(Deadline::after(limits::SETTLE_TIME), |work, history| {
        Box::pin(async move {
            let identity = match work.engine() {
                Engine::Sqlite => history,
                Engine::Postgres => {
                    work.run(Query::new("LOCK TABLE chat_log IN EXCLUSIVE MODE")).await?;
                    format!("{history} {}", table(work).await?)
                }
            };
            let noted = work.row(Query::new(READ)).await?;
            let noted: Option<(i64, String)> =
                noted.map(|row| Ok::<_, Error>((row.get(0)?, row.get(1)?))).transpose()?;
            if let Some((epoch, noted)) = &noted
                && !is_another(noted, &identity)
            {
                return Ok(Epoch(from_signed(*epoch)));
            }
            let epoch = new_epoch();
            work.run(Query::new(WRITE).bind(epoch).bind(identity)).await?;
            Ok(Epoch(from_signed(epoch)))
        })
    });
    settling.await.map_err(Error::during("finding out whether the log is the one it was"))
}

fn is_another(noted: &str, identity: &str) -> bool {
    if noted != identity {
        tracing::warn!(noted, identity, "the log is not where it was: it gets a new epoch");
    }
    noted != identity
}

/// 48 bits, so that every program reads an event's id without loss.
fn new_epoch() -> i64 {
    i64::try_from(fastrand::u64(1..1 << 48)).unwrap_or(1)
}

/// The number of the table: another after a restore from a dump.
async fn table(work: &mut Work<'_>) -> Result<u64, Error> {
    let query = Query::new("SELECT 'chat_message'::regclass::oid::bigint");
    let row = work.row(query).await?;
    Ok(row.map(|row| row.get(0)).transpose()?.map(from_signed).unwrap_or_default())
}
