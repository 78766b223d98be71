//! When what is known is written: at once after a change, but at most once a second; every minute while
//! there is anything to tell, so that its age is known; and when another process is to know it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tombolo_daemon::config;

use super::file::{StateFile, Trouble};
use super::gather::gather;
use super::recall::{From, Recalled, recall};
use super::record::Record;
use crate::control_plane::{Publication, Snapshot, Standing};
use crate::upstream::changed;

/// Between two writings.
const PAUSE: Duration = Duration::from_secs(1);

/// What does not change is written anew so often.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// For a last writing: who hangs on a disk must not hang here.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps what is known of servers for whoever comes after.
pub(in crate::control_plane) struct Keeper {
    publication: Arc<Publication>,
    standing: Arc<Standing>,
    /// None: nothing is kept.
    desk: Option<Arc<Mutex<Desk>>>,
    task: Option<JoinHandle<()>>,
}

/// Where it is written. Used by one at a time, on a thread that may wait for a disk.
struct Desk {
    file: StateFile,
    /// Trouble was told.
    in_trouble: bool,
}

impl Keeper {
    /// Puts what is known from before into the servers: what the process before has handed over, or
    /// else what is in the file. Call it before the servers are asked for anything. True if the
    /// process before was told to take no new work.
    pub(in crate::control_plane) fn new(
        file: &config::StateFile,
        handed_over: Option<Vec<u8>>,
        publication: &Arc<Publication>,
        standing: &Arc<Standing>,
    ) -> (Self, bool) {
        let mut desk = file.path().map(|path| Desk::new(StateFile::new(path)));
        let left = desk.as_mut().and_then(Desk::open);
        let snapshot = publication.current();
        let was_leaving = match handed_over {
            Some(text) => begin_with(&text, "the process before", From::Predecessor, &snapshot),
            None => {
                if let (Some(text), Some(desk)) = (left, &desk) {
                    let path = desk.file.path().display().to_string();
                    begin_with(&text, &path, From::Past, &snapshot);
                }
                // Whoever drains the whole gateway is about to end it: it is asked for again.
                false
            }
        };
        let keeper = Self {
            publication: Arc::clone(publication),
            standing: Arc::clone(standing),
            desk: desk.map(|desk| Arc::new(Mutex::new(desk))),
            task: None,
        };
        (keeper, was_leaving)
    }

    /// Writes from now on.
    pub(in crate::control_plane) fn begin(&mut self) {
        let Some(desk) = &self.desk else { return };
        let (desk, publication) = (Arc::clone(desk), Arc::clone(&self.publication));
        self.task = Some(tokio::spawn(keep(desk, publication)));
    }

    /// Writes for the last time and leaves the file to others, until [`Keeper::begin`].
    pub(in crate::control_plane) async fn rest(&mut self) {
        let (Some(task), Some(desk)) = (self.task.take(), &self.desk) else { return };
        task.abort();
        let record = self.record();
        let desk = Arc::clone(desk);
        let last = tokio::task::spawn_blocking(move || {
            let mut desk = lock(&desk);
            desk.write(&record);
            desk.file.release();
        });
        if timeout(PATIENCE, last).await.is_err() {
            tracing::warn!("the state of servers could not be written in time");
        }
    }

    /// What is known, for a process that takes this one's place.
    pub(in crate::control_plane) fn for_a_successor(&self) -> Option<String> {
        self.record().to_text().ok()
    }

    fn record(&self) -> Record {
        gather(&self.publication.current(), self.standing.is_leaving())
    }
}

/// Writes for as long as it is awaited.
async fn keep(desk: Arc<Mutex<Desk>>, publication: Arc<Publication>) {
    loop {
        tokio::select! {
            () = changed() => {}
            () = sleep(HEARTBEAT) => {}
        }
        let record = gather(&publication.current(), false);
        let desk = Arc::clone(&desk);
        let _ = tokio::task::spawn_blocking(move || lock(&desk).write(&record)).await;
        sleep(PAUSE).await;
    }
}

fn lock(desk: &Mutex<Desk>) -> std::sync::MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    fn new(file: StateFile) -> Self {
        Self { file, in_trouble: false }
    }

    /// What was left in the file. Tells at the start already if nothing can be written there.
    fn open(&mut self) -> Option<Vec<u8>> {
        let (left, outcome) = match self.file.read() {
            Ok(left) => (left, self.file.try_out()),
            Err(trouble) => (None, Err(trouble)),
        };
        self.tell(outcome);
        left
    }

    /// Writes a record, unless there is nothing to tell and never was.
    fn write(&mut self, record: &Record) {
        if record.is_nothing() && !self.file.is_held() {
            return;
        }
        let outcome = match record.to_text() {
            Ok(text) => self.file.write(&text),
            Err(broken) => Err(Trouble::System(std::io::Error::other(broken))),
        };
        self.tell(outcome);
    }

    /// Tells of trouble once, and of its end.
    fn tell(&mut self, outcome: Result<(), Trouble>) {
        let path = self.file.path().display();
        match outcome {
            Ok(()) => {
                if std::mem::take(&mut self.in_trouble) {
                    tracing::info!(%path, "the state of servers is kept again");
                }
            }
            Err(error) if !self.in_trouble => {
                self.in_trouble = true;
                tracing::warn!(%path, "the state of servers will be forgotten at a restart: {error}");
            }
            Err(_) => {}
        }
    }
}

/// Reads a record and begins with it; one that cannot be read is told and passed over.
fn begin_with(text: &[u8], whence: &str, from: From, snapshot: &Snapshot) -> bool {
    let record = match Record::parse(text) {
        Ok(record) => record,
        Err(error) => {
            tracing::warn!(
                from = whence,
                "the state of servers from before the start cannot be read, each begins as up: {error}; the next change overwrites the file"
            );
            return false;
        }
    };
    let recalled = recall(&record, from, snapshot);
    if !recalled.is_nothing() {
        let Recalled { drained, down, ejected, too_old } = recalled;
        tracing::info!(
            from = whence,
            drained,
            ejected,
            down,
            too_old,
            "known from before the restart"
        );
    }
    record.leaving
}
