//! Reading a range of a file as a stream: the next piece is read while one is being sent.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use tokio::task::{JoinHandle, spawn_blocking};

use super::disk::Disk;
use super::files::Files;
use crate::content::{ByteStream, ContentError};
use crate::ids::ContentId;
use crate::limits;

type Piece<D> = Result<(Arc<<D as Disk>::File>, Bytes), ContentError>;

/// What is read next.
struct Reading<D: Disk> {
    files: Arc<Files<D>>,
    /// The piece that is being read, and what comes after it.
    next: Option<JoinHandle<Piece<D>>>,
    rest: Range<u64>,
}

/// The bytes of a range.
pub(super) fn stream<D: Disk>(
    files: Arc<Files<D>>,
    content: ContentId,
    range: Range<u64>,
) -> ByteStream {
    let (first, rest) = split(range);
    let reading = {
        let files = Arc::clone(&files);
        move || {
            let file = Arc::new(files.content(&content)?);
            read(&files, file, first)
        }
    };
    let next = Some(spawn_blocking(reading));
    Box::pin(stream::unfold(Reading { files, next, rest }, step))
}

async fn step<D: Disk>(
    mut reading: Reading<D>,
) -> Option<(Result<Bytes, ContentError>, Reading<D>)> {
    let piece = reading.next.take()?.await.unwrap_or(Err(ContentError::Cut));
    let (file, bytes) = match piece {
        Ok(read) => read,
        Err(error) => return Some((Err(error), reading)),
    };
    if !reading.rest.is_empty() {
        let (next, rest) = split(reading.rest.clone());
        reading.rest = rest;
        let files = Arc::clone(&reading.files);
        reading.next = Some(spawn_blocking(move || read(&files, file, next)));
    } else if bytes.is_empty() {
        return None;
    }
    Some((Ok(bytes), reading))
}

fn read<D: Disk>(files: &Files<D>, file: Arc<D::File>, range: Range<u64>) -> Piece<D> {
    let count = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; count.min(limits::READ_BYTES)];
    files.read(&file, &mut bytes, range.start)?;
    Ok((file, bytes.into()))
}

/// The first piece of a range, and the rest.
fn split(range: Range<u64>) -> (Range<u64>, Range<u64>) {
    let most = u64::try_from(limits::READ_BYTES).unwrap_or(u64::MAX);
    let middle = range.start.saturating_add(most).min(range.end);
    (range.start..middle, middle..range.end)
}
