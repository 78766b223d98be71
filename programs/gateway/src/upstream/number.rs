//! Numbers by which threads find what they keep for a server. A server that goes gives its number
//! back, so that the tables of a gateway that is reloaded for ever stay small.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// All numbers given out.
#[derive(Default)]
pub(crate) struct Numbers {
    /// Whether each place is still held.
    held: Mutex<Vec<Weak<()>>>,
    next: AtomicU64,
}

/// A server's number, given back when it is dropped.
pub(crate) struct Number {
    /// Its place in tables: small, and used again after it.
    pub(crate) place: usize,
    /// Never used again: tells a server from the one that had its place before.
    pub(crate) id: u64,
    #[expect(dead_code, reason = "holds the place by being there")]
    held: Arc<()>,
}

impl Numbers {
    /// A number that no server has.
    pub(crate) fn take(&self) -> Number {
        let id = self.next.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let held = Arc::new(());
        let mut places = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let free = places.iter().position(|place| place.strong_count() == 0);
        let place = free.unwrap_or(places.len());
        match places.get_mut(place) {
            Some(free) => *free = Arc::downgrade(&held),
            None => places.push(Arc::downgrade(&held)),
        }
        Number { place, id, held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_ids_are_not() {
        let numbers = Numbers::default();
        let (first, second) = (numbers.take(), numbers.take());
        assert_eq!((first.place, second.place), (0, 1));
        let gone = first.id;
        drop(first);
        let third = numbers.take();
        assert_eq!(third.place, 0);
        assert!(third.id != gone && third.id != second.id && third.id > 0);
    }
}
