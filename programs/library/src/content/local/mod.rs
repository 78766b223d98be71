//! Content as files on a disk that all replicas of a machine share.
//!
//! The system's calls wait for the disk, so they run on the runtime's threads for such work.
//! Several replicas write to the same folder; a lock of the kernel's on each upload's file (flock)
//! keeps two writers apart and goes with a process that dies.

mod disk;
mod files;
#[cfg(test)]
mod power;
mod read;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

use self::disk::{Disk, SystemDisk};
use self::files::{Files, Incoming};
pub(crate) use self::files::{incoming, object};
use super::{Boxed, ByteStream, Content, ContentError, Durable, Held, Kept, Place, Writer};
use crate::ids::{ContentId, UploadId};
use crate::limits;

/// Content in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    files: Arc<Files<SystemDisk>>,
}

impl Local {
    /// Opens or makes the folder.
    pub(crate) fn new(folder: &Path) -> Result<Self, ContentError> {
        let disk = SystemDisk::new(folder).map_err(ContentError::disk("opening the folder"))?;
        // From now on what lies there is in use, and no restore may begin again in its place.
        match disk.remove(tombolo_storage::UNFINISHED_RESTORE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ContentError::disk("opening the folder")(error));
            }
            _ => {}
        }
        Ok(Self { files: Arc::new(Files::new(disk)?) })
    }

    /// Runs a piece of work on a thread that may wait.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files<SystemDisk>) -> Result<T, ContentError> + Send + 'static,
    ) -> Result<T, ContentError> {
        let files = Arc::clone(&self.files);
        spawn_blocking(move || work(&files)).await?
    }
}

impl Content for Local {
    fn create<'a>(
        &'a self,
        place: &'a Place,
        length: Option<u64>,
    ) -> Boxed<'a, Result<(), ContentError>> {
        let place = place.clone();
        Box::pin(self.run(move |files| files.create(&place, length)))
    }

    fn open<'a>(
        &'a self,
        place: &'a Place,
        kept: Kept,
    ) -> Boxed<'a, Result<Box<dyn Writer>, ContentError>> {
        Box::pin(async move {
            let (wanted, offset) = (place.clone(), kept.offset);
            let incoming = self.run(move |files| files.open(&wanted, offset)).await?;
            let (local, place, incoming) = (self.clone(), place.clone(), Arc::new(incoming));
            Ok(Box::new(LocalWriter { local, place, incoming, offset }) as Box<dyn Writer>)
        })
    }

    fn discard<'a>(&'a self, place: &'a Place, _kept: Kept) -> Boxed<'a, Result<(), ContentError>> {
        let place = place.clone();
        Box::pin(self.run(move |files| files.discard(&place)))
    }

    fn tidy<'a>(&'a self, _place: &'a Place) -> Boxed<'a, Result<(), ContentError>> {
        // The rename left nothing.
        Box::pin(async { Ok(()) })
    }

    fn read(&self, content: &ContentId, range: Range<u64>) -> ByteStream {
        read::stream(Arc::clone(&self.files), *content, range)
    }

    fn delete<'a>(&'a self, content: &'a ContentId) -> Boxed<'a, Result<(), ContentError>> {
        let content = *content;
        Box::pin(self.run(move |files| files.delete(&content)))
    }

    fn leftovers(&self) -> Boxed<'_, Result<Vec<UploadId>, ContentError>> {
        Box::pin(self.run(|files| files.leftovers(limits::ORPHAN_AGE)))
    }
}

/// The writer of one file.
struct LocalWriter {
    local: Local,
    place: Place,
    incoming: Arc<Incoming<SystemDisk>>,
    offset: u64,
}

impl Writer for LocalWriter {
    fn begin(&mut self) -> Boxed<'_, Result<(), ContentError>> {
        let (incoming, place) = (Arc::clone(&self.incoming), self.place.clone());
        Box::pin(self.local.run(move |files| files.begin(&incoming, &place)))
    }

    fn write(&mut self, bytes: Vec<Bytes>) -> Boxed<'_, Result<(), ContentError>> {
        Box::pin(async move {
            let count: usize = bytes.iter().map(Bytes::len).sum();
            let (incoming, at) = (Arc::clone(&self.incoming), self.offset);
            self.local.run(move |files| files.write(&incoming, &bytes, at)).await?;
            self.offset = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            Ok(())
        })
    }

    fn sync(&mut self, _ends: bool) -> Boxed<'static, Result<Durable, ContentError>> {
        let (local, incoming) = (self.local.clone(), Arc::clone(&self.incoming));
        let durable = Durable { offset: self.offset, ..Durable::default() };
        Box::pin(async move {
            local.run(move |files| files.sync(&incoming)).await?;
            Ok(durable)
        })
    }

    fn seal(&mut self) -> Boxed<'_, Result<Option<Durable>, ContentError>> {
        // A rename can be taken back, so nothing has to be noted before it.
        Box::pin(async { Ok(None) })
    }

    fn complete(self: Box<Self>) -> Boxed<'static, Result<Held, ContentError>> {
        Box::pin(async move {
            let Self { local, place, incoming, offset } = *self;
            let held = Arc::clone(&incoming);
            local.run(move |files| files.complete(&incoming, &place, offset)).await?;
            Ok(Held(Box::new(held)))
        })
    }
}
