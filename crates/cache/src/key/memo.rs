//! The hashes of texts that a thread hashed lately. BLAKE3 costs ten times as much as telling that
//! a text is the same as before, and of hot keys it always is.
//!
//! A text has one place, chosen by a quick hash that nothing else rests on: whoever makes two texts
//! share it makes them slow, not wrong, for all bytes are compared.

use std::cell::RefCell;

use xxhash_rust::xxh3::xxh3_64;

use super::KeyHash;

/// Texts remembered by a thread. A power of two.
const PLACES: usize = 256;

/// Longest text that is remembered; bytes. It bounds a thread's memory to half a mebibyte.
const LONGEST: usize = 2048;

struct Place {
    text: Vec<u8>,
    hash: Option<KeyHash>,
}

thread_local! {
    static PLACES_OF_THREAD: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// The hash of `text` as it was made before, or made now.
#[inline]
pub(super) fn remembered(text: &[u8], make: impl Fn() -> KeyHash) -> KeyHash {
    if text.len() > LONGEST {
        return make();
    }
    // Where the thread is ending there is no memory any more.
    let known = PLACES_OF_THREAD.try_with(|places| {
        let mut places = places.try_borrow_mut().ok()?;
        let at = usize::try_from(xxh3_64(text)).unwrap_or_default() % PLACES;
        if let Some(place) = places.get(at)
            && place.hash.is_some()
            && place.text == text
        {
            return place.hash;
        }
        if places.is_empty() {
            places.resize_with(PLACES, || Place { text: Vec::new(), hash: None });
        }
        let place = places.get_mut(at)?;
        place.text.clear();
        place.text.extend_from_slice(text);
        place.hash = Some(make());
        place.hash
    });
    known.ok().flatten().unwrap_or_else(make)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_would_be_made() {
        let text = |number: usize| format!("http://example.org/{number}");
        for _ in 0..2 {
            for number in 0..4 * PLACES {
                let text = text(number);
                let made = KeyHash::from_digest(&blake3::hash(text.as_bytes()));
                assert_eq!(KeyHash::of(text.as_bytes()), made, "{text}");
            }
        }
        let long = vec![b'a'; LONGEST + 1];
        assert_eq!(KeyHash::of(&long), KeyHash::from_digest(&blake3::hash(&long)));
        assert_eq!(KeyHash::of(b""), KeyHash::from_digest(&blake3::hash(b"")));
    }
}
