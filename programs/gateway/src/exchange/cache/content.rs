//! The bytes of a stored body, from memory or from their file, on their way to a client.

use std::io::IoSlice;
use std::ops::Range;

use tombolo_cache::answer::write_parts;
use tombolo_cache::metadata::{Metadata, Part};
use tombolo_cache::range::Multipart;
use tombolo_cache::store::{Body, Entry, FileBody};
use tombolo_cache::stored_head::StoredHead;
use tombolo_http1::FieldId;

use super::Stage;
use crate::data_plane::{Stop, Wait, send_file, write_ahead, write_all};
use crate::exchange::Failure;
use crate::exchange::journal::Journal;
use crate::exchange::relay::why_not_taken;

/// Bytes of a file that are compared with their checksums, and thereby read, ahead of being sent.
const AHEAD: u64 = 2 * 1024 * 1024;

const UNREADABLE: Failure = Failure::Cut("the stored body could not be read to its end");

fn not_taken(stop: Stop) -> Failure {
    Failure::Cut(why_not_taken(&stop))
}

/// Where a part of the representation lies in the stored body.
pub(super) fn within(part: &Part, meta: &Metadata) -> Range<u64> {
    let base = meta.part.map_or(0, |held| held.first);
    let first = part.first.saturating_sub(base);
    first..first.saturating_add(part.len())
}

/// A range of bytes in memory.
pub(super) fn slice(bytes: &[u8], range: Range<u64>) -> Option<&[u8]> {
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// Sends `head` and a range of a body in its file. False: the file cannot be read, and nothing
/// was sent.
pub(super) async fn send_file_part(
    stage: &Stage<'_>,
    file: &FileBody,
    head: &[u8],
    range: Range<u64>,
    journal: &mut Journal,
) -> Result<bool, Failure> {
    let first = range.start..range.end.min(range.start.saturating_add(AHEAD));
    if file.vouch(first).await.is_err() {
        return Ok(false);
    }
    let is_needed = || stage.scene.is_short();
    let pace = stage.asked.bounds.reading(&is_needed);
    let timer = &stage.scene.connection.timer;
    let sent = write_ahead(stage.scene.client()?, head, timer, Wait::Client(&pace)).await;
    sent.map_err(not_taken)?;
    send_range(stage, file, range, journal).await?;
    Ok(true)
}

async fn write_head(stage: &Stage<'_>, head: &[u8]) -> Result<(), Failure> {
    let timer = &stage.scene.connection.timer;
    let is_needed = || stage.scene.is_short();
    let pace = stage.asked.bounds.reading(&is_needed);
    let client = stage.scene.client()?;
    let wait = Wait::Client(&pace);
    write_all(client, &mut [IoSlice::new(head)], timer, wait).await.map_err(not_taken)
}

/// Sends a range of a body in its file, a piece at a time: each is compared with its checksums
/// before it goes.
async fn send_range(
    stage: &Stage<'_>,
    file: &FileBody,
    range: Range<u64>,
    journal: &mut Journal,
) -> Result<(), Failure> {
    let client = stage.scene.client()?;
    let timer = &stage.scene.connection.timer;
    let is_needed = || stage.scene.is_short();
    let pace = stage.asked.bounds.reading(&is_needed);
    let mut at = range.start;
    while at < range.end {
        let whole = file.is_checked();
        let end = if whole { range.end } else { range.end.min(at.saturating_add(AHEAD)) };
        if !whole {
            file.vouch(at..end).await.map_err(|_| UNREADABLE)?;
        }
        let offset = file.offset();
        let piece = offset.saturating_add(at)..offset.saturating_add(end);
        let wait = Wait::Client(&pace);
        send_file(client, file.file(), piece, timer, wait, &mut journal.bytes_out)
            .await
            .map_err(not_taken)?;
        at = end;
    }
    Ok(())
}

/// Several parts of a body with what goes between them.
pub(super) struct Pieces {
    boundary: String,
    content_type: Option<Vec<u8>>,
    parts: Vec<Part>,
}

impl Pieces {
    /// `random` becomes the boundary.
    pub(super) fn new(parts: &[Part], head: &[u8], random: u128) -> Self {
        let content_type = StoredHead::new(head).first(FieldId::ContentType);
        Self {
            boundary: format!("{random:032x}"),
            content_type: content_type.map(<[u8]>::to_vec),
            parts: parts.to_vec(),
        }
    }

    fn frame(&self) -> Multipart<'_> {
        let content_type = self.content_type.as_deref();
        Multipart { boundary: self.boundary.as_bytes(), content_type }
    }

    pub(super) fn write_head(&self, head: &[u8], parts: &[Part], age: u32, out: &mut Vec<u8>) {
        write_parts(head, parts, &self.frame(), age, out);
    }
}

/// Sends `head` and the parts. False: the file cannot be read, and nothing was sent.
pub(super) async fn send_pieces(
    stage: &Stage<'_>,
    entry: &Entry,
    head: &[u8],
    pieces: &Pieces,
    journal: &mut Journal,
) -> Result<bool, Failure> {
    let frame = pieces.frame();
    let meta_free = |part: &Part| part.first..part.first.saturating_add(part.len());
    if let (Body::File(file), Some(first)) = (entry.body(), pieces.parts.first())
        && file.vouch(meta_free(first)).await.is_err()
    {
        return Ok(false);
    }
    let mut text = head.to_vec();
    for part in &pieces.parts {
        frame.part_head(part, &mut text);
        match entry.body() {
            Body::Memory(body) => {
                text.extend_from_slice(slice(body, meta_free(part)).unwrap_or_default());
            }
            Body::File(file) => {
                write_head(stage, &text).await?;
                text.clear();
                send_range(stage, file, meta_free(part), journal).await?;
            }
        }
    }
    frame.end(&mut text);
    write_head(stage, &text).await?;
    journal.bytes_out = frame.length(&pieces.parts);
    Ok(true)
}
