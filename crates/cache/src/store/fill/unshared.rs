//! Keys whose answers could not be shared lately: the next requests for them do not wait for one
//! another.
//!
//! A table of fixed size with one place for each key, chosen by its hash: a newer key takes the
//! place of an older one, so nobody can fill the table, and nothing in it is ever searched.

use std::time::{Duration, Instant};

use super::collapse::FillId;
use crate::store::settings::{NOT_STORABLE, NOT_STORABLE_FOR, UPSTREAM_FAILED_FOR};

/// What an answer that is not shared says of the next ones for its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lesson {
    /// Nothing: it is the one request's own matter.
    Nothing,
    /// Requests with credentials get answers of their own.
    Credentials,
    /// Nobody gets a shared answer.
    Response,
    /// The upstream failed. It may be well again soon: this is remembered for a shorter time.
    Failure,
}

impl Lesson {
    const fn lasts(self) -> Duration {
        match self {
            Self::Failure => UPSTREAM_FAILED_FOR,
            Self::Nothing | Self::Credentials | Self::Response => NOT_STORABLE_FOR,
        }
    }
}

/// See the module's words. Takes no memory until something is remembered.
#[derive(Default)]
pub(super) struct Unshared {
    places: Vec<Option<(u64, Instant)>>,
}

impl Unshared {
    /// Notes a lesson about `id`.
    pub(super) fn learn(&mut self, id: FillId, lesson: Lesson, now: Instant) {
        if lesson == Lesson::Nothing {
            return;
        }
        if self.places.is_empty() {
            self.places.resize(NOT_STORABLE, None);
        }
        let mark = mark(id, lesson == Lesson::Credentials);
        if let Some(place) = self.places.get_mut(place(mark)) {
            *place = Some((mark, now + lesson.lasts()));
        }
    }

    /// Whether the last answer to a request for `id`, with credentials or without, was not shared.
    pub(super) fn holds(&self, id: FillId, credentials: bool, now: Instant) -> bool {
        let noted = |of_credentials| {
            let mark = mark(id, of_credentials);
            let found = self.places.get(place(mark)).copied().flatten();
            found.is_some_and(|(noted, until)| noted == mark && until > now)
        };
        noted(false) || credentials && noted(true)
    }

    /// An answer for `id` is being shared.
    pub(super) fn forget(&mut self, id: FillId, credentials: bool) {
        for of_credentials in [false, credentials] {
            let mark = mark(id, of_credentials);
            if let Some(place) = self.places.get_mut(place(mark))
                && place.is_some_and(|(noted, _)| noted == mark)
            {
                *place = None;
            }
        }
    }
}

/// 64 bits of the hashes: two keys that share them are not shared for a while, and nothing worse.
#[allow(clippy::cast_possible_truncation)]
fn mark((key, variant): FillId, credentials: bool) -> u64 {
    let both = key ^ variant.rotate_left(1);
    let folded = (both >> 64) as u64 ^ both as u64;
    if credentials { !folded } else { folded }
}

#[allow(clippy::cast_possible_truncation)]
const fn place(mark: u64) -> usize {
    mark as usize % NOT_STORABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: FillId = (1 << 100 | 7, 5);

    #[test]
    fn a_lesson_is_for_its_key_and_kind_and_for_a_while() {
        let (mut table, now) = (Unshared::default(), Instant::now());
        let later = now + NOT_STORABLE_FOR;
        assert!(!table.holds(ID, true, now), "nothing is known yet");
        table.learn(ID, Lesson::Nothing, now);
        assert!(!table.holds(ID, true, now));
        table.learn(ID, Lesson::Credentials, now);
        assert!(table.holds(ID, true, now) && !table.holds(ID, false, now));
        assert!(!table.holds((ID.0, 6), true, now) && !table.holds(ID, true, later));
        table.learn(ID, Lesson::Response, now);
        assert!(table.holds(ID, false, now) && table.holds(ID, true, now));
        table.forget(ID, false);
        assert!(!table.holds(ID, false, now) && table.holds(ID, true, now));
        table.forget(ID, true);
        assert!(!table.holds(ID, true, now));
        table.learn(ID, Lesson::Failure, now);
        assert!(table.holds(ID, false, now));
        assert!(!table.holds(ID, false, now + UPSTREAM_FAILED_FOR));
    }

    #[test]
    fn the_table_never_grows_and_the_newest_is_in_it() {
        let (mut table, now) = (Unshared::default(), Instant::now());
        for number in 0..3 * NOT_STORABLE as u128 {
            let id = (number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_0C26_51B2_3F71), 0);
            table.learn(id, Lesson::Response, now);
            assert!(table.holds(id, false, now));
        }
        assert_eq!(table.places.len(), NOT_STORABLE);
    }
}
