//! A response's body made of pieces: bytes that are at hand, and ranges of content that are read as
//! they are sent. It holds one read of content at a time, so what a download costs does not depend
//! on its length.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tombolo_serve::Exchange;

use super::read::{Read, length};
use crate::content::Content;
use crate::ids::ContentId;
use crate::transfers::{Pass, Short, Ticket};

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Bytes(Bytes),
    Content(Range<u64>),
}

impl Piece {
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => length(bytes),
            Self::Content(range) => range.end.saturating_sub(range.start),
        }
    }
}

/// A body that is cut in its middle: the client sees that it is not whole.
pub(super) fn cut(short: Short) -> io::Error {
    match short {
        Short::Exceeded { used, limit } => {
            tracing::info!(used, limit, "a download was cut: the plan allows no more this month");
            io::Error::other("the plan allows no more this month")
        }
        Short::Database(error) => {
            tracing::warn!(%error, "a download was cut: what the plan allows cannot be asked");
            io::Error::other("what the plan allows cannot be asked")
        }
    }
}

/// The body of a download.
pub(super) struct Download {
    content: Arc<dyn Content>,
    id: ContentId,
    pieces: VecDeque<Piece>,
    reading: Option<Read>,
    /// Bytes that wait for their turn.
    ready: Option<Bytes>,
    left: u64,
    ticket: Ticket,
    _pass: Pass,
    _exchange: Option<Exchange>,
}

impl Download {
    pub(super) fn new(
        content: Arc<dyn Content>,
        id: ContentId,
        pieces: Vec<Piece>,
        (ticket, pass): (Ticket, Pass),
        exchange: Option<Exchange>,
    ) -> Self {
        let left = pieces.iter().map(Piece::length).fold(0, u64::saturating_add);
        let (reading, ready) = (None, None);
        let pieces = pieces.into();
        Self { content, id, pieces, reading, ready, left, ticket, _pass: pass, _exchange: exchange }
    }

    /// The next bytes, whoever's turn it is.
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                if let Some(bytes) = ready!(reading.poll_next(context)) {
                    return Poll::Ready(Some(bytes));
                }
                self.reading = None;
            }
            match self.pieces.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Some(Piece::Content(range)) => {
                    self.reading = Some(Read::begin(&*self.content, self.id, range));
                }
            }
        }
    }
}

impl http_body::Body for Download {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.ready.is_none() {
            match ready!(this.poll_bytes(context)) {
                Some(Ok(bytes)) => this.ready = Some(bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let bytes = this.ready.as_ref().map_or(0, length);
        ready!(this.ticket.poll_turn(bytes, context)).map_err(cut)?;
        this.ticket.advance(bytes);
        this.left = this.left.saturating_sub(bytes);
        if this.left == 0 {
            // The last bytes are on their way to the socket; nobody asks again.
            this.ticket.sent_all();
        }
        Poll::Ready(this.ready.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
