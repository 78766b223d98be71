//! The places of the admin API's connections. When all are taken, a new connection takes the place
//! of the one that has shown least: silent ones and readers of the open console page go first, then
//! those that probed lately. One that was allowed to ask keeps its place.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// What a connection has shown. Later ones count for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Standing {
    /// Nothing that not everybody may ask.
    Unknown,
    /// It asked for what probes ask for.
    Probe,
    /// It was allowed to ask for the rest.
    Allowed,
}

/// One connection's place.
#[derive(Debug, Default)]
pub(super) struct Place(AtomicU8);

impl Place {
    /// The connection has shown this.
    pub(super) fn has_shown(&self, standing: Standing) {
        self.0.fetch_max(standing as u8, Ordering::Relaxed);
    }

    fn standing(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All places.
pub(super) struct Places {
    most: usize,
    /// In the order in which they were taken.
    taken: Mutex<Vec<(Arc<Place>, AbortHandle)>>,
    freed: Notify,
}

impl Places {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default(), freed: Notify::new() })
    }

    /// Waits until there is a place for one more connection, or makes one.
    pub(super) async fn make_room(&self) {
        while !self.try_make_room() {
            self.freed.notified().await;
        }
    }

    fn try_make_room(&self) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() < self.most {
            return true;
        }
        let least = taken.iter().enumerate().min_by_key(|(_, (place, _))| place.standing());
        match least {
            Some((index, (place, _))) if place.standing() < Standing::Allowed as u8 => {
                let (_, task) = taken.remove(index);
                task.abort();
                true
            }
            _ => false,
        }
    }

    /// The connection of `task` has this place.
    pub(super) fn take(&self, place: Arc<Place>, task: AbortHandle) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.is_finished() {
            taken.push((place, task));
        }
    }

    /// The connection with this place has ended.
    pub(super) fn leave(&self, place: &Arc<Place>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|(other, task)| !Arc::ptr_eq(other, place) && !task.is_finished());
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(places: &Places, standing: Standing) -> tokio::task::JoinHandle<()> {
        let task = tokio::spawn(std::future::pending());
        let place = Arc::new(Place::default());
        place.has_shown(standing);
        places.take(place, task.abort_handle());
        task
    }

    #[tokio::test]
    async fn who_has_shown_least_gives_way() {
        let places = Places::new(3);
        let allowed = taken(&places, Standing::Allowed);
        let probe = taken(&places, Standing::Probe);
        let unknown = taken(&places, Standing::Unknown);
        assert!(places.try_make_room());
        assert!(unknown.await.unwrap_err().is_cancelled());
        let second = taken(&places, Standing::Allowed);
        assert!(places.try_make_room());
        assert!(probe.await.unwrap_err().is_cancelled());
        let third = taken(&places, Standing::Allowed);
        assert!(!places.try_make_room(), "all may ask");
        for task in [allowed, second, third] {
            assert!(!task.is_finished());
            task.abort();
        }
    }
}
