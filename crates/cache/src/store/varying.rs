//! The record of how a key varies: at the key's own place, in place of a response.
//!
//! It lists the sets of request fields its responses were selected by, the newest first. A variant
//! is found by what a request says in those fields: its place is computed, not looked up, so a key
//! may have any number of variants and each is stored, evicted and purged on its own. The
//! record's generation, a random number, is part of that computation: with the record gone, all
//! its variants are out of reach at once, and age out of the queues.

use super::settings::{MAX_FIELD, VARY_LISTS};

/// Reads the lists of a record.
pub(super) fn lists(meta: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = meta;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (list, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        rest = after;
        Some(list)
    })
    .take(VARY_LISTS)
}

/// A record with `names` as its newest list. `None`: the names are too long to be kept.
pub(super) fn with_list(meta: &[u8], names: &[u8]) -> Option<Vec<u8>> {
    u16::try_from(names.len()).ok()?;
    let others = lists(meta).filter(|list| *list != names);
    let mut out = Vec::new();
    for list in std::iter::once(names).chain(others).take(VARY_LISTS) {
        let length = u16::try_from(list.len()).ok()?;
        if out.len() + 2 + list.len() > MAX_FIELD {
            break;
        }
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(list);
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_list_comes_first_and_the_oldest_goes() {
        let mut meta = Vec::new();
        for number in 0..VARY_LISTS + 2 {
            meta = with_list(&meta, format!("field-{number}").as_bytes()).unwrap();
        }
        meta = with_list(&meta, b"field-5").unwrap();
        let names: Vec<_> = lists(&meta).map(|list| list.to_vec()).collect();
        assert_eq!(names.len(), VARY_LISTS);
        assert_eq!(names[0], b"field-5");
        assert_eq!(names[1], b"field-9");
        assert!(!names.contains(&b"field-0".to_vec()));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        for meta in [&b"\xff"[..], b"\xff\xff", b"\x01\x00a\x05\x00bc", b""] {
            assert!(lists(meta).all(|list| list.len() <= meta.len()));
        }
    }
}
