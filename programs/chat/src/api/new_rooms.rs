//! How many rooms a client may begin: rooms stay, and there is a bounded number of them.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::client::{Client, Rates};
use super::refusal::Refusal;
use crate::hub::Hub;
use crate::limits;
use crate::said::RoomName;

/// Counts the rooms that each client begins.
#[derive(Debug)]
pub(super) struct NewRooms {
    rates: Rates,
    /// Rooms that were there when somebody last posted to them: their posts need no look at the log.
    known: Mutex<HashSet<RoomName>>,
}

impl NewRooms {
    pub(super) fn new() -> Self {
        Self { rates: Rates::of_new_rooms(), known: Mutex::default() }
    }

    /// Counts a post, if it would begin its room.
    pub(super) async fn count(
        &self,
        hub: &Hub,
        client: Client,
        room: &RoomName,
    ) -> Result<(), Refusal> {
        if self.lock().contains(room) {
            return Ok(());
        }
        let heads = hub.log().heads(&[room.as_str().to_owned()]).await;
        // The writer will wait for a log that is away, and say what is wrong with it.
        let is_new = heads.is_ok_and(|heads| heads.rooms.is_empty());
        if is_new {
            self.rates.count(client).map_err(|refusal| match refusal {
                Refusal::TooFast(seconds) => Refusal::TooManyNewRooms(seconds),
                other => other,
            })?;
        }
        Ok(())
    }

    /// The room is there.
    pub(super) fn note(&self, room: &RoomName) {
        let mut known = self.lock();
        if known.contains(room) {
            return;
        }
        if known.len() >= limits::ROOMS_KNOWN {
            known.clear();
        }
        known.insert(room.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<RoomName>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
