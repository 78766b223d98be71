//! Which parts of a download are there: a note beside the partial file, so that another run goes on.
//!
//! A part is noted once its bytes were written. Neither is synced: what a crash of the machine takes
//! is found when the digest of the whole is compared, and then all of it is fetched again.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Failure;

/// Bytes of a part.
pub(super) const PART_BYTES: u64 = 8 * 1024 * 1024;

/// The parts of a file that are there.
#[derive(Debug)]
pub(super) struct Parts {
    note: std::fs::File,
    path: PathBuf,
    there: BTreeSet<u64>,
    length: u64,
}

impl Parts {
    /// Those that a note tells of this content; none if there is no note, or one of another content.
    pub(super) fn open(path: &Path, digest: &str, length: u64) -> Result<Self, Failure> {
        let failed = Failure::of_file(path);
        let head = format!("{digest} {length}");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.split_inclusive('\n');
        let is_same = lines.next().is_some_and(|line| line.trim_end() == head);
        let there: BTreeSet<u64> = match is_same {
            // A line that was cut by a crash does not count.
            true => lines.filter_map(|line| line.strip_suffix('\n')?.parse().ok()).collect(),
            false => BTreeSet::new(),
        };
        let there: BTreeSet<u64> = there.into_iter().filter(|part| *part < count(length)).collect();
        let mut note = std::fs::File::create(path).map_err(&failed)?;
        let lines: String = there.iter().map(|part| format!("{part}\n")).collect();
        note.write_all(format!("{head}\n{lines}").as_bytes()).map_err(&failed)?;
        Ok(Self { note, path: path.to_owned(), there, length })
    }

    /// The parts that are missing: number, first byte, bytes.
    pub(super) fn missing(&self) -> Vec<(u64, u64, u64)> {
        let missing = (0..count(self.length)).filter(|part| !self.there.contains(part));
        missing
            .map(|part| {
                let first = part.saturating_mul(PART_BYTES);
                (part, first, self.length.saturating_sub(first).min(PART_BYTES))
            })
            .collect()
    }

    /// Bytes that are there.
    pub(super) fn bytes(&self) -> u64 {
        let missing: u64 = self.missing().iter().map(|(_, _, bytes)| bytes).sum();
        self.length.saturating_sub(missing)
    }

    /// Notes that a part is there.
    pub(super) fn note(&mut self, part: u64) -> Result<(), Failure> {
        let noted = self.note.write_all(format!("{part}\n").as_bytes());
        noted.map_err(Failure::of_file(&self.path))?;
        self.there.insert(part);
        Ok(())
    }
}

fn count(length: u64) -> u64 {
    length.div_ceil(PART_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_again_and_only_for_the_same_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        let length = PART_BYTES * 2 + 5;
        let mut parts = Parts::open(&path, "abc", length).unwrap();
        assert_eq!((parts.missing().len(), parts.bytes()), (3, 0));
        parts.note(2).unwrap();
        parts.note(0).unwrap();
        // What a crash left of a line.
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"1").unwrap();
        let again = Parts::open(&path, "abc", length).unwrap();
        assert_eq!(again.missing(), [(1, PART_BYTES, PART_BYTES)]);
        assert_eq!(again.bytes(), PART_BYTES + 5);
        assert_eq!(Parts::open(&path, "other", length).unwrap().bytes(), 0);
        std::fs::write(&path, b"abc 5\n99\n\xff\n").unwrap();
        assert_eq!(Parts::open(&path, "abc", 5).unwrap().bytes(), 0);
        assert!(Parts::open(&path, "abc", 0).unwrap().missing().is_empty());
    }
}
