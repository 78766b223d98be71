//! The log: every message of every room, in one order, in the database. The only truth there is;
//! whatever a replica keeps in memory can be read again from here.

mod identity;
mod plan;
mod postgres;
mod schema;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use tombolo_storage::{Database, DatabaseUrl, Error};

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

/// The log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    database: Database,
    /// Which file it is, if it is one.
    file: Option<Arc<str>>,
    /// Messages kept in each room; 0 keeps all.
    history: u64,
}

impl Log {
    /// Opens the log and finds out whether it is the one it was: a copy that was put in its place
    /// gets an epoch of its own.
    pub(crate) async fn open(url: &DatabaseUrl, history: u64) -> Result<Self, Error> {
        let database = Database::open(url, &schema::MIGRATIONS).await?;
        let file = identity::settle(&database).await?.map(Into::into);
        Ok(Self { database, file, history })
    }

    /// Finds out again whether the log is the one it was: after the server was away, another may
    /// have taken its place.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        identity::settle(&self.database).await.map(drop)
    }

    /// The database under it.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Takes posts in, in this order, in one commit. Posts that are there already stay as they
    /// are, so the same again is safe after an error.
    pub(crate) async fn append(
        &self,
        replica: &str,
        posts: &[Post],
    ) -> Result<Vec<Outcome>, Error> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite::append(sqlite, replica, posts, self.history).await,
            Database::Postgres(server) => {
                postgres::append(&server.pool, replica, posts, self.history).await
            }
        }
    }

    /// Reads a part of a room, at most [`limits::PAGE_MESSAGES`] messages.
    pub(crate) async fn page(&self, room: &str, part: Part) -> Result<Page, Error> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite::page(sqlite, room, part).await,
            Database::Postgres(server) => postgres::page(&server.pool, room, part).await,
        }
    }

    /// Lists rooms, the one with the latest message first.
    pub(crate) async fn rooms(&self, limit: u64) -> Result<Vec<RoomRow>, Error> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite::rooms(sqlite, limit).await,
            Database::Postgres(server) => postgres::rooms(&server.pool, limit).await,
        }
    }

    /// How far these rooms are.
    pub(crate) async fn heads(&self, rooms: &[String]) -> Result<Heads, Error> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite::heads(sqlite, rooms).await,
            Database::Postgres(server) => postgres::heads(&server.pool, rooms).await,
        }
    }

    /// How often to look whether there is something new.
    pub(crate) fn poll_interval(&self) -> Duration {
        match &self.database {
            Database::Sqlite(_) => limits::POLL_SQLITE,
            Database::Postgres(_) => limits::POLL_POSTGRES,
        }
    }

    /// Whether the file on the disk is still the one that is open.
    pub(crate) fn is_in_place(&self) -> bool {
        match &self.database {
            Database::Sqlite(sqlite) => identity::is_in_place(sqlite, self.file.as_deref()),
            Database::Postgres(_) => true,
        }
    }
}

/// Finds out cheaply whether anything was written since the last look.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    connection: Option<PoolConnection<Sqlite>>,
    version: i64,
}

impl Pulse {
    /// Whether there may be something new. PostgreSQL has no such sign: there it is always so.
    pub(crate) async fn moved(&mut self, log: &Log) -> Result<bool, Error> {
        let Database::Sqlite(sqlite) = &log.database else { return Ok(true) };
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let failed = Error::query("connecting to the log");
                // Of its own: the sign counts what others wrote since this connection looked.
                self.connection.insert(sqlite.readers.acquire().await.map_err(failed)?)
            }
        };
        let version = sqlite::data_version(connection).await?;
        let moved = version != self.version;
        self.version = version;
        Ok(moved)
    }
}

/// A number as the database has it. They never reach the sign.
fn to_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from the database.
fn from_signed(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
