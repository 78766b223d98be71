//! How many may be at a server at one time. Owns one exact count for each server, over all threads.
//!
//! A room is entered before a server is asked and left when it is done, so the count is never above
//! the limit, not even for a moment. A limit that comes down sends nobody out: whoever is inside
//! ends what it is at, and nobody enters until there is room again.
//!
//! Entering, leaving and the look of a queue at who waits are in one order for all threads
//! (sequentially consistent): whoever leaves and then sees nobody waiting has left before the next
//! one in line looks for room.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// As many as there are.
const UNLIMITED: u32 = u32::MAX;

/// One server's room, on a cache line of its own: whoever enters or leaves writes it.
#[derive(Debug)]
#[repr(align(128))]
pub struct Room {
    taken: AtomicU32,
    limit: AtomicU32,
}

impl Default for Room {
    /// Room for any number.
    fn default() -> Room {
        Room { taken: AtomicU32::new(0), limit: AtomicU32::new(UNLIMITED) }
    }
}

impl Room {
    /// So many at one time from now on; none: any number.
    pub fn set_limit(&self, limit: Option<u32>) {
        self.limit.store(limit.unwrap_or(UNLIMITED), SeqCst);
    }

    /// How many at one time; none: any number.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        Some(self.limit.load(SeqCst)).filter(|limit| *limit != UNLIMITED)
    }

    /// How many are inside.
    #[must_use]
    pub fn taken(&self) -> u32 {
        self.taken.load(SeqCst)
    }

    /// Whether one more could enter now.
    #[inline]
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.taken.load(SeqCst) < self.limit.load(SeqCst)
    }

    /// Enters; false if all places are taken.
    #[inline]
    #[must_use]
    pub fn enter(&self) -> bool {
        let one_more = |taken| (taken < self.limit.load(SeqCst)).then(|| taken + 1);
        self.taken.fetch_update(SeqCst, SeqCst, one_more).is_ok()
    }

    /// Gives a place back. Once for each time that [`Room::enter`] was true.
    #[inline]
    pub fn leave(&self) {
        let one_less = |taken: u32| taken.checked_sub(1);
        let left = self.taken.fetch_update(SeqCst, SeqCst, one_less);
        debug_assert!(left.is_ok(), "left more often than entered");
    }

    /// A room that is as full as this one and goes on by itself.
    pub(crate) fn copied(&self) -> Room {
        let (taken, limit) = (self.taken.load(SeqCst), self.limit.load(SeqCst));
        Room { taken: AtomicU32::new(taken), limit: AtomicU32::new(limit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn never_one_too_many_whoever_comes() {
        let (room, inside, most) = (Room::default(), AtomicU32::new(0), AtomicU32::new(0));
        room.set_limit(Some(3));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let mut entered = 0;
                    while entered < 20_000 {
                        if room.enter() {
                            most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                            inside.fetch_sub(1, SeqCst);
                            room.leave();
                            entered += 1;
                        }
                    }
                });
            }
        });
        assert!(most.load(SeqCst) <= 3, "{most:?}");
        assert_eq!(room.taken(), 0);
    }

    #[test]
    fn without_a_limit_anybody_enters() {
        let room = Room::default();
        assert!((0..1000).all(|_| room.enter()) && room.has_room());
        assert_eq!((room.limit(), room.taken()), (None, 1000));
    }

    proptest! {
        /// However limits change and places are taken, nobody enters above the limit and nobody is
        /// kept out below it.
        #[test]
        fn behaves_as_a_number(steps in proptest::collection::vec((0u8..3, 0u32..6), 1..200)) {
            let room = Room::default();
            let (mut inside, mut limit) = (0, None);
            for (what, number) in steps {
                match what {
                    0 => {
                        limit = number.checked_sub(1);
                        room.set_limit(limit);
                    }
                    1 => {
                        let may = limit.is_none_or(|limit| inside < limit);
                        prop_assert_eq!(room.has_room(), may);
                        prop_assert_eq!(room.enter(), may);
                        inside += u32::from(may);
                    }
                    _ if inside > 0 => {
                        room.leave();
                        inside -= 1;
                    }
                    _ => {}
                }
                prop_assert_eq!((room.taken(), room.limit()), (inside, limit));
            }
        }
    }
}
