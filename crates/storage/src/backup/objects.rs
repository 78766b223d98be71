//! The files that a database names, copied into a backup while they are used.
//!
//! The database is copied first. A file is there before its row is, and its bytes never change; it
//! is removed some time after its row. So whatever the copy of the database names is there, unless
//! it was removed since: then a newer copy of the database does not name it any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tombolo_files::{Access, Folder};

use super::error::BackupError;
use super::inventory::Stored;

/// Their folder in a backup.
pub(super) const FOLDER: &str = "objects";

/// Bytes that are read at once.
const PIECE: usize = 1024 * 1024;

/// A copy under way.
pub(super) struct Copying {
    source: Source,
    /// The folder of the backup.
    draft: PathBuf,
    done: BTreeMap<String, Done>,
    damaged: BTreeSet<String>,
}

/// Where files are copied from.
enum Source {
    Folder(Folder),
    /// There is no such folder. That is no fault while no file is named.
    Missing(PathBuf),
}

/// A file that was copied.
struct Done {
    bytes: u64,
    blake3: String,
}

/// What was copied: for each file its name in the backup and its BLAKE3.
pub(super) struct Files {
    pub(super) sums: Vec<(String, String)>,
    pub(super) bytes: u64,
    /// How many of them are missing, or differ from their digest.
    pub(super) damaged: u64,
}

/// What became of a file.
enum Copied {
    Whole(Done),
    Damaged(Done),
    Missing,
}

impl Copying {
    /// From a folder of objects, which is left as it is.
    pub(super) fn new(folder: &Path, draft: &Path) -> Result<Self, BackupError> {
        // The operator may have it on another disk, behind a link.
        let opened = folder.canonicalize().and_then(|real| {
            let (parent, name) = Folder::of(&real)?;
            parent.below(name)
        });
        let source = match opened {
            Ok(source) => Source::Folder(source),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Source::Missing(folder.to_owned())
            }
            Err(error) => return Err(BackupError::io(folder)(error)),
        };
        let (done, damaged) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { source, draft: draft.to_owned(), done, damaged })
    }

    /// Copies those of `all` that are not copied yet, and forgets what is not among them; tells how
    /// many are not there.
    pub(super) fn copy(&mut self, all: &[Stored]) -> Result<usize, BackupError> {
        let source = match &self.source {
            Source::Folder(source) => source,
            Source::Missing(_) if all.is_empty() => return Ok(0),
            Source::Missing(path) => {
                return Err(BackupError::refused(format!(
                    "the database names {} files, and the folder of the objects, {}, is not there; \
                     name it with --objects",
                    all.len(),
                    path.display()
                )));
            }
        };
        let place = self.draft.join(FOLDER);
        let target = Folder::make(&place).map_err(BackupError::io(&place))?;
        let mut missing = 0;
        let mut wanted = BTreeSet::new();
        for stored in all {
            wanted.insert(stored.path.clone());
            if self.done.get(&stored.path).is_some_and(|done| done.bytes == stored.bytes) {
                continue;
            }
            self.damaged.remove(&stored.path);
            let copied = copy_one(source, &target, &place, stored)?;
            let (done, is_damaged) = match copied {
                Copied::Whole(done) => (Some(done), false),
                Copied::Damaged(done) => (Some(done), true),
                Copied::Missing => (None, true),
            };
            missing += usize::from(done.is_none());
            if is_damaged {
                self.damaged.insert(stored.path.clone());
            }
            match done {
                Some(done) => drop(self.done.insert(stored.path.clone(), done)),
                None => drop(self.done.remove(&stored.path)),
            }
        }
        self.damaged.retain(|path| wanted.contains(path));
        let gone: Vec<String> =
            self.done.keys().filter(|path| !wanted.contains(*path)).cloned().collect();
        for path in gone {
            target.remove(&path).map_err(BackupError::io(&place.join(&path)))?;
            self.done.remove(&path);
        }
        Ok(missing)
    }

    /// What was copied. Files that are damaged are told one by one.
    pub(super) fn finish(self) -> Files {
        for path in &self.damaged {
            tracing::warn!(
                file = path,
                "a file that the database names is missing or differs from its digest"
            );
        }
        let bytes = self.done.values().map(|done| done.bytes).fold(0, u64::saturating_add);
        let damaged = u64::try_from(self.damaged.len()).unwrap_or(u64::MAX);
        let sums = self.done.into_iter();
        let sums = sums.map(|(path, done)| (format!("{FOLDER}/{path}"), done.blake3)).collect();
        Files { sums, bytes, damaged }
    }
}

