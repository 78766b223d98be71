//! Bytes of one direction: read when they are there, written before more are read, and the end
//! passed on.
//!
//! Small amounts go through a borrowed chunk, which is given back as soon as it is empty and
//! nothing more is there. Who fills chunk after chunk gets a pipe, if there is one, and its bytes
//! stay inside the kernel (splice(2)).

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use rustix::net::SendFlags;
use tokio::net::TcpStream;

use super::chunk::{Chunk, Chunks};
use crate::data_plane::{Borrowed, Pipes, half_close, poll_read_now, poll_write_now};

/// Reads in a row that filled their chunk, after which a pipe is borrowed: 64 KiB at once.
const BULK: u32 = 4;

/// A pipe that moves less at a time is given back.
const WORTHWHILE: usize = 16 * 1024;

/// Steps a direction takes before the other one and other connections have their turn.
const STEPS: u32 = 16;

/// How far a direction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Bytes may come.
    Open,
    /// The sink takes nothing more. What comes is thrown away, so that what the sink sent before
    /// still reaches the source: closing on unread bytes would reset it away.
    Lost,
    /// The source has ended, and the sink knows.
    Ended,
}

/// One direction of a connection.
pub(super) struct Direction<'c> {
    source: &'c TcpStream,
    sink: &'c TcpStream,
    chunks: &'c Chunks,
    pipes: &'c Pipes,
    chunk: Option<Chunk>,
    pipe: Option<Borrowed<'c>>,
    /// Reads in a row that filled their chunk.
    full: u32,
    pub(super) stage: Stage,
    /// Bytes that the sink took.
    pub(super) moved: u64,
}

impl<'c> Direction<'c> {
    pub(super) fn new(
        (source, sink): (&'c TcpStream, &'c TcpStream),
        (chunks, pipes): (&'c Chunks, &'c Pipes),
        first: Option<Chunk>,
    ) -> Self {
        let (stage, full, moved) = (Stage::Open, 0, 0);
        Self { source, sink, chunks, pipes, chunk: first, pipe: None, full, stage, moved }
    }

    /// Whether bytes were read that the sink has not taken.
    pub(super) fn holds_bytes(&self) -> bool {
        self.chunk.as_ref().is_some_and(|chunk| !chunk.is_empty())
            || self.pipe.as_ref().is_some_and(|pipe| pipe.held() > 0)
    }

    /// Moves what can be moved now; ready when the source has ended.
    ///
    /// # Errors
    /// When the source fails.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..STEPS {
            match self.stage {
                Stage::Ended => return Poll::Ready(Ok(())),
                Stage::Lost => ready!(self.throw_away(cx))?,
                Stage::Open if self.holds_bytes() => match ready!(self.poll_write(cx)) {
                    Ok(count) => self.moved = self.moved.saturating_add(count as u64),
                    Err(_) => self.lose(),
                },
                Stage::Open => ready!(self.poll_read(cx))?,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(pipe) = &mut self.pipe {
            return pipe.poll_drain(self.sink, false, cx);
        }
        let Some(chunk) = &mut self.chunk else { return Poll::Ready(Ok(0)) };
        let bytes = [IoSlice::new(chunk.unwritten())];
        let count = ready!(poll_write_now(self.sink, &bytes, SendFlags::NOSIGNAL, cx))?;
        chunk.written(count);
        Poll::Ready(Ok(count))
    }

    /// Reads more; nothing is held when it is called, nor when it is pending.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.source.poll_read_ready(cx).is_pending() {
            self.rest();
            return Poll::Pending;
        }
        if self.full >= BULK && self.pipe.is_none() {
            self.pipe = self.pipes.borrow();
        }
        if let Some(pipe) = self.pipe.as_mut() {
            self.chunk.take().into_iter().for_each(|chunk| self.chunks.give(chunk));
            let Poll::Ready(read) = pipe.poll_fill(self.source, usize::MAX, cx) else {
                self.rest();
                return Poll::Pending;
            };
            let count = read?;
            if count < WORTHWHILE {
                self.full = 0;
            }
            self.pass_on(count);
            return Poll::Ready(Ok(()));
        }
        let chunk = self.chunk.get_or_insert_with(|| self.chunks.take());
        let room = chunk.room().len();
        let Poll::Ready(read) = poll_read_now(self.source, chunk.room(), cx) else {
            self.rest();
            return Poll::Pending;
        };
        let count = read?;
        chunk.read(count);
        self.full = if count == room { self.full.saturating_add(1) } else { 0 };
        self.pass_on(count);
        Poll::Ready(Ok(()))
    }

    /// Nothing read is the end.
    fn pass_on(&mut self, count: usize) {
        if count == 0 {
            self.rest();
            self.stage = Stage::Ended;
            half_close(self.sink);
        }
    }

    fn throw_away(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let chunk = self.chunk.get_or_insert_with(|| self.chunks.take());
        let Poll::Ready(read) = poll_read_now(self.source, chunk.room(), cx) else {
            self.rest();
            return Poll::Pending;
        };
        if read? == 0 {
            self.rest();
            self.stage = Stage::Ended;
        }
        Poll::Ready(Ok(()))
    }

    /// The sink takes nothing more: what is held is nobody's.
    fn lose(&mut self) {
        self.chunk = None;
        self.pipe = None;
        self.stage = Stage::Lost;
    }

    /// Gives back what is held for the bytes; there are none.
    fn rest(&mut self) {
        self.pipe = None;
        self.chunk.take().into_iter().for_each(|chunk| self.chunks.give(chunk));
    }
}
