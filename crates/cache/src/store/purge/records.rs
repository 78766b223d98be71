//! The purges in force.

use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::xxh3_128;

use super::doubts::Doubts;
use super::scopes::Scopes;
use super::shares::Shares;
use super::{Mode, Purge, PurgeError};
use crate::key::KeyHash;
use crate::store::front::Front;
use crate::store::lock::{read, write};
use crate::store::settings::{
    CLIENT_KEY_PURGES, CLIENT_OWN_PREFIXES, CLIENT_OWN_PURGES, CLIENT_PREFIX_PURGES, KEY_PURGES,
    MAX_FIELD, PREFIX_PURGES, TAG_PURGES,
};
use crate::store::slot::BuildAsIs;

/// The newest stamps at which something was purged, 0 for never.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::store) struct Stamps {
    pub(super) hard: u64,
    pub(super) soft: u64,
}

impl Stamps {
    fn set(&mut self, mode: Mode, stamp: u64) {
        let place = if mode == Mode::Hard { &mut self.hard } else { &mut self.soft };
        *place = stamp.max(*place);
    }

    fn newest(self) -> u64 {
        self.hard.max(self.soft)
    }

    fn merge(&mut self, other: Self) {
        *self = Self { hard: self.hard.max(other.hard), soft: self.soft.max(other.soft) };
    }

    /// What of it is older than `stamp` is worked off.
    fn drop_until(&mut self, stamp: u64) -> bool {
        for place in [&mut self.hard, &mut self.soft] {
            if *place <= stamp {
                *place = 0;
            }
        }
        self.newest() > 0
    }
}

/// What the purges say of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) enum Verdict {
    /// It stays.
    Keep,
    /// It is stale since the purge with this stamp.
    Stale(u64),
    /// It may have been changed at this stamp: it must be validated before it is used.
    Doubtful(u64),
    /// It is gone.
    Gone,
}

#[derive(Default)]
pub(super) struct Lists {
    /// With the stamp up to which the key was worked off.
    pub(super) keys: HashMap<u128, (Stamps, u64), BuildAsIs>,
    pub(super) tags: HashMap<u128, Stamps, BuildAsIs>,
    pub(super) prefixes: HashMap<Box<[u8]>, Stamps>,
    pub(super) all: Stamps,
    /// What was purged when there was no place for it.
    doubts: Doubts,
    scopes: Scopes,
    shares: Shares,
    prefix_shares: Shares,
}

/// All purges in force, and the newest stamp.
#[derive(Default)]
pub(in crate::store) struct Records {
    lists: RwLock<Lists>,
    newest: AtomicU64,
}

/// One purge as it is written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    Key(u128),
    Tag(u128),
    Prefix(Box<[u8]>),
    All,
    /// Keys that share a place of [`Doubts`].
    Some(u16),
    /// A host, or one first segment of its paths: its hash in [`Scopes`] and the secret of that.
    Scope(u64, u64),
    /// Everything there is may have been changed.
    Any,
}

/// On whose account a purge is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Account {
    /// The operator's, who has a reserve.
    Operator,
    /// A client's, by a hash of its address: one of its requests changed something.
    Client(u64),
}

impl Records {
    /// The newest stamp there is: what is asked for now is hit by later purges only.
    pub(in crate::store) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// Puts a purge in force and gives its stamp. Stamps are microseconds since 1970, or one more
    /// than the last: should the log be lost, those that come are later than those that were.
    pub(super) fn accept(
        &self,
        target: Target,
        mode: Mode,
        account: Account,
    ) -> Result<u64, PurgeError> {
        let mut lists = write(&self.lists);
        let (keys, prefixes) = match account {
            Account::Operator => (KEY_PURGES, PREFIX_PURGES),
            Account::Client(_) => (CLIENT_KEY_PURGES, CLIENT_PREFIX_PURGES),
        };
        let (used, limit) = match &target {
            Target::Key(hash) if !lists.keys.contains_key(hash) => (lists.keys.len(), keys),
            Target::Tag(hash) if !lists.tags.contains_key(hash) => (lists.tags.len(), TAG_PURGES),
            Target::Prefix(text) if !lists.prefixes.contains_key(text) => {
                (lists.prefixes.len(), prefixes)
            }
            _ => (0, 1),
        };
        if used >= limit {
            return Err(PurgeError::TooMany);
        }
        let now = now_us();
        if let Account::Client(client) = account
            && !lists.has_share(client, &target, now)
        {
            return Err(PurgeError::TooMany);
        }
        if let (Target::Prefix(text), Mode::Hard) = (&target, mode) {
            // The later and wider one stands for them.
            lists.prefixes.retain(|other, _| !other.starts_with(text));
        }
        Ok(self.put(&mut lists, target, mode, now))
    }

