//! The order in which files become durable. Pure of threads and time: what is done here is done by
//! whoever calls.
//!
//! ```text
//! incoming/<upload>         bytes come in, at their positions; fdatasync before each offset is told
//! objects/ab/cd/<content>   the same file, renamed once all bytes are there
//! ```
//! A name counts as durable only after an fsync of its folder, and a folder only after one of the
//! folder above it. Another process may have made a folder without having come to that, so each
//! process does it once itself.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::disk::Disk;
use crate::content::{ContentError, Place};
use crate::ids::{ContentId, UploadId};

/// Where bytes come in.
const INCOMING: &str = "incoming";
/// Where they are once they are complete.
const OBJECTS: &str = "objects";

/// The files of a library's content.
#[derive(Debug)]
pub(crate) struct Files<D> {
    disk: D,
    /// Folders that this process knows to be durable.
    durable: Mutex<HashSet<String>>,
}

/// An upload's file, open and locked.
#[derive(Debug)]
pub(crate) struct Incoming<D: Disk> {
    file: D::File,
    /// It has its final name: a completion was cut after the rename, or the upload is complete.
    is_renamed: bool,
    /// Whether its name is durable.
    is_named: AtomicBool,
    /// An fsync failed: what the file holds is not known any more, and the next fsync would say
    /// nothing of it.
    is_broken: AtomicBool,
}

impl<D: Disk> Files<D> {
    /// The files on this disk; makes the folders.
    pub(crate) fn new(disk: D) -> Result<Self, ContentError> {
        let files = Self { disk, durable: Mutex::default() };
        files.make_folder("", INCOMING)?;
        files.make_folder("", OBJECTS)?;
        Ok(files)
    }

    /// Makes an upload's file with room for its length.
    pub(crate) fn create(&self, place: &Place, length: Option<u64>) -> Result<(), ContentError> {
        let path = incoming(&place.upload);
        let file = self.disk.create(&path).map_err(ContentError::disk("creating a file"))?;
        let reserved = self.disk.allocate(&file, length.unwrap_or(0));
        reserved.map_err(|error| {
            let _: io::Result<()> = self.disk.remove(&path);
            ContentError::disk("reserving room for a file")(error)
        })
    }

    /// Opens and locks an upload's file, of which so many bytes were acknowledged. Changes nothing:
    /// whether the upload is still the caller's can be looked at under the lock.
    pub(crate) fn open(&self, place: &Place, offset: u64) -> Result<Incoming<D>, ContentError> {
        let (path, renamed) = (incoming(&place.upload), object(&place.content));
        let doing = ContentError::disk("opening a file");
        for _ in 0..OPEN_TRIES {
            let (file, path, is_renamed) = match self.find(&path)? {
                Some(file) => (file, &path, false),
                None => match self.find(&renamed)? {
                    Some(file) => (file, &renamed, true),
                    None if offset == 0 => {
                        // Its creation was never synced.
                        self.make(&path)?;
                        continue;
                    }
                    None => return Err(ContentError::Missing(path)),
                },
            };
            if !self.disk.lock(&file).map_err(&doing)? {
                return Err(ContentError::Busy);
            }
            // The one who had it before may have renamed it meanwhile.
            if !self.disk.is_at(&file, path).map_err(&doing)? {
                continue;
            }
            if self.disk.length(&file).map_err(&doing)? < offset {
                return Err(ContentError::Missing(path.clone()));
            }
            let (is_named, is_broken) = (AtomicBool::new(offset > 0), AtomicBool::new(false));
            return Ok(Incoming { file, is_renamed, is_named, is_broken });
        }
        Err(ContentError::Busy)
    }

