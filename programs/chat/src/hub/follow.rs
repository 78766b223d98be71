//! Keeps the rings up with the log: reads what a notice, a gap or a look at the log says is new.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tombolo_storage::{Deadline, Error, Watch};

use super::Hub;
use super::feed::{Feed, Published};
use crate::bus::Notice;
use crate::limits;
use crate::log::{Log, Part};
use crate::said::RoomName;

/// The task that follows the log.
pub(crate) struct Follower {
    hub: Arc<Hub>,
    notices: mpsc::Receiver<Option<Notice>>,
    wanted: mpsc::Receiver<RoomName>,
    /// The hub's log, over connections of its own.
    log: Log,
    watch: Watch,
    is_gone: mpsc::Receiver<Arc<Error>>,
    /// Since when the log could not be looked at.
    blind_since: Option<Instant>,
}

/// Why the log cannot be followed any more.
#[derive(Debug)]
pub(crate) enum Lost {
    /// It is no longer where it was opened.
    Misplaced,
    /// Its tables or its database are gone.
    Gone(Arc<Error>),
}

impl Follower {
    pub(super) fn new(
        hub: Arc<Hub>,
        notices: mpsc::Receiver<Option<Notice>>,
        wanted: mpsc::Receiver<RoomName>,
        is_gone: mpsc::Receiver<Arc<Error>>,
    ) -> Self {
        let log = hub.log.for_follower();
        let watch = log.database().watch();
        Self { hub, notices, wanted, log, watch, is_gone, blind_since: None }
    }

    /// Follows until the log is taken away. Readers are told of a drain whatever the log is at: it
    /// may be slow to answer, or not answer at all.
    pub(crate) async fn run(self) -> Lost {
        let hub = Arc::clone(&self.hub);
        let tell_of_drain = async move {
            hub.shutdown.clone().draining().await;
            hub.wake_all();
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            lost = self.follow() => lost,
            never = tell_of_drain => match never {},
        }
    }

