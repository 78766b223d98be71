//! As much of a remembered exchange as tells whether it is wanted: read without the rest, and
//! without its texts until they are asked for. The order of the words is that of `note.rs`.

use std::sync::Arc;

use super::Names;
use super::note::{NONE_16, times};
use super::pen::Reading;
use super::seen::serial;
use crate::metrics::NO_ROUTE;

/// Words of a slot before that with the lengths of the texts, its number included.
const TO_LENGTHS: usize = 11;

/// A look at a slot.
pub(crate) struct Glimpse<'w> {
    words: &'w [u64],
    names: Option<&'w Names>,
}

impl<'w> Glimpse<'w> {
    /// Of the words of a slot, its number first; `known` are the configurations whose names are
    /// known.
    pub(super) fn new(words: &'w [u64], known: &'w [Arc<Names>]) -> Self {
        let serial = serial(words);
        Self { words, names: known.iter().find(|names| names.serial == serial).map(AsRef::as_ref) }
    }

    /// How long it took.
    pub(crate) fn duration_micros(&self) -> u64 {
        times(self.word(2)).0
    }

    /// When it ended, in microseconds since 1970.
    pub(crate) fn ended_micros(&self) -> u64 {
        self.word(1).saturating_mul(1000).saturating_add(self.duration_micros())
    }

    /// What its route is called, [`NO_ROUTE`] if it had none; none: that is not known any more.
    pub(crate) fn route(&self) -> Option<&'w str> {
        match self.word(6) >> 16 & NONE_16 {
            NONE_16 => Some(NO_ROUTE),
            index => self.names?.route(usize::try_from(index).ok()?),
        }
    }

    /// Its request id.
    pub(crate) fn request_id(&self) -> String {
        let mut from = Reading::new(self.words.get(TO_LENGTHS..).unwrap_or_default());
        let lengths = from.word();
        from.text(usize::from(lengths as u8))
    }

    fn word(&self, place: usize) -> u64 {
        self.words.get(place).copied().unwrap_or(0)
    }
}
