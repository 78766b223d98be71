//! A folder of files as an origin: finds the file for a path, its index, its precompressed
//! siblings. Blocks; runs on the blocking pool.

use std::io;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::accept_encoding::{self, Choice, Coding};
use crate::content_hash::{self, HashCache};
use crate::entity_tag::EntityTag;
use crate::limits;
use crate::media_type;
use crate::refusal::Refusal;
use crate::representation::{Content, Representation};
use crate::request_path::RequestPath;
use crate::root::{OpenRoot, Root};
use crate::stored_file::{Found, StoredFile};

/// The file served for a folder.
const INDEX: &[u8] = b"index.html";

/// A folder whose files are served.
#[derive(Debug)]
pub(crate) struct Folder {
    root: Root,
    hashes: HashCache,
}

/// What stands at a path.
#[derive(Debug)]
pub(crate) enum Located {
    Here(Box<Representation>),
    /// A folder with an index was asked for without its closing slash.
    AddSlash,
}

impl Folder {
    /// Serves the files below `root`.
    pub(crate) fn new(root: Root) -> Self {
        Self { root, hashes: HashCache::default() }
    }

    /// Finds the representation for a path. `accept_encoding` is the field's value.
    pub(crate) fn locate(
        &self,
        path: &RequestPath,
        accept_encoding: Option<&[u8]>,
        now: SystemTime,
    ) -> Result<Located, Refusal> {
        let root = self.root.open().map_err(|error| {
            tracing::warn!(root = %self.root.path().display(), %error, "cannot open the root folder");
            Refusal::Internal
        })?;
        let mut name = path.name().to_vec();
        if path.is_folder() {
            name = index_of(&name);
        }
        match open(&root, &name)? {
            Some(Found::File(file)) => {
                let chosen = self.select(&root, &name, file, accept_encoding, now)?;
                Ok(Located::Here(Box::new(chosen)))
            }
            Some(Found::Folder) if !path.is_folder() => {
                match open(&root, &index_of(&name))? {
                    Some(Found::File(_)) => Ok(Located::AddSlash),
                    // Without an index there is nothing to see, and no reason to tell of a folder.
                    _ => Err(Refusal::NotFound),
                }
            }
            _ => Err(Refusal::NotFound),
        }
    }

    /// Chooses between a file and its precompressed siblings and completes the representation.
    fn select(
        &self,
        root: &OpenRoot,
        name: &[u8],
        original: StoredFile,
        accept_encoding: Option<&[u8]>,
        now: SystemTime,
    ) -> Result<Representation, Refusal> {
        let siblings = siblings(root, name, &original)?;
        let available: Vec<Coding> = siblings.iter().map(|(coding, _)| *coding).collect();
        let choice = accept_encoding::choose(accept_encoding, &available);
        let (coding, file) = match choice {
            Choice::Identity => (None, original),
            Choice::NotAcceptable => return Err(Refusal::NotAcceptable),
            Choice::Coded(coding) => siblings
                .into_iter()
                .find(|(sibling, _)| *sibling == coding)
                .map_or((None, original), |(coding, file)| (Some(coding), file)),
        };
        let vary = (!available.is_empty()).then_some("Accept-Encoding");
        self.complete(file, coding, now)
            .map(|(content, etag, last_modified)| Representation {
                content,
                etag,
                last_modified,
                media_type: media_type::of(name),
                coding,
                language: None,
                vary,
                cache_control: None,
                security_policy: None,
            })
            .map_err(|error| {
                let file = String::from_utf8_lossy(name);
                tracing::warn!(%file, %error, "cannot read a file");
                Refusal::Internal
            })
    }

    /// Reads a small file whole, and derives the validators. A small file's tag is that of the
    /// very bytes sent.
    fn complete(
        &self,
        mut file: StoredFile,
        coding: Option<Coding>,
        now: SystemTime,
    ) -> io::Result<(Content, EntityTag, Option<SystemTime>)> {
        let suffix = coding.map_or(String::new(), |coding| format!("-{}", coding.name()));
        let (content, etag) = match read_small(&mut file)? {
            Some(bytes) => {
                let etag = content_hash::tag_of_bytes(&bytes, &suffix);
                (Content::Memory(bytes), etag)
            }
            None => {
                let etag = self.hashes.tag_of_file(&mut file, &suffix, now)?;
                (Content::File(file.clone()), etag)
            }
        };
        Ok((content, etag, whole_seconds(file.stamp().modified().min(now))))
    }
}

/// Reads a file whole, unless it is larger than one chunk.
fn read_small(file: &mut StoredFile) -> io::Result<Option<Bytes>> {
    let (bytes, _) = file.read_steadily(|file| match file.stamp().size {
        size @ ..=limits::CHUNK_BYTES => file.read(0, usize::try_from(size).unwrap_or(0)).map(Some),
        _ => Ok(None),
    })?;
    Ok(bytes)
}

/// The name of the index in the folder `name`.
fn index_of(name: &[u8]) -> Vec<u8> {
    if name.is_empty() { INDEX.to_vec() } else { [name, INDEX].join(&b'/') }
}

/// Opens and examines a name.
fn open(root: &OpenRoot, name: &[u8]) -> Result<Option<Found>, Refusal> {
    let examined = root.open(name).and_then(|file| file.map(StoredFile::examine).transpose());
    examined.map_err(|error| {
        let file = String::from_utf8_lossy(name);
        tracing::warn!(%file, %error, "cannot open a file");
        match error.kind() {
            io::ErrorKind::PermissionDenied => Refusal::Forbidden,
            _ => Refusal::Internal,
        }
    })
}

/// The precompressed files beside the original. One that is older than the original is left out:
/// it was made from what stood there before.
fn siblings(
    root: &OpenRoot,
    name: &[u8],
    original: &StoredFile,
) -> Result<Vec<(Coding, StoredFile)>, Refusal> {
    let mut found = Vec::new();
    for coding in Coding::ALL {
        let sibling = [name, coding.extension().as_bytes()].concat();
        if let Some(Found::File(file)) = open(root, &sibling)? {
            let modified = |file: &StoredFile| whole_seconds(file.stamp().modified());
            if modified(&file) >= modified(original) {
                found.push((coding, file));
            }
        }
    }
    Ok(found)
}

/// Compressors and archives often keep a time only to the second, and so does HTTP.
fn whole_seconds(time: SystemTime) -> Option<SystemTime> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs()))
}
