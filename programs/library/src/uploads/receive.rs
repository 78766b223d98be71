//! Receiving: batches of bytes go to the disk and into the digest; what became durable is committed
//! by and by, and all of it when the request ends, however it ends.
//!
//! Runs on a task of its own: the client may be gone, and what it sent is stored all the same.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::Uploads;
use super::active::Receiver;
use super::commit::{self, Step, Stepped};
use super::digest::{Checksum, Running};
use super::intake::{self, End, Taken};
use super::limits;
use super::refusal;
use super::row::Upload;
use crate::content::{Boxed, ContentError, Writer};
use crate::limits::PART_BYTES;
use crate::problem::Problem;
use crate::transfers::Ticket;

/// A request that adds to an upload it holds.
pub(super) struct Receiving {
    pub(super) uploads: Arc<Uploads>,
    pub(super) upload: Upload,
    pub(super) writer: Box<dyn Writer>,
    /// What the client says of this request's bytes. They are committed only if it is right.
    pub(super) checksum: Option<Checksum>,
    /// Whether the upload is complete when the body ends, though its length is not known.
    pub(super) ends: bool,
    pub(super) receiver: Receiver,
    pub(super) ticket: Ticket,
}

/// How far it came.
pub(super) struct Received {
    /// Bytes that are acknowledged.
    pub(super) offset: u64,
    /// The upload, the writer and the digest, if all bytes are there and none is acknowledged
    /// beyond `offset`: to be completed.
    pub(super) whole: Option<(Box<dyn Writer>, Running, u64)>,
    /// Why the request ended before its body did.
    pub(super) refusal: Option<Problem>,
    /// Whether the client is gone.
    pub(super) is_cut: bool,
    /// To be kept until the upload is complete.
    pub(super) receiver: Receiver,
    pub(super) ticket: Ticket,
}

type Committing = Boxed<'static, Result<Stepped, Problem>>;

struct State {
    receiving: Receiving,
    digest: Running,
    /// The digest at the last multiple of [`PART_BYTES`], for a store that takes whole
    /// parts.
    mark: Option<(u64, Running)>,
    /// Bytes that were written.
    written: u64,
    /// Bytes that are acknowledged.
    committed: u64,
    /// Bytes that will be once what is under way is through.
    promised: u64,
    committing: Option<Committing>,
    last: Instant,
}

/// Ends the intake when the request ends for another reason.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Receiving {
    /// Receives a body.
    pub(super) async fn run(self, body: Body) -> Received {
        let (sender, mut batches) = mpsc::channel(limits::BATCHES_AHEAD);
        let offset = self.upload.offset;
        let room = self.upload.length.map(|length| length.saturating_sub(offset));
        let intake = tokio::spawn(intake::take(body, room, sender));
        let intake = AbortOnDrop(intake.abort_handle());
        let digest = Running::of_state(&self.upload.digest);
        let mut state = State {
            digest,
            mark: None,
            written: offset,
            committed: offset,
            promised: offset,
            committing: None,
            last: Instant::now(),
            receiving: self,
        };
        let stopped = state.receive(&mut batches).await;
        drop(intake);
        state.end(stopped).await
    }
}

/// Why no more is received.
enum Stop {
    Ended(End),
    /// Another request goes on.
    TakenOver,
    Failed(Problem),
}

impl State {
    async fn receive(&mut self, batches: &mut mpsc::Receiver<Taken>) -> Stop {
        loop {
            let uncommitted = self.written.saturating_sub(self.committed);
            let may_read =
                uncommitted < limits::UNCOMMITTED_BYTES || self.receiving.checksum.is_some();
            let due = self.last + limits::COMMIT_TIME;
            let is_due = self.written > self.promised && self.committing.is_none();
            tokio::select! {
                biased;
                () = self.receiving.receiver.stopped() => return Stop::TakenOver,
                done = pending(&mut self.committing) => {
                    self.committing = None;
                    if let Some(stop) = self.committed(done) {
                        return stop;
                    }
                }
                batch = batches.recv(), if may_read => match batch {
                    Some(Taken::Batch(batch)) => {
                        if let Err(problem) = self.write(batch).await {
                            return Stop::Failed(problem);
                        }
                    }
                    Some(Taken::End(end)) => return Stop::Ended(end),
                    None => return Stop::Ended(End::Cut),
                },
                () = sleep_until(due), if is_due => {}
            }
            self.commit_if_due();
        }
    }

