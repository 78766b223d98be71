//! An open database of either engine, and the only ways to use it.

mod health;

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::time::timeout;

use crate::connection::Begin;
use crate::connector::{Connected, Connector};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::figures::Figures;
use crate::limits;
use crate::listener::Listener;
use crate::migrate::{self, Migrations};
use crate::outcomes::Outcomes;
use crate::places::Places;
use crate::prober::Prober;
use crate::query::Query;
use crate::retry::Retry;
use crate::row::Row;
use crate::sqlite;
use crate::unit::{self, Ending};
use crate::url::{DatabaseUrl, Engine};
use crate::watch::Watch;
use crate::work::{Work, Working};

/// An open database, its tables up to date. Clones share its connections.
///
/// All work goes through [`write`](Self::write), [`read`](Self::read), and for a single statement
/// [`call`](Self::call) and [`query`](Self::query). Each runs on a task of its own: when its caller
/// is dropped (a client has left) it still comes to its end, and its connection with it.
#[derive(Clone, Debug)]
pub struct Database {
    shared: Arc<Shared>,
    lane: Lane,
}

#[derive(Debug)]
struct Shared {
    connector: Arc<Connector>,
    writers: Places,
    readers: Places,
    followers: Places,
    /// For checks of a SQLite file.
    health: Places,
    /// What became of reads and of writes.
    reads: Outcomes,
    writes: Outcomes,
    prober: Arc<Prober>,
    /// Connections to PostgreSQL that wait for the next check.
    probing: Mutex<Vec<Connected>>,
    /// The newest step of the tables when it was opened.
    schema_version: i64,
}

/// Whose places a read takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Clients,
    Follower,
}

impl Database {
    /// Opens a database and brings a service's tables up to date. A database that cannot be reached
    /// is waited for, up to [`limits::OPEN_TIME`]: it may be starting too. Any number of processes
    /// may do this at the same time; one changes the tables, the others wait for it as long as it
    /// takes. Drop the future to give up.
    ///
    /// # Errors
    /// When it cannot be reached, or its tables are not those this program knows.
    pub async fn open(url: &DatabaseUrl, migrations: &Migrations) -> Result<Self, Error> {
        let connector = Arc::new(Connector::new(url, migrations.service)?);
        if let Some(path) = url.file() {
            sqlite::make_file(&path)?;
        }
        let mut retry = Retry::of_repeatable(Deadline::after(limits::OPEN_TIME));
        let mut has_said = false;
        let tables = loop {
            match migrate::run(&connector, migrations, retry.deadline()).await {
                Err(error) if retry.allows(&error) => {
                    if !has_said {
                        tracing::warn!(%error, time = ?limits::OPEN_TIME, "trying again for a while");
                        has_said = true;
                    }
                    retry.again(&error).await;
                }
                done => break done?,
            }
        };
        tracing::info!(database = %url, applied = tables.applied, "the database is open");
        let shared = Shared::new(connector, tables.version);
        Ok(Self { shared: Arc::new(shared), lane: Lane::Clients })
    }

