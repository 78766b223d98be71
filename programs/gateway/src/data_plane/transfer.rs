//! Carrying a body from one socket to the other through one fixed buffer.
//!
//! The body is decoded in place and framed anew: nothing is copied, nothing is kept, and a slow
//! sink stops the reading of the source. The pieces found in one read leave in one write,
//! together with the head that goes before them.

use std::io::IoSlice;

use tokio::net::TcpStream;
use tombolo_http1::{BodyDecoder, BodyError, write};

use super::buffer::Buffer;
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
    pub(crate) timer: &'a Timer,
    /// Ticks that may pass without a byte.
    pub(crate) gap: u64,
    /// Counts the body's bytes that reached the sink.
    pub(crate) moved: &'a mut u64,
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

impl Transfer<'_> {
    /// Sends `head`, then the body to its end.
    pub(crate) async fn run(mut self, head: &[u8]) -> Result<(), TransferError> {
        let mut head = head;
        loop {
            let unsent = !head.is_empty();
            let (done, starved, consumed) =
                self.pass_on(head).await.map_err(|error| match error {
                    TransferError::Body(error) if unsent => TransferError::Unsent(error),
                    other => other,
                })?;
            head = &[];
            self.buffer.consume(consumed);
            if done {
                return Ok(());
            }
            if starved {
                self.fill().await?;
            }
        }
    }

    /// Sends what the buffer holds, framed anew, with `head` before it: one write.
    async fn pass_on(&mut self, head: &[u8]) -> Result<(bool, bool, usize), TransferError> {
        let gathered =
            gather(self.decoder, self.buffer.unread()).map_err(TransferError::Body)?;
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
        let parts = [head, chunk_head]
            .into_iter()
            .chain(gathered.pieces.into_iter().take(gathered.count))
            .chain([if framed { write::CHUNK_END } else { &[] }, last_chunk])
            .filter(|part| !part.is_empty());
        let mut slices = [IoSlice::new(&[]); PIECES + 4];
        let mut count = 0_usize;
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = IoSlice::new(part);
            count = count.saturating_add(1);
        }
        if let Some(slices) = slices.get_mut(..count)
            && count > 0
        {
            self.timer.arm(self.gap);
            write_all(self.sink, slices, self.timer, self.gap)
                .await
                .map_err(TransferError::Sink)?;
        }
        *self.moved = self.moved.saturating_add(gathered.length as u64);
        Ok((gathered.done, gathered.starved, gathered.consumed))
    }

    /// Reads more of the body.
    async fn fill(&mut self) -> Result<(), TransferError> {
        let room = self.buffer.room();
        if room.is_empty() {
            return Err(TransferError::Truncated);
        }
        let count = match self.client {
            None => {
                self.timer.arm(self.gap);
                read(self.source, room, self.timer).await
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
