//! Large bodies of known length go from socket to socket inside the kernel (splice(2)), through a
//! pipe, without being copied to this process and back.
//!
//! A pipe costs two descriptors and kernel memory, so each thread keeps a few and lends them out;
//! a body that finds none is carried through the buffer as usual.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::pace::{Pace, Wait};
use super::stream::{Stop, Watch};
use super::timers::Timer;
use super::transfer::TransferError;

/// Bytes still to come from which on a pipe pays.
pub(super) const WORTHWHILE: u64 = 256 * 1024;

/// Pipes a thread has at most, lent out and spare.
const MOST: usize = 64;

/// Spare pipes a thread keeps.
const SPARE: usize = 8;

/// Bytes asked of the kernel for a pipe; it may give less.
const CAPACITY: usize = 512 * 1024;

/// Bytes moved at most by one call.
const AT_ONCE: usize = 1024 * 1024;

struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

/// A thread's pipes.
pub(crate) struct Pipes {
    spare: RefCell<Vec<Pipe>>,
    lent: Cell<usize>,
}

impl Pipes {
    pub(crate) fn new() -> Self {
        Self { spare: RefCell::new(Vec::new()), lent: Cell::new(0) }
    }

    /// A pipe, if one is to be had.
    pub(crate) fn borrow(&self) -> Option<Borrowed<'_>> {
        if self.lent.get() >= MOST {
            return None;
        }
        let spare = self.spare.borrow_mut().pop();
        let pipe = spare.or_else(open)?;
        self.lent.set(self.lent.get().saturating_add(1));
        Some(Borrowed { pipes: self, pipe: Some(pipe), held: 0 })
    }
}

fn open() -> Option<Pipe> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
    // Less than asked for is slower, not wrong.
    let _ = fcntl_setpipe_size(&writer, CAPACITY);
    Some(Pipe { reader, writer })
}

/// A pipe that is in use.
pub(crate) struct Borrowed<'p> {
    pipes: &'p Pipes,
    pipe: Option<Pipe>,
    /// Bytes in the pipe.
    held: usize,
}

impl Borrowed<'_> {
    /// Bytes in the pipe.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Moves at most `most` bytes of what the source has into the pipe. `Ok(0)` is the end of the
    /// source, as long as there is room in the pipe.
    pub(crate) fn poll_fill(
        &mut self,
        source: &TcpStream,
        most: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let pipe = self.pipe.as_ref();
        let moved = poll_splice(source, Interest::READABLE, cx, || {
            let Some(Pipe { writer, .. }) = pipe else { return Ok(0) };
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            Ok(splice(source, None, writer, None, most.min(AT_ONCE), flags)?)
        });
        let count = ready!(moved)?;
        self.held = self.held.saturating_add(count);
        Poll::Ready(Ok(count))
    }

    /// Moves what the pipe holds to the sink; `more`: further bytes follow soon.
    pub(crate) fn poll_drain(
        &mut self,
        sink: &TcpStream,
        more: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let (pipe, held) = (self.pipe.as_ref(), self.held);
        let moved = poll_splice(sink, Interest::WRITABLE, cx, || {
            let Some(Pipe { reader, .. }) = pipe else { return Ok(0) };
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            let flags = if more { flags | SpliceFlags::MORE } else { flags };
            Ok(splice(reader, None, sink, None, held, flags)?)
        });
        let count = ready!(moved)?;
        self.held = self.held.saturating_sub(count);
        Poll::Ready(Ok(count))
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.pipes.lent.set(self.pipes.lent.get().saturating_sub(1));
        let mut spare = self.pipes.spare.borrow_mut();
        // A pipe with bytes in it belongs to a body that failed: those bytes are nobody's.
        if self.held == 0
            && spare.len() < SPARE
            && let Some(pipe) = self.pipe.take()
        {
            spare.push(pipe);
        }
    }
}

/// A body of known length on its way through a pipe.
pub(super) struct Splice<'a> {
    pub(super) source: &'a TcpStream,
    pub(super) sink: &'a TcpStream,
    pub(super) client: Option<&'a Watch<'a>>,
    pub(super) timer: &'a Timer,
    /// Ticks that may pass without a byte from or to the server.
    pub(super) gap: u64,
    /// What is asked of the client.
    pub(super) pace: &'a Pace<'a>,
    /// Counts the bytes that reached the sink.
    pub(super) moved: &'a mut u64,
}

impl Splice<'_> {
    /// Moves `remaining` bytes.
    pub(super) async fn run(
        self,
        mut pipe: Borrowed<'_>,
        mut remaining: u64,
    ) -> Result<(), TransferError> {
        while remaining > 0 {
            let gap = self.client.map_or(self.pace.gap, |client| client.patience(self.gap));
            self.timer.arm(gap);
            let began = self.timer.now();
            let count = poll_fn(|cx| self.poll_fill(&mut pipe, remaining, cx)).await?;
            if self.client.is_none() {
                self.pace.moved(self.timer, began, count).map_err(TransferError::Source)?;
            }
            remaining = remaining.saturating_sub(count as u64);
            while pipe.held > 0 {
                let wait = self.wait();
                wait.begin(self.timer);
                let began = self.timer.now();
                let more = remaining > 0;
                let count = poll_fn(|cx| self.poll_drain(&mut pipe, more, cx)).await?;
                wait.moved(self.timer, began, count).map_err(TransferError::Sink)?;
                *self.moved = self.moved.saturating_add(count as u64);
            }
        }
        Ok(())
    }

    /// How the sink is waited for.
    fn wait(&self) -> Wait<'_> {
        if self.client.is_some() { Wait::Client(self.pace) } else { Wait::Gap(self.gap) }
    }

    fn poll_fill(
        &self,
        pipe: &mut Borrowed<'_>,
        remaining: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, TransferError>> {
        let most = usize::try_from(remaining).unwrap_or(AT_ONCE);
        match pipe.poll_fill(self.source, most, cx) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(TransferError::Truncated)),
            Poll::Ready(Ok(count)) => Poll::Ready(Ok(count)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(TransferError::Source(Stop::Failed(error)))),
            Poll::Pending => {
                if let Some(client) = self.client {
                    client.look(self.timer, cx);
                }
                self.timer.poll_expired(cx).map(|()| Err(TransferError::Source(Stop::Expired)))
            }
        }
    }

    fn poll_drain(
        &self,
        pipe: &mut Borrowed<'_>,
        more: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, TransferError>> {
        match pipe.poll_drain(self.sink, more, cx) {
            Poll::Ready(Ok(count)) => Poll::Ready(Ok(count)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(TransferError::Sink(Stop::Failed(error)))),
            Poll::Pending => {
                let over = self.wait().poll_over(self.timer, cx);
                over.map(|stop| Err(TransferError::Sink(stop)))
            }
        }
    }
}

/// Runs `step` when the socket is ready for it, until it moves bytes or fails.
fn poll_splice(
    socket: &TcpStream,
    interest: Interest,
    cx: &mut Context<'_>,
    mut step: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        if interest.is_readable() {
            ready!(socket.poll_read_ready(cx))?;
        } else {
            ready!(socket.poll_write_ready(cx))?;
        }
        match socket.try_io(interest, &mut step) {
            Ok(count) => return Poll::Ready(Ok(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}