    async fn write(&mut self, batch: Vec<Bytes>) -> Result<(), Problem> {
        let count: usize = batch.iter().map(Bytes::len).sum();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        // Bytes with a checksum are not noted before its end, and nothing is reserved for them.
        let waiting = self.written.saturating_sub(self.committed).saturating_add(count);
        let is_open = self.receiving.upload.length.is_none() && self.receiving.checksum.is_some();
        if is_open && waiting > limits::RESERVE_AHEAD {
            return Err(refusal::too_much_unsaid());
        }
        self.receiving.ticket.turn(count).await?;
        let (mut digest, mut checksum) = (self.digest.clone(), self.receiving.checksum.take());
        let (bytes, from) = (batch.clone(), self.written);
        // The digest costs as much as the copy to the page cache, so both go on at once.
        let digesting = spawn_blocking(move || {
            let mark = add(&mut digest, &bytes, from);
            if let Some(checksum) = &mut checksum {
                checksum.add(&bytes);
            }
            (digest, mark, checksum)
        });
        let (written, digested) = tokio::join!(self.receiving.writer.write(batch), digesting);
        let (digest, mark, checksum) = digested.map_err(ContentError::from)?;
        self.receiving.checksum = checksum;
        written?;
        self.digest = digest;
        self.mark = mark.or(self.mark.take());
        self.written = self.written.saturating_add(count);
        self.receiving.ticket.advance(count);
        Ok(())
    }

    /// Begins a commit of what was written, if it is time. Bytes with a checksum wait for the end.
    fn commit_if_due(&mut self) {
        let waiting = self.written.saturating_sub(self.promised);
        let is_due = waiting >= limits::COMMIT_BYTES || self.last.elapsed() >= limits::COMMIT_TIME;
        if waiting == 0 || !is_due || self.committing.is_some() {
            return;
        }
        if self.receiving.checksum.is_none() {
            self.committing = Some(self.commit(false));
            self.promised = self.written;
        }
        self.last = Instant::now();
    }

    /// Makes what was written durable and notes it.
    fn commit(&mut self, ends: bool) -> Committing {
        let receiving = &mut self.receiving;
        let syncing = receiving.writer.sync(ends);
        let (uploads, upload) = (Arc::clone(&receiving.uploads), receiving.upload.clone());
        let (digest, mark, written) = (self.digest.state(), self.mark.clone(), self.written);
        Box::pin(async move {
            let durable = syncing.await?;
            // An object store takes whole parts only; until one is full nothing is to be noted.
            if durable.offset != written && !ends && durable.new_parts.is_empty() {
                return Ok(Stepped::Done(upload.offset));
            }
            let holder = (!ends).then(|| uploads.replica.to_string());
            let digest = match mark {
                _ if durable.offset == written => digest,
                Some((at, mark)) if at == durable.offset => mark.state(),
                _ => Vec::new(),
            };
            let (id, owner, epoch) = (upload.id, upload.owner, upload.epoch);
            let step = Step { id, owner, epoch, durable, digest, length: upload.length, holder };
            Ok(commit::step(&uploads, step).await?)
        })
    }

    fn committed(&mut self, done: Result<Stepped, Problem>) -> Option<Stop> {
        match done {
            Ok(Stepped::Done(offset)) => {
                self.committed = self.committed.max(offset);
                None
            }
            Ok(Stepped::Stale) => Some(Stop::TakenOver),
            Ok(Stepped::Exceeded(exceeded)) => {
                Some(Stop::Failed(refusal::quota(&exceeded, limits::RESERVE_STEP)))
            }
            Err(problem) => Some(Stop::Failed(problem)),
        }
    }

