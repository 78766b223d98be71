//! The writer of a replica: takes the posts that wait into the log, many in one commit, so that
//! they share the time that the disk takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tombolo_storage::{Deadline, Error, Fault, Retry};

use crate::hub::Hub;
use crate::limits;
use crate::log::{Outcome, Post};
use crate::message::Message;

/// Why a post was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// Too many wait.
    #[error("too many posts are waiting")]
    Full,
    /// The log could not be written within the time.
    #[error(transparent)]
    Log(#[from] Arc<Error>),
    /// The replica is at its end.
    #[error("this replica is ending")]
    Ending,
}

/// A post that waits for its commit.
#[derive(Debug)]
struct Waiting {
    post: Post,
    reply: oneshot::Sender<Result<Outcome, Arc<Error>>>,
    deadline: Deadline,
}

/// Posts go in here. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Waiting>,
}

impl Writer {
    /// Starts the writer. Its task ends when the last clone is gone and everything is written.
    pub(crate) fn start(hub: Arc<Hub>, replica: String) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(limits::QUEUE);
        let replica = replica.into();
        (Self { queue }, tokio::spawn(run(Commits { hub, replica }, waiting)))
    }

    /// Has a post taken into the log; returns once it is on the disk. A post that was queued is
    /// taken even if nobody waits for it any more.
    ///
    /// # Errors
    /// When it was not taken, as far as is known: to send it again is safe with a key.
    pub(crate) async fn post(&self, post: Post) -> Result<Outcome, NotTaken> {
        let (reply, answer) = oneshot::channel();
        let deadline = Deadline::after(limits::COMMIT_TIME);
        let waiting = Waiting { post, reply, deadline };
        self.queue.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotTaken::Full,
            mpsc::error::TrySendError::Closed(_) => NotTaken::Ending,
        })?;
        Ok(answer.await.map_err(|_| NotTaken::Ending)??)
    }
}

/// Takes what waits, again and again. While the log cannot be written, the posts of a batch are
/// given up one by one as their time is over, and others that wait take their places.
async fn run(commits: Commits, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch: Vec<Waiting> = Vec::new();
    let mut has_company = false;
    while queue.recv_many(&mut batch, limits::COMMIT_POSTS).await > 0 {
        if has_company {
            sleep(limits::GATHER_TIME).await;
            top_up(&mut batch, &mut queue);
        }
        let (begun, posts) = (Instant::now(), batch.len());
        let mut retry = Retry::of_repeatable(Deadline::after(limits::COMMIT_TIME));
        while let Some(first) = batch.first() {
            let deadline = first.deadline.at_most(limits::COMMIT_TRY);
            let Err((error, rest)) = commits.commit(std::mem::take(&mut batch), deadline).await
            else {
                break;
            };
            commits.hub.note_error(&error);
            batch = give_up(rest, &error);
            if !batch.is_empty() && !retry.again(&error).await {
                retry = Retry::of_repeatable(Deadline::after(limits::COMMIT_TIME));
            }
            top_up(&mut batch, &mut queue);
        }
        // Those who were answered together post again together. Without this the first of them
        // would get a commit of its own, and the others wait for that and for theirs.
        has_company = posts > 1 && begun.elapsed() >= limits::GATHER_AFTER;
    }
}

/// Adds what waits.
fn top_up(batch: &mut Vec<Waiting>, queue: &mut mpsc::Receiver<Waiting>) {
    while batch.len() < limits::COMMIT_POSTS
        && let Ok(more) = queue.try_recv()
    {
        batch.push(more);
    }
}

/// Answers the posts whose time is over, or all of them if another try makes no sense. Gives those
/// that are to be tried again. What was done by a commit whose answer was lost is found by its key
/// then, and not done twice.
fn give_up(batch: Vec<Waiting>, error: &Arc<Error>) -> Vec<Waiting> {
    let is_hopeless = !Retry::of_repeatable(Deadline::after(limits::COMMIT_TIME)).allows(error);
    let (over, rest): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|waiting| is_hopeless || waiting.deadline.is_over());
    if !over.is_empty() {
        tracing::warn!(%error, posts = over.len(), "posts could not be stored");
    }
    for waiting in over {
        let _ = waiting.reply.send(Err(Arc::clone(error)));
    }
    rest
}

/// How batches come into the log.
struct Commits {
    hub: Arc<Hub>,
    replica: Arc<str>,
}

impl Commits {
    /// Commits a batch and answers its posts; gives those back that were not stored.
    ///
    /// One bad post does not fail the others: a batch that the database refuses for what is in it
    /// is split until the bad one is alone.
    async fn commit(
        &self,
        batch: Vec<Waiting>,
        deadline: Deadline,
    ) -> Result<(), (Arc<Error>, Vec<Waiting>)> {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let posts: Arc<[Post]> = part.iter().map(|waiting| waiting.post.clone()).collect();
            match self.hub.log().append(&self.replica, &posts, deadline).await {
                Ok(outcomes) => {
                    show(&self.hub, &outcomes);
                    for (waiting, outcome) in part.into_iter().zip(outcomes) {
                        // Who has gone meanwhile finds the message by its key.
                        let _ = waiting.reply.send(Ok(outcome));
                    }
                }
                Err(error) if error.fault() == Fault::Program && part.len() > 1 => {
                    // The first half comes first.
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Err(error) if error.fault() == Fault::Program => {
                    give_up(part, &Arc::new(error));
                }
                Err(error) => {
                    part.extend(parts.into_iter().rev().flatten());
                    return Err((Arc::new(error), part));
                }
            }
        }
        Ok(())
    }
}

/// Shows what is new to the readers of its room.
fn show(hub: &Hub, outcomes: &[Outcome]) {
    let mut rooms: BTreeMap<&str, Vec<Message>> = BTreeMap::new();
    for outcome in outcomes {
        if let Outcome::Stored(message) = outcome {
            rooms.entry(&message.room).or_default().push(message.clone());
        }
    }
    for messages in rooms.values_mut() {
        // A commit whose answer was lost is found again among new posts, in the order of the posts.
        messages.sort_by_key(|message| message.seq);
        hub.stored(messages);
    }
}
