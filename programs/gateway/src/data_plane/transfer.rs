//! Carrying a body from one socket to the other through one fixed buffer.
//!
//! The body is decoded in place and framed anew: nothing is copied, nothing is kept, and a slow
//! sink stops the reading of the source. The pieces found in one read leave in one write,
//! together with the head that goes before them.

use std::io::IoSlice;

use tokio::net::TcpStream;
use tombolo_http1::{BodyDecoder, BodyError, write};

use super::buffer::Buffer;
use super::pace::{Pace, Wait};
use super::rounds::{TO_CLIENT, TO_UPSTREAM, give_way};
use super::splice::{Borrowed, Pipes, Splice, WORTHWHILE};
use super::stream::{Stop, Watch, read, read_for, write_all};
use super::timers::Timer;

/// Chunks of one read that leave in one write.
const PIECES: usize = 16;

/// Why a body did not reach its end, and on which side.
#[derive(Debug)]
pub(crate) enum TransferError {
    /// The source failed or its deadline passed.
    Source(Stop),
    /// The source ended before the body did.
    Truncated,
    /// The source broke the rules of framing, or a limit.
    Body(BodyError),
    /// The same, before anything was sent: not even the head.
    Unsent(BodyError),
    /// The sink failed or its deadline passed.
    Sink(Stop),
}

/// A body on its way from `source` to `sink`.
pub(crate) struct Transfer<'a> {
    pub(crate) source: &'a TcpStream,
    pub(crate) sink: &'a TcpStream,
    /// The client an answer is for: an answer nobody waits for is given up.
    pub(crate) client: Option<&'a Watch<'a>>,
    pub(crate) buffer: &'a mut Buffer,
    pub(crate) decoder: &'a mut BodyDecoder,
    /// Frames the body as chunks towards the sink; otherwise the bytes go as they are.
    pub(crate) chunked: bool,
    /// Passes trailer fields on (only chunks can carry them).
    pub(crate) trailers: bool,
    /// Where chunk heads and trailers are written.
    pub(crate) scratch: &'a mut Vec<u8>,
    /// The thread's pipes, for bodies that are worth one.
    pub(crate) pipes: &'a Pipes,
    pub(crate) timer: &'a Timer,
    /// Ticks that may pass without a byte from or to the server.
    pub(crate) gap: u64,
    /// What is asked of the client.
    pub(crate) pace: &'a Pace<'a>,
    /// Counts the body's bytes that reached the sink.
    pub(crate) moved: &'a mut u64,
}

/// Body bytes up to which a copy behind the head is cheaper than a vectored write.
pub(super) const JOINED: usize = 4096;

/// What one pass over the buffer came to.
struct Step {
    done: bool,
    starved: bool,
    consumed: usize,
}

/// Decoded pieces of what the buffer holds.
struct Gathered<'b> {
    pieces: [&'b [u8]; PIECES],
    count: usize,
    length: usize,
    consumed: usize,
    done: bool,
    /// The buffer holds nothing more that could be decoded.
    starved: bool,
}

impl<'a> Transfer<'a> {
    /// Sends `head`, then the body to its end. `head` is left as it was. Gives the buffer back.
    pub(crate) async fn run(
        mut self,
        head: &mut Vec<u8>,
    ) -> (Result<(), TransferError>, &'a mut Buffer) {
        let kept = head.len();
        let mut unsent = kept;
        let ended = loop {
            let step = match self.pass_on(head, unsent).await {
                Ok(step) => step,
                Err(TransferError::Body(error)) if unsent > 0 => {
                    break Err(TransferError::Unsent(error));
                }
                Err(error) => break Err(error),
            };
            unsent = 0;
            self.buffer.consume(step.consumed);
            if step.done {
                break Ok(());
            }
            if !step.starved {
                continue;
            }
            if let Some((pipe, length)) = self.pipe() {
                break self.splice(pipe, length).await;
            }
            if let Err(error) = self.fill().await {
                break Err(error);
            }
        };
        head.truncate(kept);
        (ended, self.buffer)
    }

