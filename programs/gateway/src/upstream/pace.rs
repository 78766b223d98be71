//! How fast a server answers, for a limit that finds itself. The request path adds to a few numbers;
//! the control plane makes a limit of them.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tombolo_balance::{Bounds, Gradient, Room, Window};
use tombolo_daemon::config::{Adaptive, UpstreamLimit};

use super::since_start;
use crate::metrics::Outcome;

/// The shortest time that a limit is made of.
const SHORTEST: Duration = Duration::from_millis(80);

/// What was seen of one server since it was last looked at. All threads write here, for servers whose
/// limit finds itself and no others.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Pace {
    samples: AtomicU64,
    micros: AtomicU64,
    most: AtomicU32,
    lost: AtomicU64,
    /// None: its limit is what the configuration says.
    found: Mutex<Option<Found>>,
}

struct Found {
    gradient: Gradient,
    /// When it was last looked at.
    looked: Duration,
}

impl Pace {
    /// What the configuration says, at the start and after a reload. What was found stays.
    pub(super) fn follow(&self, limit: Option<&UpstreamLimit>, room: &Room) {
        let mut found = self.lock();
        let most = limit.map(|limit| limit.in_flight);
        let Some((Adaptive { min }, max)) = limit.and_then(|limit| limit.adaptive).zip(most) else {
            *found = None;
            // Without any, those who wait from before need not any longer.
            room.set_limit(most);
            return;
        };
        let bounds = Bounds { min, max };
        let new = || Found { gradient: Gradient::new(bounds), looked: since_start() };
        let gradient = &mut found.get_or_insert_with(new).gradient;
        gradient.set_bounds(bounds);
        room.set_limit(Some(gradient.limit()));
    }

    /// Asking it ended so, after so many microseconds.
    pub(super) fn saw(&self, outcome: Outcome, micros: Option<u64>, room: &Room) {
        match outcome {
            Outcome::Answered => {
                let Some(micros) = micros else { return };
                self.micros.fetch_add(micros, Relaxed);
                self.samples.fetch_add(1, Relaxed);
            }
            Outcome::TimedOut | Outcome::Unreachable => {
                self.lost.fetch_add(1, Relaxed);
            }
            Outcome::Failed | Outcome::Stale | Outcome::Abandoned => return,
        }
        let taken = room.taken();
        if taken > self.most.load(Relaxed) {
            self.most.fetch_max(taken, Relaxed);
        }
    }

    /// Makes a limit of what was seen until `now` (see `clock.rs`), if that is enough.
    pub(super) fn look(&self, room: &Room, now: Duration) {
        let mut found = self.lock();
        let Some(Found { gradient, looked }) = &mut *found else { return };
        let window = Window {
            length: now.saturating_sub(*looked),
            samples: self.samples.load(Relaxed),
            micros: self.micros.load(Relaxed),
            most: self.most.load(Relaxed),
            lost: self.lost.load(Relaxed),
        };
        if window.length < SHORTEST || !window.is_due() {
            return;
        }
        // What comes meanwhile is of the next window.
        self.samples.fetch_sub(window.samples, Relaxed);
        self.micros.fetch_sub(window.micros, Relaxed);
        self.lost.fetch_sub(window.lost, Relaxed);
        self.most.store(0, Relaxed);
        *looked = now;
        gradient.close(&window);
        room.set_limit(Some(gradient.limit()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: UpstreamLimit = UpstreamLimit {
        in_flight: 50,
        queue: 9,
        wait: Duration::from_secs(1),
        adaptive: Some(Adaptive { min: 2 }),
    };

    #[test]
    fn a_limit_begins_at_the_least_and_grows_with_what_is_seen() {
        let (pace, room) = (Pace::default(), Room::default());
        pace.follow(Some(&LIMIT), &room);
        assert_eq!(room.limit(), Some(2));
        for turn in 1..=40 {
            while room.enter() {}
            for _ in 0..30 {
                pace.saw(Outcome::Answered, Some(1000), &room);
            }
            pace.look(&room, since_start() + Duration::from_secs(turn));
        }
        let found = room.limit().unwrap();
        assert!(found > 10, "{found}");
        pace.follow(Some(&LIMIT), &room);
        assert_eq!(room.limit(), Some(found), "a reload leaves it");
        pace.follow(Some(&UpstreamLimit { in_flight: 5, ..LIMIT }), &room);
        assert_eq!(room.limit(), Some(5), "no more than is allowed now");
        pace.follow(Some(&UpstreamLimit::new(70)), &room);
        assert_eq!(room.limit(), Some(70), "a limit that stays as it is");
        pace.follow(None, &room);
        assert_eq!(room.limit(), None);
    }
}
