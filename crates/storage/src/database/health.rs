//! Finding out whether a database can be used, by using it: see [`Prober`](crate::prober::Prober).

use std::sync::{Arc, PoisonError};

use tokio::time::{Instant, timeout};

use super::{Database, Shared, to_its_end};
use crate::connection::{Begin, Connection};
use crate::connector::Connected;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::files::Files;
use crate::health::{self, Condition, Health, Probe};
use crate::limits;
use crate::outcomes::Outcomes;
use crate::prober::Half;
use crate::query::Query;
use crate::unit;
use crate::url::Engine;

impl Database {
    /// Whether the database can be read and written, as found out by doing so twice a second. The
    /// first call begins that, and waits for what it finds until the deadline; so does one after
    /// [`limits::HEALTH_UNASKED`] in which nobody asked. All others return at once.
    ///
    /// Real work counts: while it is committed, nothing else is written. SQLite's write is undone
    /// then, and as long as no commit has failed, so that checks do not write to the disk.
    pub async fn health(&self, probe: Probe, deadline: Deadline) -> Health {
        let shared = &self.shared;
        let weak = Arc::downgrade(shared);
        let attempts = match self.engine() {
            Engine::Sqlite => 1,
            Engine::Postgres => limits::HEALTH as usize,
        };
        shared.prober.begin(attempts, move || {
            let shared = weak.upgrade()?;
            Some(async move {
                match shared.connector.engine() {
                    Engine::Sqlite => shared.probe_file(probe).await,
                    Engine::Postgres => shared.probe_server(probe).await,
                }
            })
        });
        let stale = limits::HEALTH_STALE.saturating_add(shared.connector.distance());
        let sight = shared.connector.files().and_then(Files::sight);
        let known = shared.prober.ask(stale, deadline, sight).await;
        let faults = [&known.reads, &known.writes];
        let is_other = |error: &Arc<Error>| error.is_other_history();
        let is_other_history = faults.into_iter().flatten().any(is_other);
        let gone = faults.into_iter().flatten().find(|error| error.is_gone()).cloned();
        let condition = |fault: Option<Arc<Error>>, outcomes: &Outcomes| Condition {
            fault: fault.map(|error| error.to_string()),
            age: outcomes.age(),
        };
        Health {
            reads: condition(known.reads, &shared.reads),
            writes: condition(known.writes, &shared.writes),
            free_bytes: self.file().and_then(health::free_bytes),
            is_other_history,
            gone,
            log_bytes: shared.connector.files().map(Files::log_bytes),
        }
    }
}

impl Shared {
    /// When real work of this kind last succeeded, if that is so recent that it need not be tried.
    fn proven(outcomes: &Outcomes) -> Option<Instant> {
        let age = outcomes.age().filter(|age| *age < limits::HEALTH_PERIOD)?;
        if outcomes.has_failed() { None } else { Instant::now().checked_sub(age) }
    }

    async fn probe_file(self: Arc<Self>, probe: Probe) {
        let deadline = || Deadline::after(limits::HEALTH_STATEMENT);
        self.prober.saw(self.connector.files().and_then(Files::sight));
        let begun = Instant::now();
        let read = match self.verify_files() {
            Ok(()) => self.read_file(probe, deadline()).await,
            Err(error) => Err(error),
        };
        self.prober.note(Half::Reads, begun, read.err().map(Arc::new));
        let begun = Instant::now();
        let written = match self.verify_files() {
            Ok(()) => {
                if let Some(begun) = Self::proven(&self.writes) {
                    return self.prober.note(Half::Writes, begun, None);
                }
                self.write_to_file(probe, deadline()).await
            }
            Err(error) => Err(error),
        };
        self.prober.note(Half::Writes, begun, written.err().map(Arc::new));
    }

    /// Reads from the file, not from what SQLite remembers of it: pages in memory hide damage.
    async fn read_file(&self, probe: Probe, deadline: Deadline) -> Result<(), Error> {
        let places = self.health.clone();
        let forget = Query::new("PRAGMA shrink_memory");
        unit::statement(&places, false, deadline, forget).await?;
        unit::statement(&places, false, deadline, probe.reading()).await.map(drop)
    }

