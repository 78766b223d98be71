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
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc};
use tombolo_daemon::shutdown::Shutdown;
use tombolo_storage::{Error, Health};

use self::feed::{Feed, Published};
pub(crate) use self::follow::{Follower, Lost};
use self::presence::Present;
pub(crate) use self::reader::{End, Reader};
use crate::bus::{Bus, Notice};
use crate::limits;
use crate::log::{Log, Page, Part};
use crate::message::Message;
use crate::quota::Visit;
use crate::said::{Author, Position, RoomName};

/// The rooms of one replica.
#[derive(Debug)]
pub(crate) struct Hub {
    log: Log,
    /// What this replica calls itself on the bus; another each time it starts.
    instance: String,
    feeds: Mutex<HashMap<RoomName, Arc<Feed>>>,
    /// What the ring of each feed may have, in bytes.
    ring_bytes: Arc<AtomicUsize>,
    /// Rooms to be read from the log again.
    wanted: mpsc::Sender<RoomName>,
    bus: Bus,
    replays: Semaphore,
    /// The log has not been seen for too long: readers are sent away.
    is_blind: AtomicBool,
    /// Whoever finds the log gone says so here.
    gone: mpsc::Sender<Arc<Error>>,
    shutdown: Shutdown,
}

/// Why a room cannot be read here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Too many rooms have readers already.
    #[error("too many rooms are being read at this replica")]
    TooManyRooms,
    /// What other replicas write cannot be seen now.
    #[error("the log has not been seen for some time")]
    Blind,
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] Error),
}

impl Hub {
    /// A hub, and what keeps it up with the log.
    pub(crate) fn new(log: Log, shutdown: Shutdown) -> (Arc<Self>, Follower) {
        let (bus, notices) = Bus::join(log.database());
        let (wanted, rooms) = mpsc::channel(limits::ROOMS_FOLLOWED);
        let (gone, is_gone) = mpsc::channel(1);
        let hub = Arc::new(Self {
            log,
            instance: format!("{:016x}", fastrand::u64(..)),
            feeds: Mutex::default(),
            ring_bytes: Arc::new(AtomicUsize::new(limits::RING_BYTES)),
            wanted,
            bus,
            replays: Semaphore::new(limits::REPLAYS),
            is_blind: AtomicBool::new(false),
            gone,
            shutdown,
        });
        let follower = Follower::new(Arc::clone(&hub), notices, rooms, is_gone);
        (hub, follower)
    }

    /// The log behind it.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Whether the log can be read and written. A replica whose log is gone ends.
    pub(crate) async fn health(&self) -> Health {
        let health = self.log.health().await;
        if let Some(error) = &health.gone {
            self.note_error(error);
        }
        health
    }

    /// Whether readers are to go elsewhere.
    pub(crate) fn is_draining(&self) -> bool {
        self.shutdown.is_draining()
    }

    /// Whether what other replicas write has not been seen for too long.
    pub(crate) fn is_blind(&self) -> bool {
        self.is_blind.load(Ordering::Relaxed)
    }

    /// Ends the replica if this error says that the log is gone: another start may find it.
    pub(crate) fn note_error(&self, error: &Arc<Error>) {
        if error.is_gone() {
            let _ = self.gone.try_send(Arc::clone(error));
        }
    }

    /// Begins to read a room for a client: after `from`, or with what comes.
    ///
    /// # Errors
    /// When the log cannot be read, or too many rooms are being read.
    pub(crate) async fn read(
        self: &Arc<Self>,
        room: RoomName,
        from: Option<Position>,
        name: Option<Author>,
        visit: Visit,
    ) -> Result<Reader, Refused> {
        if self.is_blind() {
            return Err(Refused::Blind);
        }
        let feed = self.feed(room)?;
        feed.begun.get_or_try_init(|| self.begin(&feed)).await?;
        if !feed.has_readers() && feed.is_empty() && self.has_too_many_empty() {
            self.forget(&feed);
            return Err(Refused::TooManyRooms);
        }
        Ok(Reader::begin(Arc::clone(self), feed, from, name, visit).await?)
    }

    /// A part of a room's history; a few of these are read at a time.
    pub(crate) async fn page(&self, room: &str, part: Part) -> Result<Page, Error> {
        // Never closed, so there always is a permit to be had.
        let _permit = self.replays.acquire().await;
        self.log.page(room, part).await
    }

    /// A reader has left. A room that nobody has written in is forgotten with its last one.
    fn left(&self, feed: &Arc<Feed>) {
        if !feed.has_readers() && feed.is_empty() {
            self.forget(feed);
        }
    }

