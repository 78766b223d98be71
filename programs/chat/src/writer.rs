//! The writer of a replica: takes the posts that wait into the log, many in one commit, so that
//! they share the time that the disk takes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tombolo_storage::Error;

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

type Reply = oneshot::Sender<Result<Outcome, Arc<Error>>>;

/// Posts go in here. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<(Post, Reply)>,
}

impl Writer {
    /// Starts the writer. Its task ends when the last clone is gone and everything is written.
    pub(crate) fn start(hub: Arc<Hub>, replica: String) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(limits::QUEUE);
        (Self { queue }, tokio::spawn(run(hub, replica, waiting)))
    }

    /// Has a post taken into the log; returns once it is on the disk. A post that was queued is
    /// taken even if nobody waits for it any more.
    ///
    /// # Errors
    /// When it was not taken, as far as is known: to send it again is safe with a key.
    pub(crate) async fn post(&self, post: Post) -> Result<Outcome, NotTaken> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send((post, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotTaken::Full,
            mpsc::error::TrySendError::Closed(_) => NotTaken::Ending,
        })?;
        Ok(answer.await.map_err(|_| NotTaken::Ending)??)
    }
}

async fn run(hub: Arc<Hub>, replica: String, mut waiting: mpsc::Receiver<(Post, Reply)>) {
    let mut taken = Vec::new();
    while waiting.recv_many(&mut taken, limits::COMMIT_POSTS).await > 0 {
        let (posts, replies): (Vec<Post>, Vec<Reply>) = taken.drain(..).unzip();
        match commit(&hub, &replica, &posts).await {
            Ok(outcomes) => {
                show(&hub, &outcomes);
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    // Who has gone meanwhile finds the message by its key.
                    let _ = reply.send(Ok(outcome));
                }
            }
            Err(error) => {
                tracing::warn!(%error, posts = posts.len(), "posts could not be stored");
                let error = Arc::new(error);
                for reply in replies {
                    let _ = reply.send(Err(Arc::clone(&error)));
                }
            }
        }
    }
}

/// Tries until it is done, the error will not pass, or time is up. What was done by a commit whose
/// answer was lost is found again and not done twice.
async fn commit(hub: &Hub, replica: &str, posts: &[Post]) -> Result<Vec<Outcome>, Error> {
    let end = Instant::now() + limits::COMMIT_TIME;
    loop {
        match hub.log().append(replica, posts).await {
            Err(error) if error.is_passing() && Instant::now() < end => {
                tracing::debug!(%error, "a commit is tried again");
                let most = u64::try_from(limits::COMMIT_PAUSE.as_millis()).unwrap_or(1);
                sleep(Duration::from_millis(fastrand::u64(1..=most))).await;
            }
            done => return done,
        }
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
    for messages in rooms.values() {
        hub.stored(messages);
    }
}