    async fn follow(mut self) -> Lost {
        let mut poll = interval(self.hub.log.poll_interval());
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beat = interval(limits::BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A bus without a socket never speaks.
        let mut bus_speaks = true;
        loop {
            tokio::select! {
                notice = self.notices.recv(), if bus_speaks => match notice {
                    Some(Some(notice)) => self.hear(notice).await,
                    Some(None) => self.look(true).await,
                    None => bus_speaks = false,
                },
                Some(room) = self.wanted.recv() => self.read_wanted(room).await,
                Some(error) = self.is_gone.recv() => return Lost::Gone(error),
                _ = poll.tick() => self.look(false).await,
                _ = beat.tick() => {
                    self.beat();
                    if !self.hub.log.is_in_place() {
                        return Lost::Misplaced;
                    }
                }
            }
        }
    }

    /// Acts on a notice of another replica.
    async fn hear(&mut self, notice: Notice) {
        let now = Instant::now();
        match notice {
            Notice::Posted { rooms } => {
                for (room, last) in rooms {
                    if let Some(feed) = self.hub.begun_feed(&room)
                        && feed.head().1 < last
                    {
                        self.read(&feed).await;
                    }
                }
            }
            Notice::Present { from, room, count, names } if from != self.hub.instance => {
                if let Some(feed) = self.hub.begun_feed(&room) {
                    feed.reported(from, count, names, now);
                }
            }
            Notice::Present { .. } => {}
            Notice::Who { room } => {
                if let Some(feed) = self.hub.begun_feed(&room) {
                    feed.asked();
                }
            }
            Notice::Typing { room, author } => {
                if let Some(feed) = self.hub.begun_feed(&room) {
                    feed.typing(&author, now);
                }
            }
        }
    }

    /// Reads the rooms that were asked for, each once.
    async fn read_wanted(&mut self, first: RoomName) {
        let mut rooms = HashSet::from([first]);
        while let Ok(room) = self.wanted.try_recv() {
            rooms.insert(room);
        }
        for room in rooms {
            if let Some(feed) = self.hub.begun_feed(room.as_str()) {
                self.read(&feed).await;
            }
        }
    }

    /// Looks at the log for what nobody told.
    async fn look(&mut self, certainly: bool) {
        let looked = self.try_look(certainly).await;
        self.note(looked);
    }

    async fn try_look(&mut self, certainly: bool) -> Result<(), Error> {
        let moved = self.watch.moved(Deadline::after(limits::READ_TIME)).await?;
        if self.blind_since.is_some() {
            self.hub.log.settle().await?;
        }
        if !moved && !certainly && self.blind_since.is_none() {
            return Ok(());
        }
        let rooms: Vec<String> =
            self.hub.lock().keys().map(|room| room.as_str().to_owned()).collect();
        // Without any room too: that the log can be read is to be known.
        let heads = self.log.heads(&rooms).await?;
        for room in &rooms {
            let Some(feed) = self.hub.begun_feed(room) else { continue };
            let last = heads.rooms.iter().find(|(name, _)| name == room).map_or(0, |(_, seq)| *seq);
            if feed.head() != (heads.epoch, last) {
                self.try_read(&feed).await?;
            }
        }
        Ok(())
    }

    async fn read(&mut self, feed: &Feed) {
        let read = self.try_read(feed).await;
        self.note(read);
    }

    /// Brings one ring up with the log.
    async fn try_read(&mut self, feed: &Feed) -> Result<(), Error> {
        let room = feed.room.as_str();
        loop {
            let (epoch, head) = feed.head();
            let page = self.log.page(room, Part::After(head, limits::PAGE_MESSAGES)).await?;
            let reason = if page.epoch != epoch {
                "epoch"
            } else if page.last < feed.head().1.min(head) {
                // The same log, but shorter: a copy was written over it.
                "ahead"
            } else if feed.publish(page.epoch, &page.messages) == Published::Gap {
                "trimmed"
            } else if page.messages.len() as u64 == limits::PAGE_MESSAGES {
                continue;
            } else {
                return Ok(());
            };
            let part = Part::Before(i64::MAX.unsigned_abs(), limits::RING_START);
            let page = self.log.page(room, part).await?;
            tracing::warn!(
                room,
                reason,
                "the history of a room has changed; its readers start from its latest messages"
            );
            feed.begin(&page, Some(reason));
            return Ok(());
        }
    }

    /// Presence, heartbeats, and rooms that nobody reads any more.
    fn beat(&self) {
        let now = Instant::now();
        let feeds: Vec<_> = {
            let mut feeds = self.hub.lock();
            // Whoever is about to read holds the feed too.
            feeds.retain(|_, feed| Arc::strong_count(feed) > 1 || !feed.is_idle(now));
            self.hub.share_out(feeds.len());
            feeds.values().cloned().collect()
        };
        for feed in feeds {
            if let Some(present) = feed.beat(now) {
                self.hub.tell_present(feed.room.as_str(), present);
            }
        }
    }

    /// Says once that the log cannot be read, and once that it can again. Readers are sent away
    /// when that lasts.
    fn note(&mut self, looked: Result<(), Error>) {
        let Err(error) = looked else {
            if self.blind_since.take().is_some() {
                self.hub.is_blind.store(false, Ordering::Relaxed);
                tracing::info!("the log can be read again");
            }
            return;
        };
        let error = Arc::new(error);
        self.hub.note_error(&error);
        match self.blind_since {
            None => {
                self.blind_since = Some(Instant::now());
                tracing::warn!(%error, "the log cannot be read; trying again");
            }
            Some(since) => {
                tracing::debug!(%error, "the log still cannot be read");
                if since.elapsed() >= limits::BLIND_TIME
                    && !self.hub.is_blind.swap(true, Ordering::Relaxed)
                {
                    tracing::warn!("readers are sent away until the log can be read");
                    self.hub.wake_all();
                }
            }
        }
    }
}
