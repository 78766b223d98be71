//! A file while it is written: beside the others, then renamed.
//!
//! Nothing is flushed to the medium: a power failure may lose what was stored last, and checksums
//! find what it tore. A process that is killed loses only what was not renamed.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use tombolo_files::Access;

use super::layout::Dir;
use crate::store::core::Core;
use crate::store::format::{self, BodySums};
use crate::store::index::units_of;
use crate::store::slot::Slot;

/// Evictions that one write may cause when the disk is full before its limit is reached.
const EVICTED_FOR_SPACE: usize = 64;

/// Pieces that one call writes; the kernel takes no more.
const MOST_SLICES: usize = 1024;

/// Where it is until then.
struct Place {
    dir: Arc<Dir>,
    name: String,
}

/// A file that is not yet an entry. Dropped, it is removed.
pub(in crate::store) struct Draft {
    core: Arc<Core>,
    file: Option<(Arc<File>, Place)>,
    body_at: u64,
    body: u64,
    sums: BodySums,
    units: u64,
}

impl Draft {
    /// A draft whose body begins at `body_at`. No file is made yet.
    pub(in crate::store) fn new(core: Arc<Core>, body_at: u64) -> Self {
        Self { core, file: None, body_at, body: 0, sums: BodySums::default(), units: 0 }
    }

    pub(in crate::store) fn file(&self) -> Option<Arc<File>> {
        self.file.as_ref().map(|(file, _)| Arc::clone(file))
    }

    /// Appends to the body, in the file.
    pub(in crate::store) fn write(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        let length: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        self.reserve(self.body_at + self.body + length)?;
        let file = self.create()?;
        let at = self.body_at + self.body;
        with_space(&self.core, || write_all(&file, pieces, at))?;
        self.body += length;
        pieces.iter().for_each(|piece| self.sums.update(piece));
        Ok(())
    }

    /// Completes the file and gives it its name. `rest` is the end of the body; `front` was
    /// written for the body's whole length, with the checksum `sum`.
    pub(in crate::store) fn publish(
        mut self,
        rest: &[Bytes],
        front: &[u8],
        sum: u64,
        slot: Slot,
    ) -> io::Result<u64> {
        let mut sums = std::mem::take(&mut self.sums);
        let rest_length: u64 = rest.iter().map(|piece| piece.len() as u64).sum();
        rest.iter().for_each(|piece| sums.update(piece));
        let table = format::write_table(&sums.finish(), sum);
        let end = self.body_at + self.body + rest_length;
        let length = end + table.len() as u64;
        self.reserve(length)?;
        let file = self.create()?;
        if self.body == 0 && self.body_at == front.len() as u64 {
            // All at once: most responses are small.
            let parts = std::iter::once(front).chain(rest.iter().map(|piece| piece.as_ref()));
            let whole: Vec<u8> = parts.chain([table.as_slice()]).flatten().copied().collect();
            with_space(&self.core, || file.write_all_at(&whole, 0))?;
        } else {
            let mut at = self.body_at + self.body;
            for piece in rest.iter().map(|piece| piece.as_ref()).chain([table.as_slice()]) {
                with_space(&self.core, || file.write_all_at(piece, at))?;
                at += piece.len() as u64;
            }
            with_space(&self.core, || file.write_all_at(front, 0))?;
        }
        self.rename(slot)?;
        Ok(length)
    }

    fn rename(&mut self, slot: Slot) -> io::Result<()> {
        let Some((_, Place { dir, name })) = &self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        // The directory may be another one by now: an entry in the one before would not be found.
        if !self.core.layout.dir().is_ok_and(|now| Arc::ptr_eq(&now, dir)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let renamed = match dir.tmp.rename(name, &dir.entries, slot.below()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                with_space(&self.core, || dir.entries.make_all(slot.folder()))?;
                dir.tmp.rename(name, &dir.entries, slot.below())
            }
            other => other,
        };
        if renamed.is_ok() {
            self.file = None;
        }
        renamed
    }

    fn create(&mut self) -> io::Result<Arc<File>> {
        if let Some((file, _)) = &self.file {
            return Ok(Arc::clone(file));
        }
        let name = self.core.layout.tmp_name();
        let make = || {
            let dir = self.core.layout.dir_in_place()?;
            Ok((dir.tmp.file(&name, Access::New)?, dir))
        };
        let (file, dir) = match with_space(&self.core, make) {
            // The directory was taken away; it is made again, once.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.core.rebuild()?;
                make()?
            }
            other => other?,
        };
        let file = Arc::new(file);
        self.file = Some((Arc::clone(&file), Place { dir, name }));
        Ok(file)
    }

    /// Makes room under the size limit for the file at that length.
    fn reserve(&mut self, length: u64) -> io::Result<()> {
        let units = u64::from(units_of(length));
        let more = units.saturating_sub(self.units);
        self.core.index.add_unfinished(more);
        self.units += more;
        if self.core.make_room() {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::QuotaExceeded, "max_size leaves no room"))
        }
    }
}

/// Does what writes; on a full disk evicts and tries again, for the disk may be smaller than the
/// limit and full of what this store put there.
fn with_space<T>(core: &Core, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut result = act();
    for _ in 0..EVICTED_FOR_SPACE {
        let full = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        };
        if !result.as_ref().is_err_and(full) || !core.evict_one() {
            break;
        }
        result = act();
    }
    result
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.core.index.sub_unfinished(self.units);
        if let Some((_, Place { dir, name })) = &self.file {
            let _: io::Result<()> = dir.tmp.remove(name);
        }
    }
}

/// Writes all pieces one behind the other, in as few calls as can be: the page cache takes a long
/// write in larger pages than many short ones.
fn write_all(file: &File, pieces: &[Bytes], mut at: u64) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut slices = slices.as_mut_slice();
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let some = slices.get(..MOST_SLICES).unwrap_or(&*slices);
        match rustix::io::pwritev(file, some, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                at += count as u64;
                IoSlice::advance_slices(&mut slices, count);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