    /// Stores what came, unless all of it is there or it is not what the client meant.
    async fn end(mut self, stop: Stop) -> Received {
        let mut refusal = None;
        if let Some(committing) = self.committing.take()
            && let Some(stop) = self.committed_at_end(committing.await)
        {
            refusal = Some(stop);
        }
        let is_cut = matches!(stop, Stop::Ended(End::Cut));
        let is_whole_body = matches!(stop, Stop::Ended(End::Whole));
        match stop {
            Stop::Ended(End::Whole | End::Cut) => {}
            Stop::Ended(End::Slow) => refusal = refusal.or_else(|| Some(refusal::too_slow())),
            Stop::Ended(End::Long) => {
                let length = self.receiving.upload.length.unwrap_or_default();
                refusal = Some(refusal::too_long(length));
            }
            Stop::TakenOver => {
                refusal = refusal.or_else(|| Some(refusal::taken_over(self.committed)));
            }
            Stop::Failed(problem) => refusal = refusal.or(Some(problem)),
        }
        if let Some(checksum) = self.receiving.checksum.take() {
            let is_right = is_whole_body && checksum.matches();
            if !is_right {
                let wrong = is_whole_body.then(refusal::wrong_checksum);
                let Receiving { uploads, upload, .. } = &self.receiving;
                let _ = commit::let_go(uploads, upload).await;
                return self.received(refusal.or(wrong), None, is_cut);
            }
        }
        let length = self.receiving.upload.length;
        let is_all = length == Some(self.written)
            || (length.is_none() && self.receiving.ends && is_whole_body);
        if is_all && refusal.is_none() {
            let (digest, written) = (self.digest.clone(), self.written);
            return self.received(None, Some((digest, written)), is_cut);
        }
        let committing = self.commit(true);
        let stop = self.committed_at_end(committing.await);
        self.received(refusal.or(stop), None, is_cut)
    }

    fn committed_at_end(&mut self, done: Result<Stepped, Problem>) -> Option<Problem> {
        match self.committed(done)? {
            Stop::TakenOver => Some(refusal::taken_over(self.committed)),
            Stop::Failed(problem) => Some(problem),
            Stop::Ended(_) => None,
        }
    }

    fn received(
        self,
        refusal: Option<Problem>,
        whole: Option<(Running, u64)>,
        is_cut: bool,
    ) -> Received {
        let Receiving { writer, receiver, ticket, .. } = self.receiving;
        let whole = whole.map(|(digest, length)| (writer, digest, length));
        Received { offset: self.committed, whole, refusal, is_cut, receiver, ticket }
    }
}

/// Adds bytes to a digest; what it was at the last multiple of a part's size, if one was passed.
fn add(digest: &mut Running, bytes: &[Bytes], from: u64) -> Option<(u64, Running)> {
    let part = u64::try_from(PART_BYTES).unwrap_or(u64::MAX);
    let count: u64 = bytes.iter().filter_map(|piece| u64::try_from(piece.len()).ok()).sum();
    let end = from.saturating_add(count);
    let at = end.saturating_sub(end.checked_rem(part).unwrap_or_default());
    if at <= from {
        digest.add(bytes);
        return None;
    }
    let mut left = usize::try_from(at.saturating_sub(from)).unwrap_or(usize::MAX);
    let mut mark = None;
    for piece in bytes {
        let mut rest = piece.clone();
        let first = rest.split_to(left.min(rest.len()));
        left = left.saturating_sub(first.len());
        digest.add(&[first]);
        if left == 0 && mark.is_none() {
            mark = Some((at, digest.clone()));
        }
        digest.add(&[rest]);
    }
    mark
}

/// What is under way, or for ever.
async fn pending(committing: &mut Option<Committing>) -> Result<Stepped, Problem> {
    match committing {
        Some(committing) => committing.await,
        None => std::future::pending().await,
    }
}