/// Copies a file. One that cannot be read is as good as missing; what cannot be written ends it all.
fn copy_one(
    source: &Folder,
    target: &Folder,
    place: &Path,
    stored: &Stored,
) -> Result<Copied, BackupError> {
    let Some(mut from) = find(source, stored) else { return Ok(Copied::Missing) };
    let path = place.join(&stored.path);
    let failed = BackupError::io(&path);
    if let Some(parent) = Path::new(&stored.path).parent() {
        target.make_all(parent).map_err(&failed)?;
    }
    // An earlier round may have copied less of it.
    match target.remove(&stored.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut to = target.file(&stored.path, Access::New).map_err(&failed)?;
    let (mut blake3, mut sha256) = (blake3::Hasher::new(), Sha256::new());
    let (mut buffer, mut left) = (vec![0; PIECE], stored.bytes);
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let (piece, _) = buffer.split_at_mut(most);
        let Ok(count) = from.read(piece) else { break };
        let (piece, _) = piece.split_at(count);
        if piece.is_empty() {
            break;
        }
        to.write_all(piece).map_err(&failed)?;
        blake3.update(piece);
        sha256.update(piece);
        left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    }
    if left > 0 {
        target.remove(&stored.path).map_err(&failed)?;
        return Ok(Copied::Missing);
    }
    let done = Done { bytes: stored.bytes, blake3: blake3.finalize().to_hex().to_string() };
    let found: [u8; 32] = sha256.finalize().into();
    let is_whole = stored.sha256.is_none_or(|expected| expected == found);
    Ok(if is_whole { Copied::Whole(done) } else { Copied::Damaged(done) })
}

/// The file, under either of its names, if it is as long as it has to be.
fn find(source: &Folder, stored: &Stored) -> Option<File> {
    let names = std::iter::once(&stored.path).chain(&stored.moved_to);
    // Once more: it may be moved back while this looks.
    let names: Vec<&String> = names.collect();
    names.iter().chain(&names).find_map(|name| {
        let file = source.file(name.as_str(), Access::Read).ok()?;
        let length = file.metadata().ok()?.len();
        (length >= stored.bytes).then_some(file)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn stored(path: &str, bytes: &[u8]) -> Stored {
        Stored {
            path: path.to_owned(),
            moved_to: None,
            bytes: bytes.len() as u64,
            sha256: Some(Sha256::digest(bytes).into()),
        }
    }

    fn folders() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let (source, draft) = (home.path().join("source"), home.path().join("draft"));
        fs::create_dir_all(source.join("objects")).unwrap();
        fs::create_dir_all(source.join("incoming")).unwrap();
        fs::create_dir(&draft).unwrap();
        (home, source, draft)
    }

    #[test]
    fn what_is_named_is_copied_and_nothing_else() {
        let (_home, source, draft) = folders();
        fs::write(source.join("objects/a"), "whole").unwrap();
        fs::write(source.join("objects/other"), "of nobody").unwrap();
        fs::write(source.join("incoming/u"), "committed, and garbage").unwrap();
        let half = Stored { sha256: None, ..stored("incoming/u", b"committed") };
        let mut copying = Copying::new(&source, &draft).unwrap();
        assert_eq!(copying.copy(&[stored("objects/a", b"whole"), half]).unwrap(), 0);
        let files = copying.finish();
        assert_eq!((files.sums.len(), files.bytes, files.damaged), (2, 14, 0));
        assert_eq!(fs::read(draft.join("objects/incoming/u")).unwrap(), b"committed");
        assert!(!draft.join("objects/objects/other").exists());
    }

    #[test]
    fn what_moves_is_found_and_what_goes_is_forgotten() {
        let (_home, source, draft) = folders();
        fs::write(source.join("objects/c"), "committed and more").unwrap();
        let moved = Stored {
            moved_to: Some("objects/c".to_owned()),
            sha256: None,
            ..stored("incoming/u", b"committed")
        };
        let gone = stored("objects/gone", b"gone");
        let mut copying = Copying::new(&source, &draft).unwrap();
        assert_eq!(copying.copy(&[moved.clone(), gone]).unwrap(), 1);
        // Newer rows: the upload is further on, and the other is named no more.
        let further = Stored { bytes: 13, ..moved };
        assert_eq!(copying.copy(&[further]).unwrap(), 0);
        let files = copying.finish();
        assert_eq!((files.sums.len(), files.bytes, files.damaged), (1, 13, 0));
        assert_eq!(fs::read(draft.join("objects/incoming/u")).unwrap(), b"committed and");
    }

    #[test]
    fn damage_is_counted_and_the_rest_is_copied() {
        let (_home, source, draft) = folders();
        fs::write(source.join("objects/rotten"), "rotten").unwrap();
        fs::write(source.join("objects/short"), "sho").unwrap();
        fs::write(source.join("objects/whole"), "whole").unwrap();
        let all = [
            stored("objects/rotten", b"before"),
            stored("objects/short", b"short"),
            stored("objects/whole", b"whole"),
        ];
        let mut copying = Copying::new(&source, &draft).unwrap();
        assert_eq!(copying.copy(&all).unwrap(), 1);
        let files = copying.finish();
        // What is there of it is kept.
        assert_eq!((files.sums.len(), files.damaged), (2, 2));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_when_it_is_needed() {
        let (home, _, draft) = folders();
        let missing = home.path().join("nowhere");
        let mut copying = Copying::new(&missing, &draft).unwrap();
        assert_eq!(copying.copy(&[]).unwrap(), 0);
        let words = copying.copy(&[stored("objects/a", b"a")]).unwrap_err().to_string();
        assert!(words.contains("nowhere") && words.contains("--objects"), "{words}");
    }
}
