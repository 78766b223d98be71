//! One unit of work on one connection: begin, work, commit, all before one deadline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout_at};

use crate::connection::{Begin, Connection};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::limits;
use crate::places::{Place, Places};
use crate::query::Query;
use crate::row::Row;
use crate::work::{Work, Working};

/// Runs `work` in a transaction. The connection is given back only when all of it went well.
pub(crate) async fn transaction<T, F>(
    places: &Places,
    begin: Begin,
    deadline: Deadline,
    work: F,
) -> Result<T, Error>
where
    F: for<'w> FnOnce(&'w mut Work<'_>) -> Working<'w, T>,
{
    let mut place = places.take(deadline).await?;
    let commits = AtomicBool::new(false);
    let unit = async {
        begin_within(&mut place, begin, deadline).await?;
        let connection = place.connection()?;
        let mut transaction = Work::new(connection);
        let result = work(&mut transaction).await?;
        if transaction.has_failed {
            let words = "a piece of work hid that one of its statements failed";
            return Err(Error::Program { words });
        }
        if transaction.is_undone {
            connection.roll_back().await?;
            return Ok(result);
        }
        commits.store(true, Ordering::Relaxed);
        connection.commit().await.map_err(Error::at_commit)?;
        Ok(result)
    };
    let done = timeout_at(deadline.instant(), unit).await;
    let writes = matches!(begin, Begin::Write);
    match done {
        Ok(Ok(result)) => {
            place.give_back();
            Ok(result)
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::Deadline { at_commit: writes && commits.load(Ordering::Relaxed) }),
    }
}

/// Runs one statement, which is a transaction by itself: one round trip.
pub(crate) async fn statement(
    places: &Places,
    writes: bool,
    deadline: Deadline,
    query: Query,
) -> Result<Vec<Row>, Error> {
    let mut place = places.take(deadline).await?;
    let connection = place.connection()?;
    match timeout_at(deadline.instant(), connection.rows(query)).await {
        Ok(Ok(rows)) => {
            place.give_back();
            Ok(rows)
        }
        Ok(Err(error)) if writes => Err(error.at_commit()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::Deadline { at_commit: writes }),
    }
}

/// Begins; waits for another process's transaction on the same SQLite file until the deadline, in
/// small pieces: SQLite's own wait cannot be cut short.
async fn begin_within(place: &mut Place, begin: Begin, deadline: Deadline) -> Result<(), Error> {
    loop {
        let connection = place.connection()?;
        match connection.begin(begin).await {
            Err(error)
                if error.is_busy()
                    && matches!(connection, Connection::Sqlite(_))
                    && !deadline.is_over() =>
            {
                let most = u64::try_from(limits::BUSY_PAUSE.as_millis()).unwrap_or(1);
                sleep(Duration::from_millis(fastrand::u64(1..=most))).await;
            }
            done => return done,
        }
    }
}
