//! Group commit: changes that wait share one transaction, and the time that the disk takes.
//!
//! A change is a function of the transaction that can be done again: when nobody knows whether a
//! commit was done, it is tried once more, and finds by the rows what an earlier try did. A change
//! that has to refuse does so before it changes anything: the others' transaction is the same.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tombolo_storage::{Database, Deadline, Error, Fault, Retry, Work, Working};

use super::limits;
use crate::ids::UserId;

/// Why a change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NotDone {
    /// Too many wait, or this replica is at its end.
    #[error("too many changes are waiting, or this replica is ending")]
    Full,
    /// The database could not be written within the time.
    #[error(transparent)]
    Database(Arc<Error>),
}

/// A change that waits.
trait Change: Send + Sync {
    fn run<'w>(&'w self, work: &'w mut Work<'_>) -> Working<'w, ()>;
    fn answer(&self, failed: Option<&Arc<Error>>);
    fn deadline(&self) -> Deadline;
    fn owner(&self) -> UserId;
}

/// Where the one who waits for a change hears of it.
type Reply<T> = oneshot::Sender<Result<T, Arc<Error>>>;

struct Waiting<T, F> {
    change: F,
    made: Mutex<Option<T>>,
    reply: Mutex<Option<Reply<T>>>,
    deadline: Deadline,
    owner: UserId,
}

impl<T, F> Change for Waiting<T, F>
where
    T: Send + 'static,
    F: for<'w> Fn(&'w mut Work<'_>) -> Working<'w, T> + Send + Sync,
{
    fn run<'w>(&'w self, work: &'w mut Work<'_>) -> Working<'w, ()> {
        Box::pin(async move {
            let made = (self.change)(work).await?;
            *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            Ok(())
        })
    }

    fn answer(&self, failed: Option<&Arc<Error>>) {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).take();
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = match (failed, made) {
            (Some(error), _) => Err(Arc::clone(error)),
            (None, Some(made)) => Ok(made),
            (None, None) => Err(Arc::new(Error::Cut)),
        };
        if let Some(reply) = reply {
            // Who has gone meanwhile finds by the row what was done.
            let _ = reply.send(answer);
        }
    }

    fn deadline(&self) -> Deadline {
        self.deadline
    }

    fn owner(&self) -> UserId {
        self.owner
    }
}

/// Changes go in here. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    queue: mpsc::Sender<Arc<dyn Change>>,
}

impl std::fmt::Debug for dyn Change {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Change")
    }
}

impl Group {
    /// Starts it. Its task ends when the last clone is gone and everything is written.
    pub(crate) fn start(database: Database) -> Self {
        let (queue, waiting) = mpsc::channel(limits::GROUP_QUEUE);
        tokio::spawn(run(database, waiting));
        Self { queue }
    }

    /// Makes a change of a user's uploads; returns once it is on the disk. A change that was queued is made even if
    /// nobody waits for it any more.
    ///
    /// # Errors
    /// When it was not made, as far as is known.
    pub(crate) async fn write<T, F>(&self, owner: UserId, change: F) -> Result<T, NotDone>
    where
        T: Send + 'static,
        F: for<'w> Fn(&'w mut Work<'_>) -> Working<'w, T> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let deadline = Deadline::after(limits::GROUP_TIME);
        let (made, reply) = (Mutex::default(), Mutex::new(Some(reply)));
        let waiting = Arc::new(Waiting { change, made, reply, deadline, owner });
        self.queue.try_send(waiting).map_err(|_| NotDone::Full)?;
        answer.await.map_err(|_| NotDone::Full)?.map_err(NotDone::Database)
    }
}

/// Makes what waits, again and again.
async fn run(database: Database, mut queue: mpsc::Receiver<Arc<dyn Change>>) {
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, limits::GROUP_SIZE).await > 0 {
        let mut retry = Retry::of_repeatable(Deadline::after(limits::GROUP_TIME));
        while !batch.is_empty() {
            let Err((error, rest)) = commit(&database, std::mem::take(&mut batch)).await else {
                break;
            };
            let can_pass = retry.again(&error).await;
            batch = rest;
            batch.retain(|change| {
                let is_over = !can_pass || change.deadline().is_over();
                if is_over {
                    change.answer(Some(&error));
                }
                !is_over
            });
            while batch.len() < limits::GROUP_SIZE
                && let Ok(more) = queue.try_recv()
            {
                batch.push(more);
            }
        }
    }
}

/// Commits a batch and answers it; gives back what was not done and may be tried again. A batch
/// that the database refuses for what is in it is split until the bad change is alone.
async fn commit(
    database: &Database,
    batch: Vec<Arc<dyn Change>>,
) -> Result<(), (Arc<Error>, Vec<Arc<dyn Change>>)> {
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        // Users' rows are locked in one order everywhere, so that two replicas never wait for each
        // other. What one user asked for stays in its order.
        part.sort_by_key(|change| change.owner());
        let changes = part.clone();
        let deadline = Deadline::after(limits::GROUP_TRY);
        let done = database.write(deadline, move |work| {
            Box::pin(async move {
                for change in &changes {
                    change.run(work).await?;
                }
                Ok(())
            })
        });
        match done.await {
            Ok(()) => part.iter().for_each(|change| change.answer(None)),
            Err(error) if error.fault() == Fault::Program && part.len() > 1 => {
                let second = part.split_off(part.len() / 2);
                parts.push(second);
                parts.push(part);
            }
            Err(error) if error.fault() == Fault::Program => {
                tracing::error!(%error, "a change of an upload was refused");
                let error = Arc::new(error);
                part.iter().for_each(|change| change.answer(Some(&error)));
            }
            Err(error) => {
                part.extend(parts.into_iter().rev().flatten());
                return Err((Arc::new(error), part));
            }
        }
    }
    Ok(())
}
