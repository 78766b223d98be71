//! A response that is still coming in, to a client: from its first byte on, as fast as the client
//! takes it.

use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use tombolo_cache::metadata::Metadata;
use tombolo_cache::store::{Reader, Released};
use tombolo_http1::{Framing, Method, Version, write};

use super::Stage;
use super::serve::finish_head;
use crate::control_plane::Bounds;
use crate::data_plane::{Next, Pace, Wait, Watch, Workspace, reset_on_close, write_all};
use crate::exchange::journal::Journal;
use crate::exchange::relay::why_not_taken;
use crate::exchange::{Failure, Scene};

/// Ticks beyond the gap that upstream is given: it is the fill that says what went wrong.
const LONGER: u64 = 20;

/// Answers with a response that another's request brings.
pub(super) async fn serve(
    stage: &Stage<'_>,
    workspace: &mut Workspace,
    mut reader: Reader,
    meta: &Metadata,
    age: u32,
    journal: &mut Journal,
) -> Result<Next, Failure> {
    let framing = match reader.expected() {
        Some(length) => Framing::Length(length),
        None if stage.asked.version == Version::Http10 => Framing::UntilClose,
        None => Framing::Chunked,
    };
    let answer = &mut workspace.answer;
    answer.clear();
    answer.extend_from_slice(reader.front().head());
    if meta.status != 204 {
        write::framing(answer, framing);
    }
    tombolo_cache::answer::write_age(age, answer);
    let next = if framing == Framing::UntilClose {
        let closing = crate::exchange::guard::Asked { keep_alive: false, ..*stage.asked };
        finish_head(&Stage { asked: &closing, ..*stage }, answer, journal)
    } else {
        finish_head(stage, answer, journal)
    };
    journal.status = meta.status;
    let bounds = stage.asked.bounds;
    let passage = Passage { skip: 0, take: None, framing, bounds };
    if stage.asked.method == Method::Head {
        return Ok(next);
    }
    journal.downloads();
    stream(stage.scene, &mut reader, passage, answer, journal).await?;
    Ok(next)
}

/// What of a fill goes to a client, and in what frame.
#[derive(Clone, Copy)]
pub(super) struct Passage {
    /// Bytes at the front that are left out.
    pub(super) skip: u64,
    /// Bytes after them that are sent; none: all.
    pub(super) take: Option<u64>,
    pub(super) framing: Framing,
    /// What the exchange may take.
    pub(super) bounds: Bounds,
}

/// Sends `head`, then what the reader brings.
pub(super) async fn stream(
    scene: &Scene<'_>,
    reader: &mut Reader,
    passage: Passage,
    head: &[u8],
    journal: &mut Journal,
) -> Result<(), Failure> {
    let client = scene.client()?;
    let watch = Watch::new(Some(client));
    watch.begin();
    let ended = carry(scene, reader, passage, head, &watch, journal).await;
    if ended.is_err() && passage.framing == Framing::UntilClose {
        reset_on_close(client);
    }
    ended
}

async fn carry(
    scene: &Scene<'_>,
    reader: &mut Reader,
    passage: Passage,
    head: &[u8],
    watch: &Watch<'_>,
    journal: &mut Journal,
) -> Result<(), Failure> {
    let (mut skip, mut left) = (passage.skip, passage.take.unwrap_or(u64::MAX));
    let mut unsent = head;
    let chunked = passage.framing == Framing::Chunked;
    let is_needed = || scene.is_short();
    let pace = passage.bounds.reading(&is_needed);
    let mut size = Vec::with_capacity(20);
    while left > 0 {
        // The head does not wait for a body that is slow to come.
        let bytes = match next(scene, reader, watch, &passage, !unsent.is_empty()).await? {
            Got::Nothing => Bytes::new(),
            Got::End => break,
            Got::Bytes(bytes) => bytes,
        };
        let from = usize::try_from(skip).unwrap_or(usize::MAX).min(bytes.len());
        skip = skip.saturating_sub(from as u64);
        let piece = bytes.get(from..).unwrap_or_default();
        let piece = piece.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(piece);
        left = left.saturating_sub(piece.len() as u64);
        if piece.is_empty() && unsent.is_empty() {
            continue;
        }
        size.clear();
        if chunked && !piece.is_empty() {
            write::chunk_head(&mut size, piece.len());
        }
        let end = if size.is_empty() { &[] } else { write::CHUNK_END };
        send(scene, &mut [unsent, &size, piece, end].map(IoSlice::new), &pace).await?;
        unsent = &[];
        journal.bytes_out = journal.bytes_out.saturating_add(piece.len() as u64);
    }
    size.clear();
    if chunked {
        write::last_chunk(&mut size, &[]);
    }
    send(scene, &mut [unsent, &size].map(IoSlice::new), &pace).await
}

async fn send(
    scene: &Scene<'_>,
    slices: &mut [IoSlice<'_>],
    pace: &Pace<'_>,
) -> Result<(), Failure> {
    let sent = write_all(scene.client()?, slices, &scene.connection.timer, Wait::Client(pace));
    sent.await.map_err(|stop| Failure::Cut(why_not_taken(&stop)))
}

/// What came next.
enum Got {
    Bytes(Bytes),
    /// Nothing yet, and not to be waited for.
    Nothing,
    End,
}

/// The next bytes, while an eye is kept on the client.
async fn next(
    scene: &Scene<'_>,
    reader: &mut Reader,
    watch: &Watch<'_>,
    passage: &Passage,
    hasty: bool,
) -> Result<Got, Failure> {
    let timer = &scene.connection.timer;
    timer.arm(watch.patience(passage.bounds.body_gap).saturating_add(LONGER));
    let mut coming = pin!(reader.next());
    let came = poll_fn(|cx| {
        if let Poll::Ready(came) = coming.as_mut().poll(cx) {
            return Poll::Ready(Ok(came));
        }
        if hasty {
            return Poll::Ready(Err(None));
        }
        watch.look(timer, cx);
        timer.poll_expired(cx).map(|()| Err(Some("the response stopped coming")))
    })
    .await;
    match came {
        Ok(Ok(Some(bytes))) => Ok(Got::Bytes(bytes)),
        Ok(Ok(None)) => Ok(Got::End),
        Ok(Err(released)) => Err(Failure::Cut(why_cut(released))),
        Err(None) => Ok(Got::Nothing),
        Err(Some(_)) if watch.has_ended() => {
            Err(Failure::Cut("the client went away in the middle of its response"))
        }
        Err(Some(why)) => Err(Failure::Cut(why)),
    }
}

fn why_cut(released: Released) -> &'static str {
    match released {
        Released::NotStorable | Released::Failed => {
            "the upstream failed in the middle of its response"
        }
        Released::GivenUp => "the response was given up in its middle",
        Released::Disk => "the cache's disk failed under a response that was coming in",
    }
}
