//! Purges for which there was no place: stamps in a table of fixed size.
//!
//! Many keys share a stamp, so more is doubted than was changed. What is doubted is validated before
//! it is used: that costs a request upstream and never gives an answer that should be gone.

use super::records::Target;
use crate::store::settings::DOUBTS;

/// See the module's words. Takes no memory until something is doubted.
#[derive(Default)]
pub(super) struct Doubts {
    places: Vec<u64>,
    /// Of everything there is.
    any: u64,
}

impl Doubts {
    /// The place of a key.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) const fn place(hash: u128) -> u16 {
        (hash % DOUBTS as u128) as u16
    }

    /// The newest stamp at which a key may have been changed; 0: never.
    pub(super) fn newest(&self, hash: u128) -> u64 {
        let place = self.places.get(usize::from(Self::place(hash)));
        self.any.max(place.copied().unwrap_or(0))
    }

    pub(super) fn put(&mut self, place: u16, stamp: u64) {
        if self.places.is_empty() {
            self.places.resize(DOUBTS, 0);
        }
        if let Some(newest) = self.places.get_mut(usize::from(place)) {
            *newest = stamp.max(*newest);
        }
    }

    pub(super) fn put_any(&mut self, stamp: u64) {
        self.any = stamp.max(self.any);
    }

    /// All that is in force, to be written down.
    pub(super) fn each(&self, mut act: impl FnMut(Target, u64)) {
        act(Target::Any, self.any);
        for (place, &stamp) in self.places.iter().enumerate() {
            act(Target::Some(u16::try_from(place).unwrap_or(0)), stamp);
        }
    }
}