    /// The same database for what follows it in the background: reads take places of their own, so
    /// that clients' reads cannot hold them up.
    #[must_use]
    pub fn for_follower(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), lane: Lane::Follower }
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.shared.connector.engine()
    }

    /// The file of a SQLite database.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.shared.connector.path()
    }

    /// Runs `work` in a transaction and commits it, all before the deadline. What returned is on
    /// the disk.
    ///
    /// ```no_run
    /// # use tombolo_storage::{Database, Deadline, Error, Query};
    /// # use std::time::Duration;
    /// # async fn example(database: &Database) -> Result<i64, Error> {
    /// let add = Query::new("INSERT INTO account (name, photo) VALUES ($1, $2) RETURNING id");
    /// let add = add.bind("Ana").bind(None::<Vec<u8>>);
    /// let deadline = Deadline::after(Duration::from_secs(10));
    /// let id: Option<i64> =
    ///     database.write(deadline, |work| Box::pin(async move { work.value(add).await })).await?;
    /// # Ok(id.unwrap_or_default())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::outcome`] tells whether it was done, and [`Retry`] whether to try again.
    pub async fn write<T, F>(&self, deadline: Deadline, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'w> FnOnce(&'w mut Work<'_>) -> Working<'w, T> + Send + 'static,
    {
        self.write_or_refuse(deadline, work).await
    }

    /// As [`Database::write`], for work that may refuse with an error of its own: then nothing is
    /// changed, and the caller gets that error.
    ///
    /// ```no_run
    /// # use tombolo_storage::{Database, Deadline, Error, Query, Retry};
    /// # use std::time::Duration;
    /// #[derive(Debug, thiserror::Error)]
    /// enum NotPaid {
    ///     #[error("the account holds {0} only")]
    ///     TooPoor(i64),
    ///     #[error(transparent)]
    ///     Database(#[from] Error),
    /// }
    ///
    /// # async fn example(database: &Database, account: i64, amount: i64) -> Result<(), NotPaid> {
    /// let deadline = Deadline::after(Duration::from_secs(10));
    /// let pay = database.write_or_refuse(deadline, move |work| {
    ///     Box::pin(async move {
    ///         // The row is locked, so that nobody spends the same money meanwhile.
    ///         let held = Query::new("SELECT held FROM account WHERE id = $1").for_update();
    ///         let held = work.value(held.bind(account)).await?.unwrap_or(0);
    ///         if held < amount {
    ///             return Err(NotPaid::TooPoor(held));
    ///         }
    ///         let take = Query::new("UPDATE account SET held = held - $1 WHERE id = $2");
    ///         work.run(take.bind(amount).bind(account)).await?;
    ///         Ok(())
    ///     })
    /// });
    /// pay.await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The work's own, and as [`Database::write`].
    pub async fn write_or_refuse<T, E, F>(&self, deadline: Deadline, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'w> FnOnce(&'w mut Work<'_>) -> Working<'w, T, E> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        to_its_end(async move {
            let (done, ending) =
                unit::transaction(&shared.writers, Begin::Write, deadline, work).await;
            shared.writes.note(ending);
            done
        })
        .await
    }

    /// Runs `work` on what the database held at one moment.
    ///
    /// # Errors
    /// When it could not be read before the deadline.
    pub async fn read<T, F>(&self, deadline: Deadline, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'w> FnOnce(&'w mut Work<'_>) -> Working<'w, T> + Send + 'static,
    {
        let (shared, places) = (Arc::clone(&self.shared), self.reading().clone());
        to_its_end(async move {
            let (done, ending) = unit::transaction(&places, Begin::Read, deadline, work).await;
            shared.reads.note(ending);
            done
        })
        .await
    }

    /// Runs one statement that changes something: a transaction by itself, in one round trip.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub async fn call(&self, deadline: Deadline, query: Query) -> Result<Vec<Row>, Error> {
        let shared = Arc::clone(&self.shared);
        to_its_end(async move {
            let done = unit::statement(&shared.writers, true, deadline, query).await;
            shared.writes.note(Ending::of(&done));
            done
        })
        .await
    }

    /// Runs one statement that only reads, in one round trip. A client's is tried a second time:
    /// the first may have met a connection that died while it was idle.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub async fn query(&self, deadline: Deadline, query: Query) -> Result<Vec<Row>, Error> {
        let (shared, places) = (Arc::clone(&self.shared), self.reading().clone());
        let is_for_client = self.lane == Lane::Clients;
        to_its_end(async move {
            let done = match unit::statement(&places, false, deadline, query.clone()).await {
                Err(error) if is_for_client && error.is_passing() && !deadline.is_over() => {
                    unit::statement(&places, false, deadline, query).await
                }
                done => done,
            };
            shared.reads.note(Ending::of(&done));
            done
        })
        .await
    }

    /// Runs `work` in a transaction of its own connection, with a text that tells one history of
    /// the database from another: another file or copy, another server, a promoted standby. Once
    /// it is committed, connections with another history are refused ([`Error::is_other_history`])
    /// until this is called again. For services that tell their clients when history changed.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub async fn settle<T, F>(&self, deadline: Deadline, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'w> FnOnce(&'w mut Work<'_>, String) -> Working<'w, T> + Send + 'static,
    {
        let connector = Arc::clone(&self.shared.connector);
        to_its_end(async move { unit::settle(&connector, deadline, work).await }).await
    }

    /// Whether the files of a SQLite database are those that were opened. With PostgreSQL there
    /// are none to compare.
    ///
    /// # Errors
    /// When one was moved, removed or replaced: this process has to end.
    pub fn verify_files(&self) -> Result<(), Error> {
        self.shared.verify_files()
    }

    /// Figures of this moment, for `/metrics`.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let (reads, writes) = (&self.shared.reads, &self.shared.writes);
        Figures {
            reads: reads.counts(),
            writes: writes.counts(),
            read_age: reads.age(),
            commit_age: writes.age(),
            connections: [&self.shared.writers, &self.shared.readers, &self.shared.followers]
                .map(Places::in_use),
            schema_version: self.shared.schema_version,
        }
    }

    /// A watch for what others write; of no use for PostgreSQL, which has no such sign.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.shared.connector))
    }

    /// Listens on a channel of PostgreSQL (`LISTEN`); None for SQLite, which has none.
    ///
    /// # Errors
    /// When the server cannot be reached before the deadline.
    pub async fn listen(
        &self,
        channel: &str,
        deadline: Deadline,
    ) -> Result<Option<Listener>, Error> {
        match &*self.shared.connector {
            Connector::Sqlite { .. } => Ok(None),
            Connector::Postgres { options, .. } => {
                Listener::connect(options, channel, deadline).await.map(Some)
            }
        }
    }

    /// Ends the connections in order, after what they are doing, within [`limits::CLOSE_TIME`].
    pub async fn close(&self) {
        let shared = &self.shared;
        let deadline = Deadline::after(limits::CLOSE_TIME);
        let closing = async {
            shared.end_probing().await;
            shared.health.close(deadline).await;
            shared.followers.close(deadline).await;
            shared.readers.close(deadline).await;
            shared.writers.close(deadline).await;
            if let Some(files) = shared.connector.files() {
                files.close().await;
            }
        };
        if timeout(limits::CLOSE_TIME, closing).await.is_err() {
            tracing::warn!("connections to the database did not end in time; they are cut");
        }
    }

    fn reading(&self) -> &Places {
        match self.lane {
            Lane::Clients => &self.shared.readers,
            Lane::Follower => &self.shared.followers,
        }
    }
}

