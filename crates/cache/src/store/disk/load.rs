//! Reading a stored response from its file.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

use bytes::Bytes;
use tombolo_files::{Access, Refusal};

use super::layout::Layout;
use crate::store::format::{self, Corrupt, FIXED, Fixed};
use crate::store::front::Front;
use crate::store::settings::{BLOCK, CHECKED_WHOLE, READ_PIECE};
use crate::store::slot::Slot;

/// Enough for the front of nearly every response.
const FIRST_READ: u64 = 16 << 10;

/// Why a response was not read.
#[derive(Debug)]
pub(in crate::store) enum LoadError {
    /// There is no such file.
    Absent,
    /// The file with this inode is not what was written.
    Corrupt(Corrupt, u64),
    /// The disk.
    Io(io::Error),
}

impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> Self {
        // A link was not stored: what is stored next takes its place.
        match error.kind() == io::ErrorKind::NotFound || Refusal::of(&error).is_some() {
            true => Self::Absent,
            false => Self::Io(error),
        }
    }
}

/// The body of a file that was read.
pub(in crate::store) enum LoadedBody {
    Memory(Bytes),
    File { file: Arc<File>, table: Arc<[u64]>, checked: bool },
}

/// A file that was read.
pub(in crate::store) struct Loaded {
    pub(in crate::store) front: Front,
    pub(in crate::store) body: LoadedBody,
    /// Stands for the content of the file, as far as the file system tells.
    pub(in crate::store) note: u32,
}

/// Reads the file of a slot; a body of at most `hot` bytes into memory. `known` is the note under
/// which the whole body was checked before.
pub(in crate::store) fn load(
    layout: &Layout,
    slot: Slot,
    hot: u64,
    known: u32,
) -> Result<Loaded, LoadError> {
    let file = layout.dir()?.entries.file(slot.below(), Access::Read)?;
    let about = file.metadata()?;
    let corrupt = |why| LoadError::Corrupt(why, about.ino());
    let note = note_of(&about);
    let mut first = read(&file, 0, about.len().min(FIRST_READ.max(hot + FIRST_READ)))?;
    if first.len() as u64 == about.len() {
        let (fixed, body) = format::parse_whole(&first).map_err(corrupt)?;
        if fixed.body <= hot {
            first.truncate(body.end);
            let bytes = Bytes::from(first);
            let front = Front::new(fixed, bytes.slice(FIXED..FIXED + fixed.block()));
            return Ok(Loaded { front, body: LoadedBody::Memory(bytes.slice(body)), note });
        }
    }
    let fixed = format::parse_fixed(&first).map_err(corrupt)?;
    if fixed.file_length() != Some(about.len()) {
        return Err(corrupt(Corrupt::Length));
    }
    let front = rest_of_front(&file, &fixed, first).map_err(|error| at(error, about.ino()))?;
    let table = read_table(&file, &fixed).map_err(|error| at(error, about.ino()))?;
    let table: Arc<[u64]> = table.into();
    let mut checked = known == note && known != 0;
    if !checked && fixed.body <= CHECKED_WHOLE.max(hot) {
        check(&file, &fixed, &table, 0..fixed.body).map_err(|error| at(error, about.ino()))?;
        checked = true;
    }
    let body = LoadedBody::File { file: Arc::new(file), table, checked };
    Ok(Loaded { front, body, note })
}

/// Reads everything but the body, without looking at the body.
pub(in crate::store) fn read_front(
    layout: &Layout,
    slot: Slot,
) -> Result<(File, Front), LoadError> {
    let dir = layout.dir()?;
    // Reading through all files must not look like using them.
    let file = match dir.entries.file(slot.below(), Access::WriteQuietly) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error()) => {
            dir.entries.file(slot.below(), Access::Write)?
        }
        other => other?,
    };
    let about = file.metadata()?;
    let first = read(&file, 0, about.len().min(FIRST_READ))?;
    let corrupt = |why| LoadError::Corrupt(why, about.ino());
    let fixed = format::parse_fixed(&first).map_err(corrupt)?;
    if fixed.file_length() != Some(about.len()) {
        return Err(corrupt(Corrupt::Length));
    }
    let front = rest_of_front(&file, &fixed, first).map_err(|error| at(error, about.ino()))?;
    Ok((file, front))
}

