//! What a backup holds, in words for programs, and the checksums of all of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::BackupError;

pub(super) const FILE: &str = "manifest.json";
pub(super) const CHECKSUMS: &str = "CHECKSUMS";

/// The version of the form of backups.
const FORMAT: u32 = 1;

/// Bytes of a manifest or a list of checksums.
const BYTES: u64 = 64 * 1024;

/// A description of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the form.
    pub format: u32,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// The version of the program that made it.
    pub tombolo: String,
    /// The database in it.
    pub copied: Copied,
}

/// The copy of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "lowercase")]
pub enum Copied {
    /// `database.sqlite`, a file that SQLite opens.
    Sqlite {
        /// Its bytes.
        bytes: u64,
        /// The number in its header; no other copy and no original has it.
        id: u32,
    },
    /// `database.pgdump`, an archive of pg_dump in the custom format.
    Postgres {
        /// Its bytes.
        bytes: u64,
        /// What pg_dump says of its version.
        tool: String,
    },
}

impl Copied {
    /// The engine, as people call it.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// Bytes of the copy.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Sqlite { bytes, .. } | Self::Postgres { bytes, .. } => *bytes,
        }
    }

    fn file(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => super::sqlite::FILE,
            Self::Postgres { .. } => super::postgres::FILE,
        }
    }
}

impl Manifest {
    pub(super) fn new(copied: Copied) -> Self {
        let made = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { format: FORMAT, made, tombolo: env!("CARGO_PKG_VERSION").to_owned(), copied }
    }

    /// Writes it and the checksums, to the disk.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let text = text.map_err(BackupError::io(&path))?;
        write_synced(&path, &format!("{text}\n"))?;
        let mut sums = String::new();
        for name in [self.copied.file(), FILE] {
            sums += &format!("{}  {name}\n", checksum(&folder.join(name))?);
        }
        write_synced(&folder.join(CHECKSUMS), &sums)
    }

    /// Reads a backup whole and compares it with its checksums.
    ///
    /// # Errors
    /// When it is none, made by a newer program, or damaged.
    pub fn verify(folder: &Path) -> Result<Self, BackupError> {
        let sums = read_small(&folder.join(CHECKSUMS))?;
        let text = read_small(&folder.join(FILE))?;
        let damaged = |name: &str| {
            BackupError::refused(format!(
                "{} does not hold what was written into it; use another backup",
                folder.join(name).display()
            ))
        };
        let sums = read_checksums(&sums).ok_or_else(|| damaged(CHECKSUMS))?;
        let is_whole = |name: &str| {
            let sum = checksum(&folder.join(name))?;
            if sums.get(name) == Some(&sum.as_str()) { Ok(()) } else { Err(damaged(name)) }
        };
        is_whole(FILE)?;
        let format = serde_json::from_str::<Format>(&text).map_err(|_| damaged(FILE))?.format;
        if format != FORMAT {
            return Err(BackupError::refused(format!(
                "{} is a backup of form {format}, and this program knows form {FORMAT}; restore it \
                 with the program that made it, or a newer one",
                folder.display()
            )));
        }
        let manifest: Self = serde_json::from_str(&text).map_err(|_| damaged(FILE))?;
        is_whole(manifest.copied.file())?;
        Ok(manifest)
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Lines of a checksum, two spaces and a name, as b3sum writes them.
fn read_checksums(text: &str) -> Option<BTreeMap<&str, &str>> {
    text.lines().map(|line| line.split_once("  ").map(|(sum, name)| (name, sum))).collect()
}

/// The BLAKE3 of a file, in hexadecimal.
fn checksum(path: &Path) -> Result<String, BackupError> {
    let mut hasher = blake3::Hasher::new();
    let hashed = File::open(path).and_then(|file| hasher.update_reader(file).map(drop));
    hashed.map_err(BackupError::io(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn write_synced(path: &Path, text: &str) -> Result<(), BackupError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(BackupError::io(path))
}

fn read_small(path: &Path) -> Result<String, BackupError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            let what = match fs::exists(folder) {
                Ok(true) => "is no backup: there is none of the files it must have",
                _ => "is not there",
            };
            Err(BackupError::refused(format!(
                "{} {what}; name the folder that `tombolo backup` made",
                folder.display()
            )))
        }
        Err(error) => Err(BackupError::io(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(folder: &Path) -> Manifest {
        fs::write(folder.join(super::super::sqlite::FILE), "rows").unwrap();
        let manifest = Manifest::new(Copied::Sqlite { bytes: 4, id: 7 });
        manifest.write(folder).unwrap();
        manifest
    }

    #[test]
    fn what_was_written_is_verified() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = made(folder.path());
        assert_eq!(Manifest::verify(folder.path()).unwrap(), manifest);
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        for name in [super::super::sqlite::FILE, FILE, CHECKSUMS] {
            let folder = tempfile::tempdir().unwrap();
            made(folder.path());
            let path = folder.path().join(name);
            let mut bytes = fs::read(&path).unwrap();
            bytes[1] ^= 1;
            fs::write(&path, bytes).unwrap();
            let words = Manifest::verify(folder.path()).unwrap_err().to_string();
            assert!(words.contains("another backup"), "{name}: {words}");
        }
    }

    #[test]
    fn a_folder_that_is_no_backup_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let words = Manifest::verify(folder.path()).unwrap_err().to_string();
        assert!(words.contains("is no backup"), "{words}");
        let words = Manifest::verify(&folder.path().join("x")).unwrap_err().to_string();
        assert!(words.contains("is not there"), "{words}");
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text: String) {
            let _ = read_checksums(&text);
            let _ = serde_json::from_str::<Manifest>(&text);
        }
    }
}
