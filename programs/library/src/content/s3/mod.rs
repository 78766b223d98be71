//! Content as objects of an S3 service, for replicas on several machines.
//!
//! ```text
//! objects/<content>              complete content; a multipart upload while bytes come in
//! tails/<upload>/<offset>-<id>   bytes after the last whole part, when a request has ended there
//! ```
//! Part `n` always covers the bytes from `n` times [`limits::PART_BYTES`] on, so that a writer that
//! was fenced off and writes the same part late writes the same bytes. If it does not, the service
//! refuses the completion, because a part is not the one that was noted. Smaller content is one object
//! that is written at the end, and its service may know no conditions (Garage): so whoever takes an
//! upload over gets another name for it ([`Content::names_each_writer`]), and one that was fenced off
//! writes, however late, to a name that no item has.

mod writer;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tombolo_storage::Bucket;

use self::writer::S3Writer;
use super::{Boxed, ByteStream, Content, ContentError, Kept, Place, Writer};
use crate::ids::{ContentId, UploadId};

/// Content in a bucket.
#[derive(Clone)]
pub(crate) struct S3 {
    objects: Arc<dyn ObjectStore>,
    parts: Arc<dyn MultipartStore>,
    prefix: Path,
}

impl S3 {
    /// Content of this bucket; keys come from the environment.
    pub(crate) fn new(bucket: &Bucket) -> Result<Self, ContentError> {
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(&bucket.name);
        if let Some(endpoint) = &bucket.endpoint {
            let is_plain = endpoint.starts_with("http://");
            builder = builder.with_endpoint(endpoint).with_allow_http(is_plain);
        }
        if let Some(region) = &bucket.region {
            builder = builder.with_region(region);
        }
        let store = Arc::new(builder.build().map_err(service("opening the bucket"))?);
        Ok(Self::of(store, &bucket.prefix))
    }

    /// Content of any store that knows parts.
    pub(crate) fn of<S: ObjectStore + MultipartStore>(store: Arc<S>, prefix: &str) -> Self {
        let (objects, parts) = (Arc::clone(&store) as Arc<dyn ObjectStore>, store);
        Self { objects, parts, prefix: Path::from(prefix) }
    }

    fn object(&self, content: &ContentId) -> Path {
        self.prefix.clone().join("objects").join(content.to_string())
    }

    fn tails(&self, upload: &UploadId) -> Path {
        self.prefix.clone().join("tails").join(upload.to_string())
    }

    /// Removes an object; one that is not there is no error.
    async fn remove(&self, path: &Path) -> Result<(), ContentError> {
        match self.objects.delete(path).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            removed => removed.map_err(service("removing an object")),
        }
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("S3").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Says what was being done when the service refused.
fn service(doing: &'static str) -> impl Fn(object_store::Error) -> ContentError {
    move |source| ContentError::Service { doing, source }
}

impl Content for S3 {
    fn names_each_writer(&self) -> bool {
        true
    }

    fn create<'a>(
        &'a self,
        _place: &'a Place,
        _length: Option<u64>,
    ) -> Boxed<'a, Result<(), ContentError>> {
        // The first whole part begins the multipart upload; smaller content needs none.
        Box::pin(async { Ok(()) })
    }

    fn open<'a>(
        &'a self,
        place: &'a Place,
        kept: Kept,
    ) -> Boxed<'a, Result<Box<dyn Writer>, ContentError>> {
        Box::pin(async move {
            let writer = S3Writer::open(self.clone(), place.clone(), kept).await?;
            Ok(Box::new(writer) as Box<dyn Writer>)
        })
    }

    fn discard<'a>(&'a self, place: &'a Place, kept: Kept) -> Boxed<'a, Result<(), ContentError>> {
        Box::pin(async move {
            let object = self.object(&place.content);
            if let Some(session) = &kept.session {
                match self.parts.abort_multipart(&object, session).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(service("removing an upload's parts")(error)),
                }
            }
            self.remove(&object).await?;
            self.tidy(place).await
        })
    }

    fn tidy<'a>(&'a self, place: &'a Place) -> Boxed<'a, Result<(), ContentError>> {
        Box::pin(async move {
            let mut tails = self.objects.list(Some(&self.tails(&place.upload)));
            while let Some(tail) = tails.next().await {
                let tail = tail.map_err(service("listing an upload's objects"))?;
                self.remove(&tail.location).await?;
            }
            Ok(())
        })
    }

    fn read(&self, content: &ContentId, range: Range<u64>) -> ByteStream {
        if range.is_empty() {
            return Box::pin(futures_util::stream::empty());
        }
        let (objects, path) = (Arc::clone(&self.objects), self.object(content));
        let reading = async move {
            let options =
                object_store::GetOptions { range: Some(range.into()), ..Default::default() };
            let read = objects.get_opts(&path, options).await;
            let read = read.map_err(|error| missing(error, "reading an object"))?;
            Ok::<_, ContentError>(read.into_stream().map_err(service("reading an object")))
        };
        Box::pin(futures_util::stream::once(reading).try_flatten())
    }

    fn delete<'a>(&'a self, content: &'a ContentId) -> Boxed<'a, Result<(), ContentError>> {
        Box::pin(async move { self.remove(&self.object(content)).await })
    }

    fn leftovers(&self) -> Boxed<'_, Result<Vec<UploadId>, ContentError>> {
        // Every object here is made for a row that is there; parts of others are ended by the
        // bucket's own rule (AbortIncompleteMultipartUpload).
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn missing(error: object_store::Error, doing: &'static str) -> ContentError {
    match error {
        object_store::Error::NotFound { path, .. } => ContentError::Missing(path),
        other => service(doing)(other),
    }
}
