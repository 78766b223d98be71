//! The connections of one kind of work: so many places, each with a connection or none yet.
//!
//! A connection comes back only from work that ended well. After an error, a deadline or work that
//! was cut short it is closed: a driver may leave it inside a transaction (sqlx does when a `BEGIN`
//! is cancelled or SQLite rolls back by itself), and whoever got it next would work in there.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::Connection;
use crate::connector::Connector;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::limits;

/// The places of one kind of work. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connector: Arc<Connector>,
    /// Whether its connections may write.
    writes: bool,
    free: Arc<Semaphore>,
    count: u32,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    generation: u64,
    since: Instant,
    /// Another of these met an error meanwhile: this one may be dead too.
    is_doubtful: bool,
}

/// A place that is taken, with its connection.
#[derive(Debug)]
pub(crate) struct Place {
    /// None only once it is given back or closed.
    connection: Option<Connection>,
    generation: u64,
    shared: Arc<Shared>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(crate) fn new(connector: Arc<Connector>, writes: bool, count: u32) -> Self {
        let free = Arc::new(Semaphore::new(count as usize));
        let idle = Mutex::default();
        Self { shared: Arc::new(Shared { connector, writes, free, count, idle }) }
    }

    /// Waits for a place and gives it with a connection that works.
    pub(crate) async fn take(&self, deadline: Deadline) -> Result<Place, Error> {
        let shared = &self.shared;
        let free = Arc::clone(&shared.free).acquire_owned();
        let permit = match timeout_at(deadline.instant(), free).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(Error::Closed),
            Err(_) => return Err(Error::NoPlace { places: shared.count }),
        };
        let shared_too = Arc::clone(shared);
        let mut place =
            Place { connection: None, generation: 0, shared: shared_too, permit: Some(permit) };
        while let Some(idle) = shared.pop() {
            place.connection = Some(idle.connection);
            place.generation = idle.generation;
            if shared.connector.is_outdated(idle.generation) {
                place.connection = None;
                continue;
            }
            let is_sure = !idle.is_doubtful && idle.since.elapsed() < limits::IDLE_UNCHECKED;
            if is_sure || place.is_alive(deadline).await {
                return Ok(place);
            }
            place.connection = None;
        }
        let connected = shared.connector.connect(shared.writes, deadline).await?;
        place.connection = Some(connected.connection);
        place.generation = connected.generation;
        Ok(place)
    }

    /// How many are taken, and how many there are.
    pub(crate) fn in_use(&self) -> (u32, u32) {
        let free = u32::try_from(self.shared.free.available_permits()).unwrap_or(u32::MAX);
        (self.shared.count.saturating_sub(free), self.shared.count)
    }

    /// Takes no work any more and ends what is idle; waits for what is under way until the
    /// deadline.
    pub(crate) async fn close(&self, deadline: Deadline) {
        let shared = &self.shared;
        let all = Arc::clone(&shared.free).acquire_many_owned(shared.count);
        let waited = timeout_at(deadline.instant(), all).await;
        shared.free.close();
        while let Some(idle) = shared.pop() {
            let _ = timeout_at(deadline.instant(), idle.connection.close()).await;
        }
        drop(waited);
    }
}

impl Shared {
    /// The connection that was used last: those that are not needed grow old.
    fn pop(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn push(&self, connection: Connection, generation: u64) {
        let idle = Idle { connection, generation, since: Instant::now(), is_doubtful: false };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }

    fn doubt(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.iter_mut().for_each(|idle| idle.is_doubtful = true);
    }
}

impl Place {
    /// The connection.
    pub(crate) fn connection(&mut self) -> Result<&mut Connection, Error> {
        self.connection.as_mut().ok_or(Error::Closed)
    }

    /// Whether the connection still works with the database it was made for: see
    /// [`Connector::verify`].
    pub(crate) fn verify(&self) -> Result<(), Error> {
        self.shared.connector.verify(self.generation)
    }

    /// Whether a connection that was idle still has another end: something in between may have
    /// forgotten it.
    async fn is_alive(&mut self, deadline: Deadline) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let deadline = deadline.at_most(limits::PING_TIME);
        matches!(timeout_at(deadline.instant(), connection.ping()).await, Ok(Ok(())))
    }

    /// After work that ended well: the next may have the connection.
    pub(crate) fn give_back(mut self) {
        if let Some(connection) = self.connection.take()
            && !self.shared.free.is_closed()
        {
            self.shared.push(connection, self.generation);
        }
    }
}

impl Drop for Place {
    /// Closes the connection. The place is free once that is done: work that hangs in a thread of
    /// SQLite keeps its place, so that hanging threads do not add up.
    fn drop(&mut self) {
        let (connection, permit) = (self.connection.take(), self.permit.take());
        let (Some(connection), Ok(runtime)) = (connection, tokio::runtime::Handle::try_current())
        else {
            return;
        };
        self.shared.doubt();
        runtime.spawn(async move {
            match connection {
                Connection::Sqlite(_) => connection.close().await,
                Connection::Postgres(_) => {
                    let _ = timeout(limits::HANG_UP_TIME, connection.close()).await;
                }
            }
            drop(permit);
        });
    }
}