/// What a part of a file is not.
#[derive(Debug)]
pub(in crate::store) enum PartError {
    Corrupt(Corrupt),
    Io(io::Error),
}

impl From<io::Error> for PartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Corrupt> for PartError {
    fn from(error: Corrupt) -> Self {
        Self::Corrupt(error)
    }
}

fn at(error: PartError, inode: u64) -> LoadError {
    match error {
        PartError::Corrupt(why) => LoadError::Corrupt(why, inode),
        PartError::Io(error) => LoadError::Io(error),
    }
}

/// Compares the blocks that hold `range` of the body with the table. Reading them leaves them in
/// the page cache, from where they are sent next.
pub(in crate::store) fn check(
    file: &File,
    fixed: &Fixed,
    table: &[u64],
    range: std::ops::Range<u64>,
) -> Result<(), PartError> {
    let block = BLOCK as u64;
    let mut from = range.start / block * block;
    let end = range.end.div_ceil(block).saturating_mul(block).min(fixed.body);
    while from < end {
        let piece = read(file, fixed.body_at() + from, READ_PIECE.min(end - from))?;
        let first = usize::try_from(from / block).map_err(|_| Corrupt::Nonsense)?;
        format::check_blocks(table, first, &piece)?;
        from += piece.len() as u64;
    }
    Ok(())
}

/// Reads the checksums of a body.
pub(in crate::store) fn read_table(file: &File, fixed: &Fixed) -> Result<Vec<u64>, PartError> {
    let table = read(file, fixed.body_at() + fixed.body, format::table_length(fixed.body))?;
    Ok(format::parse_table(fixed, &table)?)
}

/// Reads a piece of a body that begins at a block, compared with the table. Empty at the end.
pub(in crate::store) fn read_checked(
    file: &File,
    fixed: &Fixed,
    table: &[u64],
    from: u64,
) -> Result<Bytes, PartError> {
    let piece = read(file, fixed.body_at() + from, READ_PIECE.min(fixed.body - from))?;
    let first = usize::try_from(from / BLOCK as u64).map_err(|_| Corrupt::Nonsense)?;
    format::check_blocks(table, first, &piece)?;
    Ok(piece.into())
}

/// Reads a piece of a file that this process is writing or wrote.
pub(in crate::store) fn read_piece(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    read(file, at, length).map(Bytes::from)
}

/// Reads exactly `length` bytes; a file that is shorter is an error of the kind `UnexpectedEof`.
pub(in crate::store) fn read(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

fn rest_of_front(file: &File, fixed: &Fixed, mut first: Vec<u8>) -> Result<Front, PartError> {
    let length = FIXED + fixed.block();
    if first.len() < length {
        let more = read(file, first.len() as u64, (length - first.len()) as u64)?;
        first.extend_from_slice(&more);
    }
    format::check_front(fixed, &first)?;
    let block = first.get(FIXED..length).ok_or(Corrupt::Length)?;
    Ok(Front::new(*fixed, Bytes::copy_from_slice(block)))
}

fn note_of(about: &std::fs::Metadata) -> u32 {
    let mut bytes = [0; 32];
    let parts = [about.ino(), about.len(), about.mtime().cast_unsigned()];
    let parts = parts.into_iter().chain([about.mtime_nsec().cast_unsigned()]);
    for (to, part) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(parts) {
        *to = part.to_le_bytes();
    }
    #[allow(clippy::cast_possible_truncation)]
    let note = xxhash_rust::xxh3::xxh3_64(&bytes) as u32;
    note.max(1)
}
