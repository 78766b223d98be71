//! What a backup holds, in words for programs, and the checksums of all of it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::BackupError;

pub(super) const FILE: &str = "manifest.json";
pub(super) const CHECKSUMS: &str = "CHECKSUMS";

/// The version of the form of backups: of one without files, which older programs know, and with.
const FORMAT: u32 = 1;
const FORMAT_WITH_OBJECTS: u32 = 2;

/// Bytes of a manifest.
const BYTES: u64 = 64 * 1024;

/// Bytes of a line of checksums.
const LINE_BYTES: u64 = 4096;

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
    /// The files that the database names; None when it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<CopiedObjects>,
}

/// Files that a service keeps among the objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "where", rename_all = "lowercase")]
pub enum CopiedObjects {
    /// In the folder `objects` of the backup.
    Here {
        /// How many.
        files: u64,
        /// Their bytes.
        bytes: u64,
        /// How many were missing or damaged already when the backup was made.
        damaged: u64,
    },
    /// They stayed in an object store, which has means of its own for copies.
    Elsewhere {
        /// Its address.
        address: String,
        /// How many.
        files: u64,
    },
}

/// A file of a backup and its BLAKE3 in hexadecimal.
pub(super) type Sum = (String, String);

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
    pub(super) fn new(copied: Copied, objects: Option<CopiedObjects>) -> Self {
        let made = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let format = if objects.is_some() { FORMAT_WITH_OBJECTS } else { FORMAT };
        Self { format, made, tombolo: env!("CARGO_PKG_VERSION").to_owned(), copied, objects }
    }

    /// Writes it and the checksums, to the disk; `files` are those of the objects.
    pub(super) fn write(&self, folder: &Path, files: &[Sum]) -> Result<(), BackupError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let text = text.map_err(BackupError::io(&path))?;
        write_synced(&path, |out| writeln!(out, "{text}"))?;
        let mut sums = Vec::new();
        for name in [self.copied.file(), FILE] {
            sums.push((name.to_owned(), checksum(&folder.join(name))?));
        }
        write_synced(&folder.join(CHECKSUMS), |out| {
            let all = sums.iter().chain(files);
            all.into_iter().try_for_each(|(name, sum)| writeln!(out, "{sum}  {name}"))
        })
    }

    /// Reads a backup whole and compares it with its checksums.
    ///
    /// # Errors
    /// When it is none, made by a newer program, or damaged.
    pub fn verify(folder: &Path) -> Result<Self, BackupError> {
        Self::verified(folder).map(|(manifest, _)| manifest)
    }

    /// As [`Manifest::verify`]; gives the files of the objects too.
    pub(super) fn verified(folder: &Path) -> Result<(Self, Vec<Sum>), BackupError> {
        let sums = open(&folder.join(CHECKSUMS))?;
        let mut text = String::new();
        let path = folder.join(FILE);
        let read = open(&path)?.take(BYTES).read_to_string(&mut text);
        read.map_err(BackupError::io(&path))?;
        let damaged = |name: &str| damaged(folder, name);
        let sums = read_checksums(sums).ok_or_else(|| damaged(CHECKSUMS))?;
        let is_whole = |name: &str| match sums.iter().find(|(other, _)| other == name) {
            Some((_, sum)) if *sum == checksum(&folder.join(name))? => Ok(()),
            _ => Err(damaged(name)),
        };
        is_whole(FILE)?;
        let format = serde_json::from_str::<Format>(&text).map_err(|_| damaged(FILE))?.format;
        if ![FORMAT, FORMAT_WITH_OBJECTS].contains(&format) {
            return Err(BackupError::refused(format!(
                "{} is a backup of form {format}, and this program knows forms {FORMAT} and \
                 {FORMAT_WITH_OBJECTS}; restore it with the program that made it, or a newer one",
                folder.display()
            )));
        }
        let manifest: Self = serde_json::from_str(&text).map_err(|_| damaged(FILE))?;
        is_whole(manifest.copied.file())?;
        let own = [FILE, manifest.copied.file()];
        let files: Vec<Sum> =
            sums.into_iter().filter(|(name, _)| !own.contains(&name.as_str())).collect();
        let count = match &manifest.objects {
            Some(CopiedObjects::Here { files, .. }) => *files,
            _ => 0,
        };
        // A line that is missing would be a file that is not looked at.
        if u64::try_from(files.len()) != Ok(count) {
            return Err(damaged(CHECKSUMS));
        }
        for (name, sum) in &files {
            if *sum != checksum(&folder.join(name))? {
                return Err(damaged(name));
            }
        }
        Ok((manifest, files))
    }
}

