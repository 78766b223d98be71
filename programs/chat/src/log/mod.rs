//! The log: every message of every room, in one order, in the database. The only truth there is;
//! whatever a replica keeps in memory can be read again from here.

mod append;
mod identity;
mod page;
mod plan;
mod schema;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tombolo_storage::{Database, DatabaseUrl, Deadline, Engine, Error, Health, Probe};

use crate::limits;
use crate::message::Message;
use crate::said::{Author, Epoch, Key, RoomName, Text};

/// A post that waits to be taken into the log.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) room: RoomName,
    pub(crate) author: Author,
    pub(crate) text: Text,
    /// What the client calls it, if it may send it again.
    pub(crate) key: Option<Key>,
    /// The id of the message that becomes of it; knows it again when the client gave no key.
    pub(crate) id: String,
    /// In milliseconds since 1970.
    pub(crate) time: i64,
}

impl Post {
    /// What the log knows it by: two posts of a room with the same one are the same post.
    fn log_key(&self) -> String {
        match &self.key {
            Some(key) => format!("k{}", key.as_str()),
            None => format!("i{}", self.id),
        }
    }
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is in the log now.
    Stored(Message),
    /// It was there already.
    Again(Message),
    /// Its key belongs to a message that says something else.
    KeyTaken,
    /// It would have begun a room, and there are too many.
    TooManyRooms,
}

/// A part of a room.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) epoch: Epoch,
    /// The number of the first message that is kept; `last + 1` when there is none.
    pub(crate) first: u64,
    /// The number of the last message; 0 when there is none.
    pub(crate) last: u64,
    pub(crate) messages: Vec<Message>,
}

/// Which part of a room to read. Messages come in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// The first `limit` messages after this number.
    After(u64, u64),
    /// The last `limit` messages before this number.
    Before(u64, u64),
}

/// A room in the list of rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomRow {
    pub(crate) name: String,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// When its last message was taken, in milliseconds since 1970.
    pub(crate) updated: i64,
}

/// How far the rooms are that somebody follows.
#[derive(Clone, Debug)]
pub(crate) struct Heads {
    pub(crate) epoch: Epoch,
    /// The name and the number of the last message.
    pub(crate) rooms: Vec<(String, u64)>,
}

/// The newest message of the newest room, which is what a post touches.
const PROBE: Probe = Probe {
    read: "SELECT epoch, (SELECT max(id) FROM chat_room), (SELECT max(room) FROM chat_message)
        FROM chat_log",
    write: "UPDATE chat_log SET one = one",
};

/// The log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    database: Database,
    /// Messages kept in each room; 0 keeps all.
    history: u64,
    settling: Arc<Mutex<()>>,
    /// The epoch that was read last.
    epoch: Arc<AtomicU64>,
}

impl Log {
    /// Opens the log and finds out whether it is the one it was: a copy that was put in its place
    /// gets an epoch of its own.
    pub(crate) async fn open(url: &DatabaseUrl, history: u64) -> Result<Self, Error> {
        let database = Database::open(url, &schema::MIGRATIONS).await?;
        let epoch = identity::settle(&database).await?;
        let (settling, epoch) = (Arc::default(), Arc::new(AtomicU64::new(epoch.0)));
        Ok(Self { database, history, settling, epoch })
    }

