//! As much of a remembered exchange as tells whether it is wanted: read without the rest, and
//! without its texts until they are asked for. The order of the words is that of `note.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use super::note::{NONE_16, times};
use super::pen::Reading;
use super::seen::serial;
use super::{Names, Traced};
use crate::metrics::NO_ROUTE;

/// Words of a slot before that with the lengths of the texts, its number included.
const TO_LENGTHS: usize = 15;

/// What it takes to make sense of a slot.
pub(super) struct Known {
    /// The configurations whose names are known.
    pub(super) names: Vec<Arc<Names>>,
    /// The recorded traces, by when the request ended and by its id, which a trusted hop may send
    /// twice.
    pub(super) traces: HashMap<(u64, String), Traced>,
}

/// A look at a slot.
pub(crate) struct Glimpse<'w> {
    words: &'w [u64],
    known: &'w Known,
}

/// When the exchange of a slot ended, in microseconds since 1970, and its request id. The words begin
/// with the slot's number.
pub(super) fn identity(words: &[u64]) -> (u64, String) {
    (ended_micros(words), request_id(words))
}

fn ended_micros(words: &[u64]) -> u64 {
    let millis = word(words, 1);
    millis.saturating_mul(1000).saturating_add(duration_micros(words))
}

fn duration_micros(words: &[u64]) -> u64 {
    times(word(words, 2)).0
}

fn request_id(words: &[u64]) -> String {
    let mut from = Reading::new(words.get(TO_LENGTHS..).unwrap_or_default());
    let lengths = from.word();
    from.text(usize::from(lengths as u8))
}

fn word(words: &[u64], place: usize) -> u64 {
    words.get(place).copied().unwrap_or(0)
}

impl<'w> Glimpse<'w> {
    /// Of the words of a slot, its number first.
    pub(super) fn new(words: &'w [u64], known: &'w Known) -> Self {
        Self { words, known }
    }

    /// How long it took.
    pub(crate) fn duration_micros(&self) -> u64 {
        duration_micros(self.words)
    }

    /// When it ended, in microseconds since 1970.
    pub(crate) fn ended_micros(&self) -> u64 {
        ended_micros(self.words)
    }

    /// What its route is called, [`NO_ROUTE`] if it had none; none: that is not known any more.
    pub(crate) fn route(&self) -> Option<&'w str> {
        match word(self.words, 6) >> 16 & NONE_16 {
            NONE_16 => Some(NO_ROUTE),
            index => {
                let serial = serial(self.words);
                let names = self.known.names.iter().find(|names| names.serial == serial)?;
                names.route(usize::try_from(index).ok()?)
            }
        }
    }

    /// Its request id.
    pub(crate) fn request_id(&self) -> String {
        request_id(self.words)
    }

    /// Its trace, if that is recorded.
    pub(crate) fn traced(&self) -> Option<Traced> {
        // Most gateways record none, and then no id has to be read.
        if self.known.traces.is_empty() {
            return None;
        }
        self.known.traces.get(&identity(self.words)).copied()
    }
}
