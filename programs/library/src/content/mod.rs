//! The bytes of items and of unfinished uploads: where they are, how they get there, how they are
//! read. Knows nothing of users, items or HTTP.
//!
//! Owned here: files or S3 objects and the order in which they become durable. Not owned: which
//! bytes are acknowledged. That is a row of the database ([`crate::uploads`]): bytes beyond the
//! offset of that row are garbage, which the next writer overwrites.
//!
//! | file | one idea |
//! |---|---|
//! | `error.rs` | what goes wrong with bytes, and what a client is told |
//! | `local/` | files on a disk that all replicas of a machine share |
//! | `s3/` | objects of an S3 service, for replicas on several machines |

mod error;
mod local;
mod s3;

use std::fmt::Debug;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use tombolo_storage::ObjectsUrl;

pub(crate) use self::error::ContentError;
use self::local::Local;
pub(crate) use self::local::{incoming, object};
use self::s3::S3;

use crate::ids::{ContentId, UploadId};

/// A future of a trait that is used as an object.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Bytes as they are read, in pieces of [`READ_BYTES`](crate::limits::READ_BYTES)
/// at most.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, ContentError>> + Send>>;

/// The two names of an upload's bytes: while they come in, and once they are complete. Both are
/// chosen when the upload is created, so that what a crash leaves can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name while bytes come in.
    pub(crate) upload: UploadId,
    /// The name once all are there.
    pub(crate) content: ContentId,
}

/// What the database keeps of an unfinished upload's bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Bytes that are durable.
    pub(crate) offset: u64,
    /// The multipart upload of an S3 service.
    pub(crate) session: Option<String>,
    /// The object that holds the bytes after the last part.
    pub(crate) tail: Option<String>,
    /// The parts of the multipart upload, in order.
    pub(crate) parts: Vec<String>,
}

/// What became durable: to be noted in the database before a client is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Durable {
    /// Bytes that are durable now.
    pub(crate) offset: u64,
    /// As [`Kept::session`].
    pub(crate) session: Option<String>,
    /// As [`Kept::tail`].
    pub(crate) tail: Option<String>,
    /// Parts that were added since the last time: number from 0, and the service's name for it.
    pub(crate) new_parts: Vec<(u32, String)>,
}

/// Where bytes are. One contract for all kinds, which `contract.rs` tests.
pub(crate) trait Content: Debug + Send + Sync {
    /// Whether each writer of an upload needs a final name of its own, because nothing keeps one that
    /// was fenced off from writing under the name that it knows.
    fn names_each_writer(&self) -> bool {
        false
    }

    /// Makes room for an upload of this length, if it is known.
    fn create<'a>(
        &'a self,
        place: &'a Place,
        length: Option<u64>,
    ) -> Boxed<'a, Result<(), ContentError>>;

    /// Opens an upload for writing after what is kept, and changes nothing yet. There is one writer
    /// at a time: [`ContentError::Busy`] while another one is not through.
    fn open<'a>(
        &'a self,
        place: &'a Place,
        kept: Kept,
    ) -> Boxed<'a, Result<Box<dyn Writer>, ContentError>>;

    /// Removes what there is of an upload that will not be completed.
    fn discard<'a>(&'a self, place: &'a Place, kept: Kept) -> Boxed<'a, Result<(), ContentError>>;

    /// Removes what a complete upload needed on its way. For after its row is complete.
    fn tidy<'a>(&'a self, place: &'a Place) -> Boxed<'a, Result<(), ContentError>>;

    /// Reads a range of complete content.
    fn read(&self, content: &ContentId, range: Range<u64>) -> ByteStream;

    /// Removes complete content. To remove what is not there is no error.
    fn delete<'a>(&'a self, content: &'a ContentId) -> Boxed<'a, Result<(), ContentError>>;

    /// Names of uploads whose bytes here are older than
    /// [`ORPHAN_AGE`](crate::limits::ORPHAN_AGE), for a sweep of those without a row.
    fn leftovers(&self) -> Boxed<'_, Result<Vec<UploadId>, ContentError>>;
}

/// One writer of one upload. Dropped, it leaves what it wrote since the last
/// [`sync`](Writer::sync) as garbage.
pub(crate) trait Writer: Send {
    /// Readies the bytes. Before this the caller looks whether the upload is still its own: it may
    /// have been fenced off, and the upload completed, while it waited for the other writer.
    fn begin(&mut self) -> Boxed<'_, Result<(), ContentError>>;

    /// Adds bytes after those that it has.
    fn write(&mut self, bytes: Vec<Bytes>) -> Boxed<'_, Result<(), ContentError>>;

    /// Makes bytes durable: all of them when the request ends, else as many as is cheap. More may
    /// be written while this goes on; one of these is under way at a time.
    fn sync(&mut self, ends: bool) -> Boxed<'static, Result<Durable, ContentError>>;

    /// Prepares the end. What it returns has to be in the database before
    /// [`complete`](Writer::complete).
    fn seal(&mut self) -> Boxed<'_, Result<Option<Durable>, ContentError>>;

    /// Gives the bytes their final name, durable, without a copy. The writer's lock is kept until
    /// what is returned is dropped: after the row is written.
    fn complete(self: Box<Self>) -> Boxed<'static, Result<Held, ContentError>>;
}

/// Opens the content at an address.
pub(crate) fn open(objects: &ObjectsUrl) -> Result<Arc<dyn Content>, ContentError> {
    Ok(match objects {
        ObjectsUrl::Folder(folder) => Arc::new(Local::new(folder)?),
        ObjectsUrl::Bucket(bucket) => Arc::new(S3::new(bucket)?),
    })
}

/// Content in an object store that lives in memory, and keeps to S3's rules.
#[cfg(test)]
pub(crate) fn in_memory() -> Arc<dyn Content> {
    Arc::new(S3::of(Arc::new(object_store::memory::InMemory::new()), "library"))
}

/// Keeps other writers of an upload out until it is dropped.
#[must_use]
pub(crate) struct Held(#[allow(dead_code, reason = "held for its drop")] pub(crate) Box<dyn Send>);

#[cfg(test)]
mod contract;