fn damaged(folder: &Path, name: &str) -> BackupError {
    BackupError::refused(format!(
        "{} does not hold what was written into it; use another backup",
        folder.join(name).display()
    ))
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Lines of a checksum, two spaces and a name, as b3sum writes them. A name leads nowhere else.
fn read_checksums(mut from: impl BufRead) -> Option<Vec<Sum>> {
    let mut sums = Vec::new();
    loop {
        let mut line = String::new();
        if from.by_ref().take(LINE_BYTES).read_line(&mut line).ok()? == 0 {
            return Some(sums);
        }
        let (sum, name) = line.strip_suffix('\n')?.split_once("  ")?;
        let is_plain = |part| matches!(part, Component::Normal(_));
        if name.is_empty() || !Path::new(name).components().all(is_plain) {
            return None;
        }
        sums.push((name.to_owned(), sum.to_owned()));
    }
}

/// The BLAKE3 of a file, in hexadecimal, as it is on the disk.
fn checksum(path: &Path) -> Result<String, BackupError> {
    let mut hasher = blake3::Hasher::new();
    let hashed = File::open(path).and_then(|file| {
        // What was just written would be read from memory. A system that cannot forget it reads
        // that.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        hasher.update_reader(file).map(drop)
    });
    hashed.map_err(BackupError::io(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn write_synced(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), BackupError> {
    let written = || {
        let mut out = BufWriter::new(File::create_new(path)?);
        write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()
    };
    written().map_err(BackupError::io(path))
}

fn open(path: &Path) -> Result<BufReader<File>, BackupError> {
    match File::open(path) {
        Ok(file) => Ok(BufReader::new(file)),
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
        let manifest = Manifest::new(Copied::Sqlite { bytes: 4, id: 7 }, None);
        manifest.write(folder, &[]).unwrap();
        manifest
    }

    /// The same with a file of the objects.
    fn made_with_object(folder: &Path) -> Manifest {
        fs::write(folder.join(super::super::sqlite::FILE), "rows").unwrap();
        fs::create_dir(folder.join("objects")).unwrap();
        fs::write(folder.join("objects/a"), "bytes").unwrap();
        let objects = CopiedObjects::Here { files: 1, bytes: 5, damaged: 0 };
        let manifest = Manifest::new(Copied::Sqlite { bytes: 4, id: 7 }, Some(objects));
        let sum = ("objects/a".to_owned(), checksum(&folder.join("objects/a")).unwrap());
        manifest.write(folder, &[sum]).unwrap();
        manifest
    }

    #[test]
    fn files_of_the_objects_are_verified_too() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = made_with_object(folder.path());
        assert_eq!(Manifest::verify(folder.path()).unwrap(), manifest);
        fs::write(folder.path().join("objects/a"), "bytez").unwrap();
        let words = Manifest::verify(folder.path()).unwrap_err().to_string();
        assert!(words.contains("objects/a"), "{words}");
    }

    #[test]
    fn a_line_that_is_missing_or_leads_elsewhere_is_damage() {
        for change in [
            |sums: &str| sums.lines().take(2).map(|line| format!("{line}\n")).collect::<String>(),
            |sums: &str| sums.replace("objects/a", "../a"),
            |sums: &str| sums.replace("objects/a", "/etc/passwd"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            made_with_object(folder.path());
            let path = folder.path().join(CHECKSUMS);
            let sums = fs::read_to_string(&path).unwrap();
            fs::write(&path, change(&sums)).unwrap();
            let words = Manifest::verify(folder.path()).unwrap_err().to_string();
            assert!(words.contains("CHECKSUMS"), "{words}");
        }
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
            let _ = read_checksums(text.as_bytes());
            let _ = serde_json::from_str::<Manifest>(&text);
        }
    }
}
