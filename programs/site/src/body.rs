//! The body of a response: bytes in memory, parts of a file read while it is sent, or both in turn
//! (multipart/byteranges).
//!
//! At most one chunk is read ahead. A file that is cut while it is sent, or changed though its
//! entity tag promised the very bytes, ends the body with an error, upon which hyper closes the
//! connection: the client sees an incomplete answer, never a wrong one.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::limits;
use crate::range::Part;
use crate::stored_file::StoredFile;
use tombolo_serve::Exchange;

/// A piece of a body.
#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    File(FilePart),
}

/// A part of a file.
#[derive(Debug, Clone)]
pub(crate) struct FilePart {
    pub(crate) file: StoredFile,
    pub(crate) part: Part,
    /// Whether the file must still be the same at the end: its tag is a strong one.
    pub(crate) unchanged: bool,
}

/// A response body of known length.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pieces: VecDeque<Piece>,
    /// Bytes not yet handed out.
    left: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    /// Held until the answer is sent.
    exchange: Option<Exchange>,
}

impl Body {
    /// A body of bytes in memory.
    pub(crate) fn of_bytes(bytes: impl Into<Bytes>) -> Self {
        let mut body = Self::default();
        body.push_bytes(bytes.into());
        body
    }

    /// Adds bytes at the end.
    pub(crate) fn push_bytes(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.left += bytes.len() as u64;
            self.pieces.push_back(Piece::Bytes(bytes));
        }
    }

    /// Adds a part of a file at the end.
    pub(crate) fn push_file(&mut self, piece: FilePart) {
        self.left += piece.part.length();
        self.pieces.push_back(Piece::File(piece));
    }

    /// Bytes not yet handed out.
    pub(crate) fn length(&self) -> u64 {
        self.left
    }

    /// Takes the content away, for an answer to HEAD.
    pub(crate) fn clear(&mut self) {
        *self = Self { exchange: self.exchange.take(), ..Self::default() };
    }

    /// Ties the body to the exchange it belongs to.
    pub(crate) fn hold(&mut self, exchange: Exchange) {
        self.exchange = Some(exchange);
    }

    /// Starts reading the next chunk if a file comes next.
    fn read_ahead(&mut self) {
        let Some(Piece::File(piece)) =
            self.pieces.pop_front_if(|piece| matches!(piece, Piece::File(_)))
        else {
            return;
        };
        let FilePart { file, part, unchanged } = piece.clone();
        let length = part.length().min(limits::CHUNK_BYTES);
        if length < part.length() {
            let rest = Part { first: part.first + length, last: part.last };
            self.pieces.push_front(Piece::File(FilePart { part: rest, ..piece }));
        }
        let check = unchanged && length == part.length();
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let bytes = file.read(part.first, usize::try_from(length).unwrap_or(0))?;
            if check {
                file.check_unchanged()?;
            }
            Ok(bytes)
        }));
    }

    fn hand_out(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.reading.is_none() {
            let bytes = self.pieces.pop_front_if(|piece| matches!(piece, Piece::Bytes(_)));
            self.read_ahead();
            if let Some(Piece::Bytes(bytes)) = bytes {
                return self.hand_out(bytes);
            }
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        match read.map_err(io::Error::other).and_then(|read| read) {
            Ok(bytes) => {
                self.read_ahead();
                self.hand_out(bytes)
            }
            Err(error) => {
                tracing::warn!(%error, left = self.left, "a file could not be sent to its end");
                self.pieces.clear();
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