    fn find(&self, path: &str) -> Result<Option<D::File>, ContentError> {
        match self.disk.open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ContentError::disk("opening a file")(error)),
        }
    }

    fn make(&self, path: &str) -> Result<(), ContentError> {
        match self.disk.create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(ContentError::disk("creating a file")(error))
            }
            _ => Ok(()),
        }
    }

    /// Readies a file for its writer. A file whose completion was cut gets its first name back; the
    /// caller has made sure, under the lock, that the upload is not complete.
    pub(crate) fn begin(
        &self,
        incoming_file: &Incoming<D>,
        place: &Place,
    ) -> Result<(), ContentError> {
        if !incoming_file.is_renamed {
            return Ok(());
        }
        let doing = ContentError::disk("renaming a file");
        let renamed = self.disk.rename(&object(&place.content), &incoming(&place.upload));
        renamed.map_err(&doing)?;
        self.disk.sync_folder(INCOMING).map_err(doing)
    }

    /// Writes bytes at a position.
    pub(crate) fn write(
        &self,
        incoming: &Incoming<D>,
        bytes: &[Bytes],
        at: u64,
    ) -> Result<(), ContentError> {
        let written = self.disk.write_at(&incoming.file, bytes, at);
        written.map_err(ContentError::disk("writing a file"))
    }

    /// Makes what was written durable, and the file's name.
    pub(crate) fn sync(&self, incoming: &Incoming<D>) -> Result<(), ContentError> {
        self.sync_bytes(incoming)?;
        if !incoming.is_named.load(Ordering::Relaxed) {
            let synced = self.disk.sync_folder(INCOMING);
            synced.map_err(ContentError::disk("syncing a folder"))?;
            incoming.is_named.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn sync_bytes(&self, incoming: &Incoming<D>) -> Result<(), ContentError> {
        let doing = ContentError::disk("syncing a file");
        if incoming.is_broken.load(Ordering::Relaxed) {
            return Err(doing(io::Error::other("an earlier fsync failed")));
        }
        self.disk.sync(&incoming.file).map_err(|error| {
            incoming.is_broken.store(true, Ordering::Relaxed);
            doing(error)
        })
    }

    /// Gives an upload's file of this length its final name, all of it durable.
    pub(crate) fn complete(
        &self,
        incoming_file: &Incoming<D>,
        place: &Place,
        length: u64,
    ) -> Result<(), ContentError> {
        let doing = ContentError::disk("completing a file");
        let file = &incoming_file.file;
        // A writer that was cut may have left bytes beyond the end.
        if self.disk.length(file).map_err(&doing)? != length {
            self.disk.set_length(file, length).map_err(&doing)?;
        }
        self.sync_bytes(incoming_file)?;
        let (first, second) = shards(&place.content);
        let (outer, inner) = (format!("{OBJECTS}/{first}"), format!("{OBJECTS}/{first}/{second}"));
        self.make_folder(OBJECTS, &outer)?;
        self.make_folder(&outer, &inner)?;
        let renamed = self.disk.rename(&incoming(&place.upload), &object(&place.content));
        renamed.map_err(&doing)?;
        self.disk.sync_folder(&inner).map_err(&doing)
    }

    /// Removes what there is of an upload, under both of its names.
    pub(crate) fn discard(&self, place: &Place) -> Result<(), ContentError> {
        self.remove(&incoming(&place.upload), INCOMING)?;
        self.delete(&place.content)
    }

    /// Removes complete content.
    pub(crate) fn delete(&self, content: &ContentId) -> Result<(), ContentError> {
        let (first, second) = shards(content);
        self.remove(&object(content), &format!("{OBJECTS}/{first}/{second}"))
    }

    fn remove(&self, path: &str, folder: &str) -> Result<(), ContentError> {
        let doing = ContentError::disk("removing a file");
        match self.disk.remove(path) {
            Ok(()) => self.disk.sync_folder(folder).map_err(doing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(doing(error)),
        }
    }

    /// Opens complete content.
    pub(crate) fn content(&self, content: &ContentId) -> Result<D::File, ContentError> {
        let path = object(content);
        self.disk.open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ContentError::Missing(path),
            _ => ContentError::disk("opening a file")(error),
        })
    }

    /// How long an open file is.
    #[cfg(test)]
    pub(crate) fn length(&self, file: &D::File) -> Result<u64, ContentError> {
        self.disk.length(file).map_err(ContentError::disk("looking at a file"))
    }

    /// Fills a buffer from an open file; an end before it is full is an error.
    pub(crate) fn read(
        &self,
        file: &D::File,
        bytes: &mut [u8],
        at: u64,
    ) -> Result<(), ContentError> {
        let (mut rest, mut at) = (bytes, at);
        while !rest.is_empty() {
            let read = self.disk.read_at(file, rest, at);
            match read.map_err(ContentError::disk("reading a file"))? {
                0 => return Err(ContentError::Missing("the end of a file".to_owned())),
                count => {
                    rest = rest.split_at_mut_checked(count).map_or(&mut [], |(_, rest)| rest);
                    at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                }
            }
        }
        Ok(())
    }

    /// Uploads whose files nobody has changed for so long.
    pub(crate) fn leftovers(&self, age: Duration) -> Result<Vec<UploadId>, ContentError> {
        let names = self.disk.list(INCOMING).map_err(ContentError::disk("listing a folder"))?;
        let now = SystemTime::now();
        let is_old = |changed: &SystemTime| now.duration_since(*changed).is_ok_and(|old| old > age);
        let old = names.into_iter().filter(|(_, changed)| is_old(changed));
        Ok(old.filter_map(|(name, _)| name.parse().ok()).collect())
    }

    /// Makes a folder and has its name durable in the one above.
    fn make_folder(&self, above: &str, folder: &str) -> Result<(), ContentError> {
        let doing = ContentError::disk("making a folder");
        let durable = || self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if durable().contains(folder) {
            return Ok(());
        }
        self.disk.make_folder(folder).map_err(&doing)?;
        self.disk.sync_folder(above).map_err(&doing)?;
        durable().insert(folder.to_owned());
        Ok(())
    }
}

/// How often a file is opened that others rename at the same time.
const OPEN_TRIES: usize = 8;

pub(crate) fn incoming(upload: &UploadId) -> String {
    format!("{INCOMING}/{upload}")
}

pub(crate) fn object(content: &ContentId) -> String {
    let (first, second) = shards(content);
    format!("{OBJECTS}/{first}/{second}/{content}")
}

/// The two folders above content: few files in each. The end of an id is random, its beginning is
/// the time.
fn shards(content: &ContentId) -> (String, String) {
    let name = content.to_string();
    let end = name.len();
    let part = |from: usize| name.get(end - from..end - from + 2).unwrap_or("00").to_owned();
    (part(4), part(2))
}
