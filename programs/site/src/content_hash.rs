//! Strong entity tags from content, so that every replica says the same of the same file, and
//! never the same of two.
//!
//! Hashes of larger files are remembered by the file's stamp. A stamp only counts once it is old
//! enough for any later change to show in it; until then the file is hashed each time.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::entity_tag::EntityTag;
use crate::limits;
use crate::stored_file::{Stamp, StoredFile};

/// The hashes of files that were served, bounded by [`limits::HASHES_KEPT`].
#[derive(Debug, Default)]
pub(crate) struct HashCache {
    known: Mutex<HashMap<(u64, u64), (Stamp, String)>>,
}

/// The tag of bytes in memory. `suffix` keeps a coded representation's tag apart from the
/// original's, even if both were the same bytes.
pub(crate) fn tag_of_bytes(bytes: &[u8], suffix: &str) -> EntityTag {
    EntityTag::strong(shortened(&blake3::hash(bytes)) + suffix)
}

/// The first 128 bits, in hexadecimal: no two files will share them by chance.
fn shortened(hash: &blake3::Hash) -> String {
    let mut text = hash.to_hex().to_string();
    text.truncate(32);
    text
}

/// Size and time: cheap, and as precise as the file system's clock.
fn of_stamp(stamp: &Stamp, suffix: &str) -> String {
    format!("{:x}-{:x}{suffix}", stamp.size, stamp.modified_nanos)
}

impl HashCache {
    /// The tag of a file; reads it if it is not known. Blocks. Beyond [`limits::HASHED_BYTES`]
    /// the tag is made of size and time of change, and is weak while that time is recent. It is
    /// weak, too, for a file that keeps changing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn tag_of_file(
        &self,
        file: &mut StoredFile,
        suffix: &str,
        now: SystemTime,
    ) -> io::Result<EntityTag> {
        let stamp = *file.stamp();
        if stamp.size > limits::HASHED_BYTES {
            let opaque = of_stamp(&stamp, suffix);
            let settled = stamp.is_settled(now);
            return Ok(if settled { EntityTag::strong(opaque) } else { EntityTag::weak(opaque) });
        }
        if let Some(hash) = self.remembered(&stamp) {
            return Ok(EntityTag::strong(hash + suffix));
        }
        let (hash, steady) = file.read_steadily(hash_content)?;
        if !steady {
            return Ok(EntityTag::weak(of_stamp(file.stamp(), suffix)));
        }
        let hash = shortened(&hash);
        if file.stamp().is_settled(now) {
            self.remember(*file.stamp(), hash.clone());
        }
        Ok(EntityTag::strong(hash + suffix))
    }

    fn remembered(&self, stamp: &Stamp) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, hash) = known.get(&(stamp.device, stamp.inode))?;
        (at == stamp).then(|| hash.clone())
    }

    fn remember(&self, stamp: Stamp, hash: String) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= limits::HASHES_KEPT {
            // Any one will do: forgetting costs a read, no more.
            if let Some(key) = known.keys().next().copied() {
                known.remove(&key);
            }
        }
        known.insert((stamp.device, stamp.inode), (stamp, hash));
    }
}

fn hash_content(file: &StoredFile) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let size = file.stamp().size;
    let mut offset = 0;
    while offset < size {
        let length = (size - offset).min(limits::CHUNK_BYTES);
        hasher.update(&file.read(offset, usize::try_from(length).unwrap_or(0))?);
        offset += length;
    }
    Ok(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored_file::Found;
    use std::fs::File;
    use std::path::Path;
    use std::time::Duration;

    fn tag(cache: &HashCache, path: &Path, now: SystemTime) -> EntityTag {
        let Found::File(mut file) = StoredFile::examine(File::open(path).unwrap()).unwrap() else {
            panic!("not a file");
        };
        cache.tag_of_file(&mut file, "", now).unwrap()
    }

    #[test]
    fn equal_content_gives_equal_tags_whatever_the_times() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let content = vec![7; 200_000];
        std::fs::write(&one, &content).unwrap();
        std::fs::write(&two, &content).unwrap();
        File::options()
            .write(true)
            .open(&two)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        let now = SystemTime::now() + Duration::from_secs(60);
        let (first, second) = (HashCache::default(), HashCache::default());
        assert_eq!(tag(&first, &one, now), tag(&second, &two, now));
        assert_eq!(tag(&first, &one, now), tag_of_bytes(&content, ""));
        assert_ne!(tag_of_bytes(&content, ""), tag_of_bytes(&content, "-br"));
    }

    #[test]
    fn a_recent_change_within_one_clock_tick_changes_the_tag() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = HashCache::default();
        let times = std::fs::FileTimes::new().set_modified(SystemTime::now());
        let mut before = None;
        for content in ["aaaa", "bbbb", "cccc"] {
            std::fs::write(file.path(), content).unwrap();
            file.as_file().set_times(times).unwrap();
            let tag = tag(&cache, file.path(), SystemTime::now());
            assert_ne!(Some(&tag), before.as_ref());
            before = Some(tag);
        }
        assert!(cache.known.lock().unwrap().is_empty(), "an unsettled stamp was trusted");
    }

    #[test]
    fn a_settled_file_is_hashed_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = HashCache::default();
        let later = SystemTime::now() + Duration::from_secs(60);
        let first = tag(&cache, file.path(), later);
        assert_eq!(cache.known.lock().unwrap().len(), 1);
        assert_eq!(tag(&cache, file.path(), later), first);
    }

    #[test]
    fn a_huge_file_is_tagged_by_size_and_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(limits::HASHED_BYTES + 1).unwrap();
        let cache = HashCache::default();
        let now = SystemTime::now();
        let fresh = tag(&cache, file.path(), now).field_value();
        assert!(fresh.starts_with("W/\""), "{fresh}");
        let settled = tag(&cache, file.path(), now + Duration::from_secs(60)).field_value();
        assert_eq!(format!("W/{settled}"), fresh);
    }
}
