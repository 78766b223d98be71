//! One unit of work on one connection: begin, work, commit, all before one deadline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout, timeout_at};

use crate::codes::Meaning;
use crate::connection::{Begin, Connection};
use crate::connector::Connector;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::limits;
use crate::places::{Place, Places};
use crate::query::Query;
use crate::row::Row;
use crate::url::Engine;
use crate::work::{Work, Working};

/// What became of a unit of work, as far as the database is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was done.
    Done,
    /// The database failed, or the work did.
    Failed(Meaning),
    /// The work refused, and nothing was changed.
    Refused,
}

impl Ending {
    pub(crate) fn of<T>(done: &Result<T, Error>) -> Self {
        match done {
            Ok(_) => Self::Done,
            Err(error) => Self::Failed(error.meaning()),
        }
    }
}

/// Why a unit of work was not done.
enum Stop<E> {
    /// By the database, or by what it found out about the work.
    Failed(Error),
    /// By the work's own decision.
    Refused {
        error: E,
        /// The meaning of the statement that failed, if one did.
        failed: Option<Meaning>,
        is_undone: bool,
    },
}

impl<E> From<Error> for Stop<E> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Runs `work` in a transaction. The connection is given back only when all of it went well, or the
/// work refused and what it had done was undone.
pub(crate) async fn transaction<T, E, F>(
    places: &Places,
    begin: Begin,
    deadline: Deadline,
    work: F,
) -> (Result<T, E>, Ending)
where
    E: From<Error>,
    F: for<'w> FnOnce(&'w mut Work<'_>) -> Working<'w, T, E>,
{
    let failed = |error: Error| {
        let ending = Ending::Failed(error.meaning());
        (Err(error.into()), ending)
    };
    let mut place = match places.take(deadline).await {
        Ok(place) => place,
        Err(error) => return failed(error),
    };
    let commits = AtomicBool::new(false);
    let unit = attempt(&mut place, begin, deadline, &commits, work);
    let done = timeout_at(deadline.instant(), unit).await;
    let writes = matches!(begin, Begin::Write);
    match done {
        Ok(Ok(result)) => {
            place.give_back();
            (Ok(result), Ending::Done)
        }
        Ok(Err(Stop::Failed(error))) => failed(error),
        Ok(Err(Stop::Refused { error, failed, is_undone })) => {
            if is_undone {
                place.give_back();
            }
            (Err(error), failed.map_or(Ending::Refused, Ending::Failed))
        }
        Err(_) => failed(Error::Deadline { at_commit: writes && commits.load(Ordering::Relaxed) }),
    }
}

/// Begins, works, commits.
async fn attempt<T, E, F>(
    place: &mut Place,
    begin: Begin,
    deadline: Deadline,
    commits: &AtomicBool,
    work: F,
) -> Result<T, Stop<E>>
where
    F: for<'w> FnOnce(&'w mut Work<'_>) -> Working<'w, T, E>,
{
    begin_on(place.connection()?, begin, deadline).await?;
    let connection = place.connection()?;
    let mut transaction = Work::new(connection);
    let result = work(&mut transaction).await;
    let (failed, is_undone) = (transaction.failed, transaction.is_undone);
    let result = match (result, failed) {
        (Ok(_), Some(_)) => return Err(hidden().into()),
        (Ok(result), None) => result,
        (Err(error), failed) => {
            // After a failed statement nobody knows what the connection is at.
            let is_undone = failed.is_none() && connection.roll_back().await.is_ok();
            return Err(Stop::Refused { error, failed, is_undone });
        }
    };
    if is_undone {
        connection.roll_back().await?;
        return Ok(result);
    }
    let (writes, engine) = (matches!(begin, Begin::Write), connection.engine());
    if writes && engine == Engine::Postgres {
        place.verify()?;
    }
    commits.store(true, Ordering::Relaxed);
    place.connection()?.commit().await.map_err(Error::at_commit)?;
    if writes && engine == Engine::Sqlite {
        // A commit into files that were replaced meanwhile is not acknowledged.
        place.verify()?;
    }
    Ok(result)
}

fn hidden() -> Error {
    Error::Program { words: "a piece of work hid that one of its statements failed" }
}

/// Runs `work` on a new connection whatever the database's history is, and settles that history
/// once it is committed.
pub(crate) async fn settle<T, F>(
    connector: &Connector,
    deadline: Deadline,
    work: F,
) -> Result<T, Error>
where
    F: for<'w> FnOnce(&'w mut Work<'_>, String) -> Working<'w, T>,
{
    let (mut connection, history) = connector.connect_to_any(true, deadline).await?;
    let noted = history.clone();
    let unit = async {
        begin_on(&mut connection, Begin::Write, deadline).await?;
        let mut transaction = Work::new(&mut connection);
        let result = work(&mut transaction, history).await?;
        if transaction.failed.is_some() {
            return Err(hidden());
        }
        connection.commit().await.map_err(Error::at_commit)?;
        Ok(result)
    };
    let late = Err(Error::Deadline { at_commit: true });
    let done = timeout_at(deadline.instant(), unit).await.unwrap_or(late);
    if done.is_ok() {
        connector.settle(noted);
    }
    let _ = timeout(limits::HANG_UP_TIME, connection.close()).await;
    done
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
    let engine = connection.engine();
    if writes && engine == Engine::Postgres {
        place.verify()?;
    }
    let connection = place.connection()?;
    match timeout_at(deadline.instant(), connection.rows(query)).await {
        Ok(Ok(rows)) => {
            if writes && engine == Engine::Sqlite {
                place.verify()?;
            }
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
async fn begin_on(
    connection: &mut Connection,
    begin: Begin,
    deadline: Deadline,
) -> Result<(), Error> {
    loop {
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