    /// Puts a purge in force for which there is no place: what it may hit is validated before it is
    /// used. Gives what to write down.
    pub(super) fn doubt(&self, target: &Target) -> (Target, u64) {
        let mut lists = write(&self.lists);
        let scope = |text: &[u8]| {
            lists.scopes.of_prefix(text).map(|scope| Target::Scope(scope, lists.scopes.secret()))
        };
        let target = match target {
            Target::Key(hash) => Target::Some(Doubts::place(*hash)),
            Target::Prefix(text) => scope(text).unwrap_or(Target::Any),
            _ => Target::Any,
        };
        let stamp = self.put(&mut lists, target.clone(), Mode::Hard, now_us());
        (target, stamp)
    }

    fn put(&self, lists: &mut Lists, target: Target, mode: Mode, now: u64) -> u64 {
        let stamp = now.max(self.newest() + 1);
        lists.put(target, mode, stamp);
        self.newest.store(stamp, Ordering::Release);
        stamp
    }

    /// Takes over a purge that was written down.
    pub(super) fn restore(&self, target: Target, mode: Mode, stamp: u64) {
        write(&self.lists).put(target, mode, stamp);
        self.restore_newest(stamp);
    }

    pub(super) fn restore_newest(&self, stamp: u64) {
        self.newest.fetch_max(stamp, Ordering::AcqRel);
    }

    /// What the purges say of a response.
    pub(in crate::store) fn judge(&self, front: &Front) -> Verdict {
        let stamp = front.fixed().stamp;
        if stamp >= self.newest() {
            return Verdict::Keep;
        }
        self.judge_parts(KeyHash::of(front.key()), front.key(), front.tags(), stamp)
    }

