//! Files of this machine: which there are, and their digests.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Failure;

/// Bytes that are read at a time.
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// A file to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Where it is.
    pub path: PathBuf,
    /// What the library is to call it.
    pub name: String,
    /// The folders that it lies in, from the one that was named on, as `photos/2026`; empty for a file
    /// that was named itself.
    pub folder: String,
    /// Its bytes.
    pub length: u64,
}

/// The files of these paths: files as they are, folders with all that is in them, in the order of
/// their names. Symbolic links in folders are left out, so that nothing is sent that lies elsewhere.
///
/// # Errors
/// When one cannot be looked at.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Local>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let about = std::fs::metadata(path).map_err(Failure::of_file(path))?;
        if about.is_dir() {
            // One that has no name of its own, such as `.`, is not kept, only what is in it.
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            walk(path, &name.unwrap_or_default(), &mut files)?;
        } else {
            files.push(local(path, "", about.len()));
        }
    }
    Ok(files)
}

fn walk(folder: &Path, shown: &str, files: &mut Vec<Local>) -> Result<(), Failure> {
    let failed = Failure::of_file(folder);
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(&failed)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(&failed)?.iter().map(|one| one.path()).collect();
    paths.sort();
    for path in paths {
        let about = std::fs::symlink_metadata(&path).map_err(Failure::of_file(&path))?;
        if about.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            walk(&path, &joined(shown, &name), files)?;
        } else if about.is_file() {
            files.push(local(&path, shown, about.len()));
        }
    }
    Ok(())
}

fn local(path: &Path, folder: &str, length: u64) -> Local {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Local { path: path.to_owned(), name, folder: folder.to_owned(), length }
}

impl Local {
    /// What people are told of: its folders and its name.
    #[must_use]
    pub fn shown(&self) -> String {
        joined(&self.folder, &self.name)
    }
}

/// A name in a folder.
pub(super) fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The SHA-256 of a file's first `length` bytes, in hexadecimal; fewer if it has no more.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path, length: u64) -> Result<String, Failure> {
    let failed = Failure::of_file(path);
    let mut file = std::fs::File::open(path).map_err(&failed)?.take(length);
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        let count = file.read(&mut buffer).map_err(&failed)?;
        if count == 0 {
            return Ok(hexadecimal(&hash.finalize()));
        }
        hash.update(buffer.get(..count).unwrap_or_default());
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Does what blocks where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::Line(error.to_string()))?
}
