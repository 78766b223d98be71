//! The writer of one object: whole parts go to the service at once, what is left at the end of a
//! request becomes an object of its own.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use uuid::Uuid;

use super::{S3, missing, service};
use crate::content::{Boxed, ContentError, Durable, Held, Kept, Place, Writer};
use crate::limits;

/// The writer of one object.
#[derive(Debug)]
pub(super) struct S3Writer {
    s3: S3,
    place: Place,
    session: Option<String>,
    parts: Vec<String>,
    /// Of `parts`, those that were told as durable.
    told: usize,
    /// The object with what was after the last part, and its length, when there is one.
    tail: Option<(Path, usize)>,
    /// How long the content is, once its last part was sent, which may be a short one.
    sealed: Option<u64>,
    /// A part could not be written, so that nothing more can.
    is_broken: bool,
    /// Bytes after the last part. At most a part and what one call of `write` brings.
    pending: BytesMut,
}

impl S3Writer {
    /// A writer after what is kept.
    pub(super) async fn open(s3: S3, place: Place, kept: Kept) -> Result<Self, ContentError> {
        let mut pending = BytesMut::new();
        let mut tail = None;
        if let Some(name) = &kept.tail {
            let path = s3.tails(&place.upload).join(name.as_str());
            let read = s3.objects.get(&path).await;
            let read = read.map_err(|error| missing(error, "reading an upload's last bytes"))?;
            let bytes = read.bytes().await.map_err(service("reading an upload's last bytes"))?;
            pending.extend_from_slice(&bytes);
            tail = Some((path, bytes.len()));
        }
        let told = kept.parts.len();
        let sealed = (kept.tail.is_none() && whole(told) > kept.offset).then_some(kept.offset);
        let (session, parts) = (kept.session, kept.parts);
        let is_broken = false;
        let writer = Self { s3, place, session, parts, told, tail, sealed, is_broken, pending };
        if writer.offset() != kept.offset {
            return Err(ContentError::Changed);
        }
        Ok(writer)
    }

    fn offset(&self) -> u64 {
        self.sealed.unwrap_or_else(|| after(self.parts.len(), self.pending.len()))
    }

    fn object(&self) -> Path {
        self.s3.object(&self.place.content)
    }

    /// Sends one part; begins the multipart upload with the first.
    async fn put_part(&mut self, bytes: Bytes) -> Result<(), ContentError> {
        let object = self.object();
        let session = match &self.session {
            Some(session) => session.clone(),
            None => {
                let begun = self.s3.parts.create_multipart(&object).await;
                let session = begun.map_err(service("beginning an upload in parts"))?;
                self.session.insert(session).clone()
            }
        };
        let (index, payload) = (self.parts.len(), PutPayload::from(bytes));
        // Dropped or refused, the bytes of this part are neither here nor there.
        self.is_broken = true;
        let put = self.s3.parts.put_part(&object, &session, index, payload).await;
        self.parts.push(put.map_err(service("writing a part"))?.content_id);
        self.is_broken = false;
        Ok(())
    }

    fn durable(&mut self, tail: usize) -> Durable {
        let new = self.parts.iter().enumerate().skip(self.told);
        let new_parts =
            new.map(|(index, id)| (u32::try_from(index).unwrap_or(u32::MAX), id.clone())).collect();
        self.told = self.parts.len();
        Durable {
            offset: self.sealed.unwrap_or_else(|| after(self.parts.len(), tail)),
            session: self.session.clone(),
            tail: match &self.tail {
                Some((path, length)) if *length == tail && tail > 0 => {
                    path.filename().map(str::to_owned)
                }
                _ => None,
            },
            new_parts,
        }
    }
}

impl Writer for S3Writer {
    fn begin(&mut self) -> Boxed<'_, Result<(), ContentError>> {
        Box::pin(async { Ok(()) })
    }

    fn write(&mut self, bytes: Vec<Bytes>) -> Boxed<'_, Result<(), ContentError>> {
        Box::pin(async move {
            for piece in bytes {
                self.pending.extend_from_slice(&piece);
            }
            while self.pending.len() >= limits::PART_BYTES {
                let part = self.pending.split_to(limits::PART_BYTES).freeze();
                self.put_part(part).await?;
            }
            Ok(())
        })
    }

    fn sync(&mut self, ends: bool) -> Boxed<'static, Result<Durable, ContentError>> {
        if self.is_broken {
            return Box::pin(async { Err(ContentError::Cut) });
        }
        let held = self.tail.as_ref().map_or(0, |(_, length)| *length);
        // Within a request bytes wait for their part: the offset that is told stays at the last
        // part, or at the tail that the request began with.
        if !ends {
            let is_kept = self.told == self.parts.len();
            let durable = self.durable(if is_kept { held } else { 0 });
            return Box::pin(async move { Ok(durable) });
        }
        if self.pending.is_empty() {
            self.tail = None;
            let durable = self.durable(0);
            return Box::pin(async move { Ok(durable) });
        }
        if held == self.pending.len() && self.told == self.parts.len() {
            let durable = self.durable(held);
            return Box::pin(async move { Ok(durable) });
        }
        // A name of its own: a writer that was fenced off must not change these bytes.
        let name = format!("{}-{}", self.offset(), Uuid::new_v4().simple());
        let path = self.s3.tails(&self.place.upload).join(name);
        let payload = PutPayload::from(Bytes::copy_from_slice(&self.pending));
        self.tail = Some((path.clone(), self.pending.len()));
        let (durable, objects) = (self.durable(self.pending.len()), Arc::clone(&self.s3.objects));
        Box::pin(async move {
            let put = objects.put(&path, payload).await;
            put.map_err(service("writing an upload's last bytes"))?;
            Ok(durable)
        })
    }

    fn seal(&mut self) -> Boxed<'_, Result<Option<Durable>, ContentError>> {
        Box::pin(async move {
            if self.is_broken {
                return Err(ContentError::Cut);
            }
            if self.session.is_none() {
                return Ok(None);
            }
            if !self.pending.is_empty() {
                let length = self.offset();
                let last = std::mem::take(&mut self.pending).freeze();
                self.put_part(last).await?;
                self.sealed = Some(length);
            }
            Ok(Some(self.durable(0)))
        })
    }

    fn complete(self: Box<Self>) -> Boxed<'static, Result<Held, ContentError>> {
        Box::pin(async move {
            let object = self.object();
            match &self.session {
                None => {
                    let payload = PutPayload::from(self.pending.clone().freeze());
                    let put = self.s3.objects.put(&object, payload).await;
                    put.map_err(service("writing an object"))?;
                }
                Some(session) => {
                    let parts = self.parts.iter().cloned();
                    let parts = parts.map(|content_id| PartId { content_id }).collect();
                    let done = self.s3.parts.complete_multipart(&object, session, parts).await;
                    if let Err(error) = done {
                        // An earlier answer may have been lost: then the object is there.
                        match self.s3.objects.head(&object).await {
                            Ok(about) if about.size == self.offset() => {}
                            _ => return Err(service("completing an object")(error)),
                        }
                    }
                }
            }
            Ok(Held(Box::new(())))
        })
    }
}

/// The offset after so many whole parts and bytes.
fn after(parts: usize, bytes: usize) -> u64 {
    whole(parts).saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
}

fn whole(parts: usize) -> u64 {
    u64::try_from(parts.saturating_mul(limits::PART_BYTES)).unwrap_or(u64::MAX)
}