    /// What the purges say of what was asked for when `stamp` was the newest.
    pub(in crate::store) fn judge_parts<'a>(
        &self,
        hash: KeyHash,
        key: &[u8],
        tags: impl Iterator<Item = &'a [u8]>,
        stamp: u64,
    ) -> Verdict {
        let lists = read(&self.lists);
        let mut stamps = lists.all;
        if let Some((of_key, _)) = lists.keys.get(&hash.as_u128()) {
            stamps.merge(*of_key);
        }
        if !lists.tags.is_empty() {
            let of_tags = tags.filter_map(|tag| lists.tags.get(&xxh3_128(tag)));
            of_tags.for_each(|of_tag| stamps.merge(*of_tag));
        }
        for (prefix, of_prefix) in &lists.prefixes {
            if key.starts_with(prefix) {
                stamps.merge(*of_prefix);
            }
        }
        let doubtful = lists.doubts.newest(hash.as_u128()).max(lists.scopes.newest(key));
        match stamps {
            Stamps { hard, .. } if hard > stamp => Verdict::Gone,
            _ if doubtful > stamp => Verdict::Doubtful(doubtful),
            Stamps { soft, .. } if soft > stamp => Verdict::Stale(soft),
            _ => Verdict::Keep,
        }
    }

    pub(in crate::store) fn len(&self) -> usize {
        let lists = read(&self.lists);
        let all = usize::from(lists.all.newest() > 0);
        lists.keys.len() + lists.tags.len() + lists.prefixes.len() + all
    }

    /// The keys whose purge was not yet worked off: after a restart.
    pub(in crate::store) fn unfinished_keys(&self) -> Vec<(u128, u64)> {
        let lists = read(&self.lists);
        let unfinished = lists.keys.iter().filter(|(_, (stamps, done))| stamps.newest() > *done);
        unfinished.map(|(&hash, (stamps, _))| (hash, stamps.newest())).collect()
    }

    /// The purge of a key is worked off in files and memory, up to that stamp.
    pub(in crate::store) fn key_done(&self, hash: u128, stamp: u64) {
        if let Some((_, done)) = write(&self.lists).keys.get_mut(&hash) {
            *done = stamp.max(*done);
        }
    }

    /// Is there a purge later than `swept` that takes reading through all files?
    pub(in crate::store) fn needs_sweep(&self, swept: u64) -> bool {
        let lists = read(&self.lists);
        let later = |stamps: &Stamps| stamps.newest() > swept;
        later(&lists.all) || lists.tags.values().any(later) || lists.prefixes.values().any(later)
    }

    /// Is there a purge of a key to be dropped, when no fill older than `oldest` is under way?
    pub(in crate::store) fn has_done_keys(&self, oldest: u64) -> bool {
        let done = |&(stamps, done): &(Stamps, u64)| stamps.newest() <= done.min(oldest);
        read(&self.lists).keys.values().any(done)
    }

    /// Drops purges of keys that are worked off, where no fill older than `oldest` is under way.
    pub(in crate::store) fn drop_done_keys(&self, oldest: u64) {
        let keep = |&(stamps, done): &(Stamps, u64)| stamps.newest() > done.min(oldest);
        write(&self.lists).keys.retain(|_, entry| keep(entry));
    }

    /// Drops purges by tag, prefix and of all up to that stamp.
    pub(in crate::store) fn drop_swept(&self, stamp: u64) {
        let mut lists = write(&self.lists);
        lists.all.drop_until(stamp);
        lists.tags.retain(|_, stamps| stamps.drop_until(stamp));
        lists.prefixes.retain(|_, stamps| stamps.drop_until(stamp));
    }

    /// Every purge in force, to be written down.
    pub(super) fn each(&self, mut act: impl FnMut(&Target, Mode, u64)) {
        let lists = read(&self.lists);
        let mut tell = |target: &Target, stamps: &Stamps| {
            for (mode, stamp) in [(Mode::Hard, stamps.hard), (Mode::Soft, stamps.soft)] {
                if stamp > 0 {
                    act(target, mode, stamp);
                }
            }
        };
        tell(&Target::All, &lists.all);
        lists.doubts.each(|target, hard| tell(&target, &Stamps { hard, soft: 0 }));
        let secret = lists.scopes.secret();
        lists.scopes.each(|scope, hard| {
            tell(&Target::Scope(scope, secret), &Stamps { hard, soft: 0 });
        });
        lists.keys.iter().for_each(|(&hash, (stamps, _))| tell(&Target::Key(hash), stamps));
        lists.tags.iter().for_each(|(&hash, stamps)| tell(&Target::Tag(hash), stamps));
        for (text, stamps) in &lists.prefixes {
            tell(&Target::Prefix(text.clone()), stamps);
        }
    }
}

/// Microseconds since 1970.
fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    u64::try_from(now).unwrap_or(u64::MAX / 2)
}

impl Lists {
    /// Counts a purge for the client. A prefix that has a place already takes none.
    fn has_share(&mut self, client: u64, target: &Target, now: u64) -> bool {
        match target {
            Target::Prefix(text) if self.prefixes.contains_key(text) => true,
            Target::Prefix(_) => self.prefix_shares.take(client, now, CLIENT_OWN_PREFIXES),
            _ => self.shares.take(client, now, CLIENT_OWN_PURGES),
        }
    }