    /// Sends what the buffer holds, framed anew, with the first `unsent` bytes of `head` before
    /// it: one write. A short message is joined behind the head, a long one left where it is.
    async fn pass_on(&mut self, head: &mut Vec<u8>, unsent: usize) -> Result<Step, TransferError> {
        let gathered = gather(self.decoder, self.buffer.unread()).map_err(TransferError::Body)?;
        let step =
            Step { done: gathered.done, starved: gathered.starved, consumed: gathered.consumed };
        let framed = self.chunked && gathered.length > 0;
        self.scratch.clear();
        if framed {
            write::chunk_head(self.scratch, gathered.length);
        }
        let chunk_head_length = self.scratch.len();
        if self.chunked && gathered.done {
            let trailers = if self.trailers { self.decoder.trailers() } else { &[] };
            write::last_chunk(self.scratch, trailers);
        }
        let (chunk_head, last_chunk) =
            self.scratch.split_at_checked(chunk_head_length).unwrap_or_default();
        let crlf = if framed { write::CHUNK_END } else { &[] };
        let body = [chunk_head]
            .into_iter()
            .chain(gathered.pieces.into_iter().take(gathered.count))
            .chain([crlf, last_chunk]);
        let length = gathered.length;
        let wait = self.wait();
        // Before anything is waited for: the deadline from before may have passed, such as that of a
        // server that could not be connected to.
        wait.begin(self.timer);
        if length <= JOINED {
            head.truncate(unsent);
            body.for_each(|part| head.extend_from_slice(part));
            let mut slices = [IoSlice::new(head)];
            give_way(if self.client.is_some() { TO_CLIENT } else { TO_UPSTREAM }).await;
            write_all(self.sink, &mut slices, self.timer, wait).await
        } else {
            let mut slices = [IoSlice::new(&[]); PIECES + 4];
            let parts = head.get(..unsent).into_iter().chain(body);
            for (slice, part) in slices.iter_mut().zip(parts.filter(|part| !part.is_empty())) {
                *slice = IoSlice::new(part);
            }
            let used = slices.iter().take_while(|slice| !slice.is_empty()).count();
            let slices = slices.get_mut(..used).unwrap_or_default();
            write_all(self.sink, slices, self.timer, wait).await
        }
        .map_err(TransferError::Sink)?;
        *self.moved = self.moved.saturating_add(length as u64);
        Ok(step)
    }

    /// How the sink is waited for.
    fn wait(&self) -> Wait<'a> {
        if self.client.is_some() { Wait::Client(self.pace) } else { Wait::Gap(self.gap) }
    }

    /// A pipe for the rest of the body, where that pays.
    fn pipe(&self) -> Option<(Borrowed<'a>, u64)> {
        let length = self.decoder.remaining_length()?;
        if self.chunked || length < WORTHWHILE || !self.buffer.is_empty() {
            return None;
        }
        Some((self.pipes.borrow()?, length))
    }

    /// Moves the rest of the body inside the kernel.
    async fn splice(&mut self, pipe: Borrowed<'a>, length: u64) -> Result<(), TransferError> {
        let splice = Splice {
            source: self.source,
            sink: self.sink,
            client: self.client,
            timer: self.timer,
            gap: self.gap,
            pace: self.pace,
            moved: self.moved,
        };
        splice.run(pipe, length).await?;
        self.decoder.advance(length);
        Ok(())
    }

    /// Reads more of the body.
    async fn fill(&mut self) -> Result<(), TransferError> {
        let room = self.buffer.room();
        if room.is_empty() {
            return Err(TransferError::Truncated);
        }
        let count = match self.client {
            None => {
                self.timer.arm(self.pace.gap);
                let began = self.timer.now();
                let count = read(self.source, room, self.timer).await;
                let pace = |count| self.pace.moved(self.timer, began, count).map(|()| count);
                count.and_then(pace)
            }
            Some(client) => {
                self.timer.arm(client.patience(self.gap));
                read_for(client, self.source, room, self.timer).await
            }
        };
        match count {
            Ok(0) => match self.decoder.finish() {
                Ok(()) => Ok(()),
                Err(_) => Err(TransferError::Truncated),
            },
            Ok(count) => {
                self.buffer.filled(count);
                Ok(())
            }
            Err(stop) => Err(TransferError::Source(stop)),
        }
    }
}

/// Decodes as many pieces as fit in one write.
fn gather<'b>(decoder: &mut BodyDecoder, unread: &'b [u8]) -> Result<Gathered<'b>, BodyError> {
    let mut gathered = Gathered {
        pieces: [&[]; PIECES],
        count: 0,
        length: 0,
        consumed: 0,
        done: decoder.is_done(),
        starved: false,
    };
    while !gathered.done {
        let Some(slot) = gathered.pieces.get_mut(gathered.count) else { break };
        let input = unread.get(gathered.consumed..).unwrap_or_default();
        let piece = decoder.next(input)?;
        gathered.consumed = gathered.consumed.saturating_add(piece.consumed);
        gathered.done = piece.done;
        if !piece.data.is_empty() {
            *slot = piece.data;
            gathered.count = gathered.count.saturating_add(1);
            gathered.length = gathered.length.saturating_add(piece.data.len());
        }
        if piece.consumed == 0 && !piece.done {
            gathered.starved = true;
            break;
        }
    }
    Ok(gathered)
}