    /// Forgets a room, unless somebody else is about to read it.
    fn forget(&self, feed: &Arc<Feed>) {
        let mut feeds = self.lock();
        // One is the caller's, one the table's.
        let is_wanted = Arc::strong_count(feed) > 2 || feed.has_readers();
        let is_ours = feeds.get(&feed.room).is_some_and(|known| Arc::ptr_eq(known, feed));
        if is_wanted || !is_ours {
            return;
        }
        feeds.remove(&feed.room);
        self.share_out(feeds.len());
        drop(feeds);
        if let Some(present) = feed.farewell(Instant::now()) {
            self.tell_present(feed.room.as_str(), present);
        }
    }

    /// Whether rooms that nobody has written in take more places than they may.
    fn has_too_many_empty(&self) -> bool {
        let feeds = self.lock();
        feeds.len() > limits::ROOMS_FOLLOWED_EMPTY
            && feeds.values().filter(|feed| feed.is_empty()).count() > limits::ROOMS_FOLLOWED_EMPTY
    }

    /// Divides the memory for rings among so many rooms.
    fn share_out(&self, rooms: usize) {
        let share = limits::RINGS_BYTES / rooms.max(1);
        let share = share.clamp(limits::RING_BYTES_LEAST, limits::RING_BYTES);
        self.ring_bytes.store(share, Ordering::Relaxed);
    }

    /// Tells the other replicas who is in a room here.
    fn tell_present(&self, room: &str, present: Present) {
        self.bus.send(Notice::Present {
            from: self.instance.clone(),
            room: room.to_owned(),
            count: present.count,
            names: present.names,
        });
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

    /// The room's feed, made if it is missing.
    fn feed(&self, room: RoomName) -> Result<Arc<Feed>, Refused> {
        let mut feeds = self.lock();
        if let Some(feed) = feeds.get(&room) {
            return Ok(Arc::clone(feed));
        }
        if feeds.len() >= limits::ROOMS_FOLLOWED {
            // Those without readers would be forgotten soon.
            feeds.retain(|_, feed| Arc::strong_count(feed) > 1 || feed.has_readers());
        }
        if feeds.len() >= limits::ROOMS_FOLLOWED {
            return Err(Refused::TooManyRooms);
        }
        let feed = Arc::new(Feed::new(room.clone(), Arc::clone(&self.ring_bytes)));
        feeds.insert(room, Arc::clone(&feed));
        self.share_out(feeds.len());
        Ok(feed)
    }

    /// Fills a new feed, and asks the other replicas who is there.
    async fn begin(&self, feed: &Arc<Feed>) -> Result<(), Error> {
        let room = feed.room.as_str();
        let part = Part::Before(i64::MAX.unsigned_abs(), limits::RING_START);
        let page = self.page(room, part).await?;
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tombolo_storage::{DatabaseUrl, Deadline};

    use super::*;
    use crate::log::Post;
    use crate::message::now_millis;
    use crate::quota::Quotas;
    use crate::said::Text;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    async fn hub(folder: &std::path::Path) -> Arc<Hub> {
        let url = DatabaseUrl::of_file(&folder.join("chat.db"));
        let log = Log::open(&url, 0).await.unwrap();
        let post = Post {
            room: RoomName::new("lobby").unwrap(),
            author: Author::new("Ana").unwrap(),
            text: Text::new("hello").unwrap(),
            key: None,
            id: "id".to_owned(),
            time: now_millis(),
        };
        let deadline = Deadline::after(limits::COMMIT_TIME);
        log.append(&Arc::from("r"), &Arc::from([post]), deadline).await.unwrap();
        Hub::new(log, Shutdown::by_hand().1).0
    }

    async fn read(hub: &Arc<Hub>, quotas: &Arc<Quotas>, room: &str) -> Result<Reader, Refused> {
        hub.read(RoomName::new(room).unwrap(), None, None, quotas.visit(CLIENT)).await
    }

    #[tokio::test]
    async fn nothing_is_kept_of_a_room_that_does_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, quotas) = (hub(folder.path()).await, Quotas::new(0));
        let (one, two) = (read(&hub, &quotas, "none").await, read(&hub, &quotas, "none").await);
        assert_eq!(hub.lock().len(), 1);
        drop(one);
        assert_eq!(hub.lock().len(), 1);
        drop(two);
        assert_eq!(hub.lock().len(), 0);
    }

    #[tokio::test]
    async fn rooms_that_do_not_exist_leave_places_for_those_that_do() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, quotas) = (hub(folder.path()).await, Quotas::new(0));
        let mut readers = Vec::new();
        let refused = loop {
            match read(&hub, &quotas, &format!("none-{}", readers.len())).await {
                Ok(reader) => readers.push(reader),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, Refused::TooManyRooms));
        assert_eq!(readers.len(), limits::ROOMS_FOLLOWED_EMPTY);
        assert_eq!(hub.lock().len(), readers.len());
        assert!(read(&hub, &quotas, "lobby").await.is_ok());
        let share = hub.ring_bytes.load(Ordering::Relaxed);
        assert!(share * readers.len() <= limits::RINGS_BYTES, "{share}");
    }
}
