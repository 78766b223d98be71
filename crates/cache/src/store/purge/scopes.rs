//! Prefixes that clients' requests purged when there was no place for them: a doubt about what has
//! the same host and the same first segment of the path, or about the whole host where the prefix
//! is all of it. What is of another host or segment stays as it is.

use std::hash::{BuildHasher, RandomState};

use crate::store::settings::SCOPE_DOUBTS;

/// Stamps by scope, in a table of fixed size that takes no memory until something is doubted.
///
/// The last scope in a place is known exactly. Of those that it replaced, the newest stamp is kept
/// and holds for whatever has the place: that one is as old as it takes to come around the table,
/// so what was stored or validated since is spared. Which scopes share a place follows from a secret,
/// so that a client cannot choose the scope with which it meets another's.
pub(super) struct Scopes {
    places: Vec<Place>,
    secret: u64,
}

#[derive(Clone, Copy, Default)]
struct Place {
    scope: u64,
    stamp: u64,
    /// The newest stamp of other scopes.
    others: u64,
}

impl Default for Scopes {
    fn default() -> Self {
        Self { places: Vec::new(), secret: RandomState::new().hash_one(0) }
    }
}

impl Scopes {
    /// The scope of what a prefix may hit. `None`: the prefix does not name a whole host.
    pub(super) fn of_prefix(&self, prefix: &[u8]) -> Option<u64> {
        let host = host(prefix)?;
        Some(self.hash(segment(prefix, host).unwrap_or(host)))
    }

    /// The secret that scopes are hashed with: it is written down with them.
    pub(super) const fn secret(&self) -> u64 {
        self.secret
    }

    /// The newest stamp at which a key may have been changed; 0: never.
    pub(super) fn newest(&self, key: &[u8]) -> u64 {
        if self.places.is_empty() {
            return 0;
        }
        let Some(host) = host(key) else { return 0 };
        let stamp = |text| {
            let scope = self.hash(text);
            self.places.get(at(scope)).map_or(0, |place| match place.scope == scope {
                true => place.stamp.max(place.others),
                false => place.others,
            })
        };
        stamp(host).max(stamp(segment(key, host).unwrap_or(key)))
    }

    /// False: the scope was hashed with another secret, and cannot be found again.
    pub(super) fn put(&mut self, scope: u64, secret: u64, stamp: u64) -> bool {
        if self.places.is_empty() {
            self.places.resize(SCOPE_DOUBTS, Place::default());
            self.secret = secret;
        }
        if self.secret != secret {
            return false;
        }
        let Some(place) = self.places.get_mut(at(scope)) else { return false };
        if place.scope == scope {
            place.stamp = stamp.max(place.stamp);
        } else if stamp > place.stamp {
            *place = Place { scope, stamp, others: place.stamp.max(place.others) };
        } else {
            place.others = stamp.max(place.others);
        }
        true
    }

    /// All that is in force, to be written down and put again in this order: scope and stamp. The
    /// stamp of other scopes is that of one that is not the last.
    pub(super) fn each(&self, mut act: impl FnMut(u64, u64)) {
        for place in &self.places {
            act(place.scope ^ (1 << 63), place.others);
            act(place.scope, place.stamp);
        }
    }

    fn hash(&self, scope: &[u8]) -> u64 {
        let mut secret = [0; 32];
        if let Some(begin) = secret.first_chunk_mut::<8>() {
            *begin = self.secret.to_le_bytes();
        }
        let hash = blake3::keyed_hash(&secret, scope);
        hash.as_bytes().first_chunk::<8>().copied().map_or(0, u64::from_le_bytes)
    }
}

/// The place of a scope.
#[allow(clippy::cast_possible_truncation)]
const fn at(scope: u64) -> usize {
    scope as usize % SCOPE_DOUBTS
}

/// Scheme, host and port of a key, with the slash that follows.
fn host(key: &[u8]) -> Option<&[u8]> {
    let start = memchr::memchr(b'/', key)? + 2;
    let end = start + memchr::memchr(b'/', key.get(start..)?)? + 1;
    key.get(..end)
}

/// The host and the first segment of the path. `None`: it does not end in this text.
fn segment<'a>(key: &'a [u8], host: &[u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr2(b'/', b'?', key.get(host.len()..)?)?;
    key.get(..host.len() + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_reaches_the_host_and_first_segment_of_its_prefix() {
        for (prefix, reached, spared) in [
            (
                "http://a/b/",
                &["http://a/b", "http://a/b/c", "http://a/b?q", "http://a/b/"][..],
                &["http://a/", "http://a/bc", "http://a/c", "http://b/b/", "https://a/b/"][..],
            ),
            (
                "http://a/b/c/d/",
                &["http://a/b/c/d/e", "http://a/b/x"],
                &["http://a/c/", "http://a/"],
            ),
            (
                "http://a/",
                &["http://a/", "http://a/x/y", "http://a/?q"],
                &["http://b/", "http://aa/"],
            ),
            ("http://a/b", &["http://a/b", "http://a/bc", "http://a/bc/d"], &["http://b/"]),
            ("http://a:81/b/", &["http://a:81/b/"], &["http://a/b/", "http://a:82/b/"]),
        ] {
            // Fixed: no two of these texts share a place.
            let mut scopes = Scopes { places: Vec::new(), secret: 1 };
            let scope = scopes.of_prefix(prefix.as_bytes()).unwrap();
            assert!(scopes.put(scope, 1, 7));
            for key in reached {
                assert_eq!(scopes.newest(key.as_bytes()), 7, "{prefix} {key}");
            }
            for key in spared {
                assert_eq!(scopes.newest(key.as_bytes()), 0, "{prefix} {key}");
            }
        }
    }

    #[test]
    fn scopes_in_one_place_are_told_apart_until_one_replaces_the_other() {
        let mut scopes = Scopes { places: Vec::new(), secret: 1 };
        let ours = scopes.of_prefix(b"http://a/b/").unwrap();
        let newest = |scopes: &Scopes| scopes.newest(b"http://a/b/c");
        assert!(scopes.put(ours ^ (1 << 40), 1, 5));
        assert_eq!(newest(&scopes), 0, "another's");
        assert!(scopes.put(ours ^ (1 << 41), 1, 8));
        assert_eq!(newest(&scopes), 5, "one that was replaced may have been ours");
        assert!(scopes.put(ours, 1, 6));
        assert_eq!(newest(&scopes), 6);
        assert!(scopes.put(ours, 1, 9));
        assert!(scopes.put(ours, 1, 7));
        assert_eq!(newest(&scopes), 9);
        let mut again = Scopes::default();
        scopes.each(|scope, stamp| assert!(again.put(scope, 1, stamp)));
        assert_eq!(newest(&again), 9, "as it was written down");
        assert!(again.put(ours ^ (1 << 40), 1, 10));
        assert_eq!(newest(&again), 9, "never forgotten");
    }

    #[test]
    fn a_prefix_without_a_whole_host_has_no_place_and_no_key_breaks_it() {
        let mut scopes = Scopes::default();
        for text in ["", "/", "//", "http:", "http://", "http://a"] {
            assert_eq!(scopes.of_prefix(text.as_bytes()), None, "{text}");
        }
        assert!(scopes.put(3, scopes.secret(), 7));
        assert!(!scopes.put(3, scopes.secret() ^ 1, 8), "another secret");
        for text in ["", "/", "//", "http:", "http://a"] {
            assert_eq!(scopes.newest(text.as_bytes()), 0, "{text}");
        }
    }
}