    /// After a commit that failed only another commit shows the end of the fault.
    async fn write_to_file(
        self: &Arc<Self>,
        probe: Probe,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let places = self.writers.clone();
        let free = self.connector.path().and_then(health::free_bytes);
        let has_room = free.is_none_or(|free| free >= health::SCARCE_BYTES);
        let is_undone = has_room && !self.writes.has_failed();
        let shared = Arc::clone(self);
        // On a task of its own: a round may be cut short, SQLite's thread not.
        to_its_end(async move {
            let work = unit::transaction(&places, Begin::Write, deadline, move |work| {
                Box::pin(async move {
                    if is_undone {
                        work.undo();
                    }
                    work.run(probe.writing()).await.map(drop)
                })
            });
            let (done, ending) = work.await;
            // One that was undone shows less than real work.
            if !is_undone {
                shared.writes.note(ending);
            }
            done
        })
        .await
    }

    async fn probe_server(self: Arc<Self>, probe: Probe) {
        let mut idle = self.take_probing();
        loop {
            let begun = Instant::now();
            let was_idle = idle.is_some();
            let connected = match idle.take() {
                Some(connected) => Ok(connected),
                None => self.connect_to_probe().await,
            };
            let mut connected = match connected {
                Ok(connected) => connected,
                Err(error) => {
                    let failed = Some(Arc::new(error));
                    self.prober.note(Half::Reads, begun, failed.clone());
                    return self.prober.note(Half::Writes, begun, failed);
                }
            };
            let begun = Instant::now();
            let read = self.bounded(connected.connection.simple(probe.read)).await;
            // The server may have been restarted since the last round.
            if was_idle && read.as_ref().is_err_and(Error::is_lost_connection) {
                continue;
            }
            let failed = read.err().map(Arc::new);
            self.prober.note(Half::Reads, begun, failed.clone());
            if failed.is_some() {
                self.prober.note(Half::Writes, begun, failed);
                return hang_up(connected.connection);
            }
            let begun = Instant::now();
            if let Some(begun) = Self::proven(&self.writes) {
                self.prober.note(Half::Writes, begun, None);
                return self.keep_probing(connected);
            }
            let written = self.bounded(connected.connection.simple(probe.write)).await;
            let failed = written.err().map(|error| Arc::new(error.at_commit()));
            self.prober.note(Half::Writes, begun, failed.clone());
            return match failed {
                None => self.keep_probing(connected),
                Some(_) => hang_up(connected.connection),
            };
        }
    }

    async fn bounded(&self, run: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        let limit = limits::HEALTH_STATEMENT.saturating_add(self.connector.distance());
        timeout(limit, run).await.unwrap_or(Err(Error::Deadline { at_commit: false }))
    }

    /// A try that hangs makes room for another soon; a far server gets the time that it takes.
    async fn connect_to_probe(&self) -> Result<Connected, Error> {
        let limit = self.connector.distance().saturating_mul(3).max(limits::HEALTH_STATEMENT);
        self.connector.connect(true, Deadline::after(limit)).await
    }

    fn take_probing(&self) -> Option<Connected> {
        let mut idle = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop())
            .find(|connected| !self.connector.is_outdated(connected.generation))
    }

    fn keep_probing(&self, connected: Connected) {
        let mut idle = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limits::HEALTH as usize {
            idle.push(connected);
        }
    }

    /// Ends the checks and their connections.
    pub(super) async fn end_probing(&self) {
        self.prober.end();
        while let Some(connected) = self.take_probing() {
            let _ = timeout(limits::HANG_UP_TIME, connected.connection.close()).await;
        }
    }
}

/// Says goodbye to a server that may not hear it, and does not wait for that.
fn hang_up(connection: Connection) {
    tokio::spawn(timeout(limits::HANG_UP_TIME, connection.close()));
}