impl Shared {
    fn new(connector: Arc<Connector>, schema_version: i64) -> Self {
        let (writers, readers) = match connector.engine() {
            Engine::Sqlite => (limits::SQLITE_WRITERS, limits::SQLITE_READERS),
            Engine::Postgres => (limits::POSTGRES_WRITERS, limits::POSTGRES_READERS),
        };
        let places = |writes, count| Places::new(Arc::clone(&connector), writes, count);
        let (writers, readers) = (places(true, writers), places(false, readers));
        let (followers, health) = (places(false, limits::FOLLOWERS), places(false, 1));
        let (reads, writes) = (Outcomes::new(), Outcomes::new());
        let (prober, probing) = (Arc::default(), Mutex::default());
        Self {
            connector,
            writers,
            readers,
            followers,
            health,
            reads,
            writes,
            prober,
            probing,
            schema_version,
        }
    }
}

impl Shared {
    /// See [`Database::verify_files`].
    fn verify_files(&self) -> Result<(), Error> {
        match self.connector.files() {
            Some(files) => Ok(files.verify()?),
            None => Ok(()),
        }
    }
}

/// Runs a unit of work on a task of its own.
async fn to_its_end<T: Send + 'static, E: From<Error> + Send + 'static>(
    unit: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    tokio::spawn(unit).await.unwrap_or_else(|_| Err(Error::Cut.into()))
}

#[cfg(test)]
mod health_tests;
#[cfg(test)]
mod tests;
