//! The hub of a replica: the rooms that somebody reads here, and how they learn what is new.
//!
//! There is one reader of the log for each room, whatever the number of clients. What it reads is
//! encoded once (`batch`), kept in the room's ring (`feed`), and handed to the clients (`reader`).
//! `follow` keeps the rings up with the log.

mod batch;
mod feed;
mod follow;
mod presence;
mod reader;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc};
use tombolo_daemon::shutdown::Shutdown;
use tombolo_storage::Error;

use self::feed::{Feed, Published};
pub(crate) use self::follow::Follower;
pub(crate) use self::reader::{End, Reader};
use crate::bus::{Bus, Notice};
use crate::limits;
use crate::log::{Log, Page, Part};
use crate::message::Message;
use crate::said::{Author, Position, RoomName};

/// The rooms of one replica.
#[derive(Debug)]
pub(crate) struct Hub {
    log: Log,
    /// What this replica calls itself on the bus; another each time it starts.
    instance: String,
    feeds: Mutex<HashMap<RoomName, Arc<Feed>>>,
    /// Rooms to be read from the log again.
    wanted: mpsc::Sender<RoomName>,
    bus: Bus,
    replays: Semaphore,
    shutdown: Shutdown,
}

/// Why a room cannot be read here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Too many rooms have readers already.
    #[error("too many rooms are being read at this replica")]
    TooManyRooms,
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] Error),
}

impl Hub {
    /// A hub, and what keeps it up with the log.
    pub(crate) fn new(log: Log, shutdown: Shutdown) -> (Arc<Self>, Follower) {
        let (bus, notices) = Bus::join(log.database());
        let (wanted, rooms) = mpsc::channel(limits::ROOMS_FOLLOWED);
        let hub = Arc::new(Self {
            log,
            instance: format!("{:016x}", fastrand::u64(..)),
            feeds: Mutex::default(),
            wanted,
            bus,
            replays: Semaphore::new(limits::REPLAYS),
            shutdown,
        });
        let follower = Follower::new(Arc::clone(&hub), notices, rooms);
        (hub, follower)
    }

    /// The log behind it.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Whether readers are to go elsewhere.
    pub(crate) fn is_draining(&self) -> bool {
        self.shutdown.is_draining()
    }

    /// Begins to read a room: after `from`, or with what comes.
    ///
    /// # Errors
    /// When the log cannot be read, or too many rooms are being read.
    pub(crate) async fn read(
        self: &Arc<Self>,
        room: RoomName,
        from: Option<Position>,
        name: Option<Author>,
    ) -> Result<Reader, Refused> {
        let feed = self.feed(room)?;
        feed.begun.get_or_try_init(|| self.begin(&feed)).await?;
        Ok(Reader::begin(Arc::clone(self), feed, from, name).await?)
    }

    /// Messages were stored by this replica: shows them here and tells the others.
    pub(crate) fn stored(&self, messages: &[Message]) {
        let Some(last) = messages.last() else { return };
        let rooms = [(last.room.clone(), last.seq)].into();
        self.bus.send(Notice::Posted { rooms });
        let Some(feed) = self.begun_feed(&last.room) else { return };
        let (epoch, _) = feed.head();
        if feed.publish(epoch, messages) == Published::Gap {
            self.want(&feed);
        }
    }

    /// Somebody is typing in a room.
    pub(crate) fn typing(&self, room: &RoomName, author: &Author) {
        let is_news = match self.begun_feed(room.as_str()) {
            Some(feed) => feed.typing(author.as_str(), Instant::now()),
            None => true,
        };
        if is_news {
            let (room, author) = (room.as_str().to_owned(), author.as_str().to_owned());
            self.bus.send(Notice::Typing { room, author });
        }
    }

    /// Has every reader look whether it should go.
    pub(crate) fn wake_all(&self) {
        let feeds: Vec<_> = self.lock().values().cloned().collect();
        feeds.iter().for_each(|feed| feed.wake_all());
    }

    /// Reads a page of history for a reader; a few readers at a time.
    async fn replay(&self, room: &str, after: u64) -> Result<Page, Error> {
        // Never closed, so there always is a permit to be had.
        let _permit = self.replays.acquire().await;
        self.log.page(room, Part::After(after, limits::PAGE_MESSAGES)).await
    }

    /// The room's feed, made if it is missing.
    fn feed(&self, room: RoomName) -> Result<Arc<Feed>, Refused> {
        let mut feeds = self.lock();
        if let Some(feed) = feeds.get(&room) {
            return Ok(Arc::clone(feed));
        }
        if feeds.len() >= limits::ROOMS_FOLLOWED {
            return Err(Refused::TooManyRooms);
        }
        let feed = Arc::new(Feed::new(room.clone()));
        feeds.insert(room, Arc::clone(&feed));
        Ok(feed)
    }

    /// Fills a new feed, and asks the other replicas who is there.
    async fn begin(&self, feed: &Arc<Feed>) -> Result<(), Error> {
        let room = feed.room.as_str();
        let part = Part::Before(i64::MAX.unsigned_abs(), limits::RING_START);
        let page = self.log.page(room, part).await?;
        feed.begin(&page, None);
        self.want(feed);
        self.bus.send(Notice::Who { room: room.to_owned() });
        Ok(())
    }

    /// The room's feed if it is read here and has begun.
    fn begun_feed(&self, room: &str) -> Option<Arc<Feed>> {
        let room = RoomName::new(room).ok()?;
        self.lock().get(&room).filter(|feed| feed.begun.initialized()).cloned()
    }

    /// Has the room read from the log again. If the queue is full, the next poll does.
    fn want(&self, feed: &Feed) {
        let _ = self.wanted.try_send(feed.room.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomName, Arc<Feed>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