    /// Finds out again whether the log is the one it was: after the server was away, another may
    /// have taken its place.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        let _one_at_a_time = self.settling.lock().await;
        let epoch = identity::settle(&self.database).await?;
        self.epoch.store(epoch.0, Ordering::Relaxed);
        Ok(())
    }

    /// The epoch as far as it was read.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Relaxed))
    }

    /// The database under it.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The same log for what follows it in the background: see [`Database::for_follower`].
    pub(crate) fn for_follower(&self) -> Self {
        Self { database: self.database.for_follower(), ..self.clone() }
    }

    /// Takes posts in, in this order, in one commit. Posts that are there already stay as they
    /// are, so the same again is safe after an error.
    pub(crate) async fn append(
        &self,
        replica: &Arc<str>,
        posts: &Arc<[Post]>,
        deadline: Deadline,
    ) -> Result<Vec<Outcome>, Error> {
        let (replica, posts, history) = (Arc::clone(replica), Arc::clone(posts), self.history);
        let done = match self.database.engine() {
            Engine::Sqlite => {
                let work = self.database.write(deadline, move |work| {
                    Box::pin(async move { append::append(work, &replica, &posts, history).await })
                });
                work.await
            }
            Engine::Postgres => {
                let call = append::call(&replica, &posts, history);
                let rows = self.database.call(deadline, call).await;
                rows.and_then(|rows| append::outcomes(&posts, &rows))
            }
        };
        self.noticed(done, "writing messages into the log").await
    }

    /// Reads a part of a room, at most [`limits::PAGE_MESSAGES`] messages.
    pub(crate) async fn page(&self, room: &str, part: Part) -> Result<Page, Error> {
        let query = page::page_query(room, part);
        let rows = self.database.query(Deadline::after(limits::READ_TIME), query).await;
        let page = rows.and_then(|rows| page::page(room, &rows));
        self.noticed(page, "reading messages from the log").await
    }

    /// Lists rooms, the one with the latest message first.
    pub(crate) async fn rooms(&self, limit: u64) -> Result<Vec<RoomRow>, Error> {
        let query = page::rooms_query(limit);
        let rows = self.database.query(Deadline::after(limits::READ_TIME), query).await;
        self.noticed(rows.and_then(|rows| page::rooms(&rows)), "listing the rooms").await
    }

    /// How far these rooms are.
    pub(crate) async fn heads(&self, rooms: &[String]) -> Result<Heads, Error> {
        let query = page::heads_query(rooms);
        let rows = self.database.query(Deadline::after(limits::READ_TIME), query).await;
        let heads = rows.and_then(|rows| page::heads(&rows));
        if let Ok(heads) = &heads {
            self.epoch.store(heads.epoch.0, Ordering::Relaxed);
        }
        self.noticed(heads, "looking for new messages").await
    }

    /// How often to look whether there is something new.
    pub(crate) fn poll_interval(&self) -> Duration {
        match self.database.engine() {
            Engine::Sqlite => limits::POLL_SQLITE,
            Engine::Postgres => limits::POLL_POSTGRES,
        }
    }

    /// Whether the files on the disk are still those that are open.
    pub(crate) fn is_in_place(&self) -> bool {
        self.database.verify_files().is_ok()
    }

    /// Whether the log can be read and written.
    pub(crate) async fn health(&self) -> Health {
        let health = self.database.health(PROBE, Deadline::after(limits::HEALTH_TIME)).await;
        if health.is_other_history {
            // Whoever asks for health does not wait for that.
            let log = self.clone();
            if self.settling.try_lock().is_ok() {
                tokio::spawn(async move { log.settle_quietly().await });
            }
        }
        health
    }

    async fn settle_quietly(&self) {
        if let Err(error) = self.settle().await {
            tracing::debug!(%error, "the server's history cannot be settled yet");
        }
    }

    /// Says what an error was for. A server with another history is settled, so that the next try
    /// reaches it, under an epoch of its own.
    async fn noticed<T>(&self, done: Result<T, Error>, doing: &'static str) -> Result<T, Error> {
        if let Err(error) = &done
            && error.is_other_history()
        {
            self.settle_quietly().await;
        }
        done.map_err(Error::during(doing))
    }
}

/// Brings the tables up to date.
pub(crate) async fn migrate(url: &DatabaseUrl) -> Result<(), Error> {
    let database = Database::open(url, &schema::MIGRATIONS).await?;
    database.close().await;
    Ok(())
}

/// A number as the database has it. They never reach the sign.
fn to_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from the database.
fn from_signed(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
