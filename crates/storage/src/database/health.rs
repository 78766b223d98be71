//! Finding out whether a database can be used.

use tokio::time::Instant;

use super::{Database, to_its_end};
use crate::connection::Begin;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::health::{self, Condition, Health, Probe};
use crate::outcomes::Outcomes;
use crate::unit;
use crate::url::Engine;

impl Database {
    /// Finds out, before the deadline, whether the database can be read and written: by doing so.
    /// Those who ask at the same time share one answer.
    ///
    /// SQLite's write is undone while commits succeed, so that checks do not write to the disk;
    /// after a commit that failed it is committed, since only that shows the end of the fault.
    pub async fn health(&self, probe: Probe, deadline: Deadline) -> Health {
        let mut last = self.shared.last_health.lock().await;
        if let Some((at, health)) = &*last
            && at.elapsed() < health::FRESH_TIME
        {
            return health.clone();
        }
        let (reads, writes) =
            tokio::join!(self.try_reading(probe, deadline), self.try_writing(probe, deadline));
        let is_other_history = [&reads, &writes]
            .into_iter()
            .any(|tried| tried.as_ref().is_err_and(Error::is_other_history));
        let condition = |tried: Result<(), Error>, outcomes: &Outcomes| Condition {
            fault: tried.err().map(|error| error.to_string()),
            age: outcomes.age(),
        };
        let files = self.shared.connector.files();
        let health = Health {
            reads: condition(reads, &self.shared.reads),
            writes: condition(writes, &self.shared.writes),
            free_bytes: self.file().and_then(health::free_bytes),
            is_other_history,
            log_bytes: files.map(crate::files::Files::log_bytes),
        };
        *last = Some((Instant::now(), health.clone()));
        health
    }

    async fn try_reading(&self, probe: Probe, deadline: Deadline) -> Result<(), Error> {
        self.verify_files()?;
        // Not counted as real work.
        let places = self.shared.health.clone();
        to_its_end(async move { unit::statement(&places, false, deadline, probe.reading()).await })
            .await
            .map(drop)
    }

    async fn try_writing(&self, probe: Probe, deadline: Deadline) -> Result<(), Error> {
        self.verify_files()?;
        let is_sqlite = self.engine() == Engine::Sqlite;
        if is_sqlite && !self.shared.writes.has_failed() {
            let free = self.file().and_then(health::free_bytes);
            if free.is_none_or(|free| free >= health::SCARCE_BYTES) {
                return self.try_undone(probe, deadline).await;
            }
        }
        self.call(deadline, probe.writing()).await.map(drop)
    }

    /// Writes and undoes it. Not counted as real work: it shows less.
    async fn try_undone(&self, probe: Probe, deadline: Deadline) -> Result<(), Error> {
        let places = self.shared.writers.clone();
        to_its_end(async move {
            let (done, _) = unit::transaction(&places, Begin::Write, deadline, move |work| {
                Box::pin(async move {
                    work.undo();
                    work.run(probe.writing()).await.map(drop)
                })
            })
            .await;
            done
        })
        .await
    }
}