    fn put(&mut self, target: Target, mode: Mode, stamp: u64) {
        match target {
            Target::All => self.all.set(mode, stamp),
            Target::Key(hash) => self.keys.entry(hash).or_default().0.set(mode, stamp),
            Target::Tag(hash) => self.tags.entry(hash).or_default().set(mode, stamp),
            Target::Prefix(text) => self.prefixes.entry(text).or_default().set(mode, stamp),
            Target::Some(place) => self.doubts.put(place, stamp),
            Target::Scope(scope, secret) => {
                if !self.scopes.put(scope, secret, stamp) {
                    self.doubts.put_any(stamp);
                }
            }
            Target::Any => self.doubts.put_any(stamp),
        }
    }
}

impl TryFrom<Purge<'_>> for Target {
    type Error = PurgeError;

    fn try_from(purge: Purge<'_>) -> Result<Self, PurgeError> {
        match purge {
            Purge::Prefix(text) | Purge::Tag(text) if text.len() > MAX_FIELD => {
                Err(PurgeError::TooLong)
            }
            Purge::Key(key) => Ok(Self::Key(key.hash.as_u128())),
            Purge::Tag(tag) => Ok(Self::Tag(xxh3_128(tag))),
            Purge::Prefix(text) => Ok(Self::Prefix(text.into())),
            Purge::All => Ok(Self::All),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Account::{Client, Operator};
    use super::*;

    fn judge(records: &Records, key: &str, tags: &[&str], stamp: u64) -> Verdict {
        let tags = tags.iter().map(|tag| tag.as_bytes());
        records.judge_parts(KeyHash::of(key.as_bytes()), key.as_bytes(), tags, stamp)
    }

    #[test]
    fn a_purge_hits_what_was_there_and_spares_what_comes() {
        let records = Records::default();
        let before = records.newest();
        let stamp =
            records.accept(Target::Prefix(b"http://a/x".as_slice().into()), Mode::Hard, Operator);
        assert_eq!(judge(&records, "http://a/xy", &[], before), Verdict::Gone);
        assert_eq!(judge(&records, "http://a/y", &[], before), Verdict::Keep);
        assert_eq!(judge(&records, "http://a/xy", &[], records.newest()), Verdict::Keep);
        assert_eq!(stamp, Ok(records.newest()));
    }

    #[test]
    fn soft_marks_and_hard_wins() {
        let records = Records::default();
        let tag = |tag: &[u8]| Target::try_from(Purge::Tag(tag)).unwrap();
        let soft = records.accept(tag(b"news"), Mode::Soft, Operator).unwrap();
        assert_eq!(judge(&records, "k", &["old", "news"], 0), Verdict::Stale(soft));
        records.accept(tag(b"old"), Mode::Hard, Operator).unwrap();
        assert_eq!(judge(&records, "k", &["old", "news"], 0), Verdict::Gone);
    }

    #[test]
    fn too_many_are_refused_until_some_are_worked_off() {
        let records = Records::default();
        let prefix = |n: usize| Target::Prefix(n.to_string().into_bytes().into());
        for n in 0..PREFIX_PURGES {
            records.accept(prefix(n), Mode::Hard, Operator).unwrap();
        }
        assert_eq!(records.accept(prefix(9999), Mode::Hard, Operator), Err(PurgeError::TooMany));
        assert!(records.accept(prefix(0), Mode::Soft, Operator).is_ok());
        records.drop_swept(records.newest());
        assert!(!records.needs_sweep(0));
        assert!(records.accept(prefix(9999), Mode::Hard, Operator).is_ok());
    }

    #[test]
    fn clients_leave_the_operator_places_and_what_they_change_is_validated() {
        let records = Records::default();
        let key = |n: usize| Target::Key(KeyHash::of(&n.to_le_bytes()).as_u128());
        for n in 0..CLIENT_KEY_PURGES {
            records.accept(key(n), Mode::Hard, Client(n as u64)).unwrap();
        }
        let more = key(CLIENT_KEY_PURGES);
        assert_eq!(records.accept(more.clone(), Mode::Hard, Client(0)), Err(PurgeError::TooMany));
        records.accept(more, Mode::Hard, Operator).unwrap();
        let before = records.newest();
        assert_eq!(judge(&records, "http://a/", &[], before), Verdict::Keep);
        let hash = KeyHash::of(b"http://a/").as_u128();
        let (place, stamp) = records.doubt(&Target::Key(hash));
        assert_eq!(judge(&records, "http://a/", &[], before), Verdict::Doubtful(stamp));
        assert_eq!(judge(&records, "http://a/", &[], stamp), Verdict::Keep);
        assert_eq!(judge(&records, "http://b/", &[], before), Verdict::Keep, "of another place");
        let again = Records::default();
        records.each(|target, mode, stamp| again.restore(target.clone(), mode, stamp));
        assert_eq!(judge(&again, "http://a/", &[], before), Verdict::Doubtful(stamp));
        assert_eq!(place, Target::Some(Doubts::place(hash)));
    }

    fn prefix(text: &str) -> Target {
        Target::Prefix(text.as_bytes().into())
    }

    #[test]
    fn a_flood_of_prefixes_of_one_client_leaves_other_hosts_and_clients_alone() {
        let records = Records::default();
        let before = records.newest();
        for n in 0..2000 {
            let target = prefix(&format!("http://other/none/{n}/"));
            if records.accept(target.clone(), Mode::Hard, Client(1)).is_err() {
                let (doubted, _) = records.doubt(&target);
                assert!(matches!(doubted, Target::Scope(..)), "{doubted:?}");
            }
        }
        assert_eq!(records.len(), CLIENT_OWN_PREFIXES as usize);
        let verdict = |key| judge(&records, key, &[], before);
        assert_eq!(verdict("http://other/none/0/x"), Verdict::Gone);
        assert!(matches!(verdict("http://other/none/1999/x"), Verdict::Doubtful(_)));
        assert_eq!(verdict("http://other/some"), Verdict::Keep);
        assert_eq!(verdict("http://a/"), Verdict::Keep);
        assert_eq!(verdict("http://a/none/1/"), Verdict::Keep);
        records.accept(prefix("http://a/b/"), Mode::Hard, Client(2)).unwrap();
        assert_eq!(judge(&records, "http://a/b/c", &[], before), Verdict::Gone);
        let again = Records::default();
        records.each(|target, mode, stamp| again.restore(target.clone(), mode, stamp));
        for key in ["http://other/none/1999/x", "http://other/some", "http://a/"] {
            let expected = judge(&records, key, &[], before);
            assert_eq!(judge(&again, key, &[], before), expected, "{key} after a restart");
        }
    }

    #[test]
    fn prefixes_share_a_place_where_one_stands_for_the_other() {
        let records = Records::default();
        let before = records.newest();
        for text in ["http://a/b/c/", "http://a/b/d/", "http://a/x/", "http://a/b/"] {
            records.accept(prefix(text), Mode::Hard, Client(1)).unwrap();
        }
        assert_eq!(records.len(), 2, "the wider one and the other");
        assert_eq!(judge(&records, "http://a/b/c/1", &[], before), Verdict::Gone);
        for _ in 0..100 {
            records.accept(prefix("http://a/b/"), Mode::Hard, Client(1)).unwrap();
        }
        // What came after the wider one is not hit when a client changes a part of it again.
        let stored = records.newest();
        records.accept(prefix("http://a/b/c/"), Mode::Hard, Client(2)).unwrap();
        assert_eq!(judge(&records, "http://a/b/e", &[], stored), Verdict::Keep);
        assert_eq!(judge(&records, "http://a/b/c/1", &[], stored), Verdict::Gone);
    }

    #[test]
    fn one_client_does_not_take_the_places_of_others() {
        let records = Records::default();
        let key = |n: u64| Target::Key(u128::from(n));
        let taken = (0..CLIENT_KEY_PURGES as u64)
            .take_while(|&n| records.accept(key(n), Mode::Hard, Client(7)).is_ok())
            .count();
        assert!(taken < CLIENT_KEY_PURGES / 2, "{taken}");
        assert!(records.accept(key(u64::MAX), Mode::Hard, Client(8)).is_ok());
    }
}
