//! A connection's bytes under watch: a head that drips in, a client that says nothing and a reader
//! that takes nothing are cut off.
//!
//! hyper has one deadline, for the head, which would run on idle connections too; a gateway keeps
//! those open for much longer than a head may take. So the deadlines are kept here, beneath hyper.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tombolo_daemon::memory;

use crate::interim::Interim;
use crate::limits;

/// How long a connection may wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the first byte of a request.
    pub idle: Duration,
    /// From there to the end of its head.
    pub head: Duration,
    /// For the client to take [`limits::WRITE_LEAST_BYTES`] of the answer, or all that waits.
    pub write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: limits::IDLE_TIME, head: limits::HEAD_TIME, write: limits::WRITE_STALL_TIME }
    }
}

/// How many requests a connection has begun to answer, and how many it has answered.
#[derive(Debug, Default)]
struct Count {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// Makes the [`Exchange`]s of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchanges(Arc<Count>, Interim);

impl Exchanges {
    /// A request's head has been read.
    pub(crate) fn begin(&self) -> Exchange {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        let turn = self.1.begin();
        Exchange { _mark: Arc::new(Mark(Arc::clone(&self.0))), interim: self.1.clone(), turn }
    }

    /// The response to it is there.
    pub(crate) fn answered(&self) {
        self.1.end();
    }
}

/// Tells the watch of a connection that a request is being answered, until its last clone is
/// dropped. Keep one with the body of the response, or with the connection after an upgrade.
#[derive(Debug, Clone)]
pub struct Exchange {
    _mark: Arc<Mark>,
    interim: Interim,
    turn: u64,
}

impl Exchange {
    /// Sends an interim response (1xx) to a client of HTTP/1.1, unless the response is there already.
    pub fn tell(&self, status: StatusCode, fields: &[(HeaderName, HeaderValue)]) {
        self.interim.tell(self.turn, status, fields);
    }
}

#[derive(Debug)]
struct Mark(Arc<Count>);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is being waited for on the reading side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Exchange,
}

/// A TCP connection under watch.
#[derive(Debug)]
pub(crate) struct Watched {
    stream: TcpStream,
    patience: Patience,
    exchanges: Exchanges,
    /// Exchanges that had ended at the last look.
    answered: u64,
    phase: Phase,
    reading: Deadline,
    writing: Deadline,
    /// What the client has taken since the deadline was set, in bytes.
    taken: usize,
    /// Of an interim response, what was begun to be written and goes before all else.
    begun: Vec<u8>,
}

impl Watched {
    /// Watches a connection; its service marks exchanges by `exchanges`.
    pub(crate) fn new(stream: TcpStream, patience: Patience, exchanges: Exchanges) -> Self {
        let mut reading = Deadline::default();
        reading.set(patience.idle);
        Self {
            stream,
            patience,
            exchanges,
            answered: 0,
            phase: Phase::Idle,
            reading,
            writing: Deadline::default(),
            taken: 0,
            begun: Vec::new(),
        }
    }

    /// Writes what was begun of interim responses.
    fn write_begun(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.begun.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(context, &self.begun);
            match self.watch_write(written, context) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => drop(self.begun.drain(..count.min(self.begun.len()))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Follows the service from one phase to the next. A whole exchange may have gone by since
    /// the last look, hence the counts.
    fn follow(&mut self) {
        let ended = self.exchanges.0.ended.load(Ordering::Relaxed);
        if self.exchanges.0.begun.load(Ordering::Relaxed) != ended {
            self.phase = Phase::Exchange;
            self.reading.clear();
        } else if self.answered != ended {
            self.answered = ended;
            self.phase = Phase::Idle;
            self.reading.set(self.patience.idle);
        }
    }

    /// Keeps the watch over one attempt to write.
    fn watch_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(taken) = &written {
            // A few bytes now and then do not put the deadline off: they would hold the connection,
            // and what waits for it, for ever.
            self.taken = self.taken.saturating_add(*taken.as_ref().unwrap_or(&0));
            if self.taken >= limits::WRITE_LEAST_BYTES {
                self.writing.clear();
                self.taken = 0;
            }
            return written;
        }
        if self.writing.set_if_clear(self.patience.write) {
            self.taken = 0;
        }
        self.writing.poll(context, "the client takes too few bytes").map(Err)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.phase == Phase::Head && memory::is_short() {
            let why = "memory is short, and the head of the request is not whole";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::OutOfMemory, why)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.follow();
        if read.is_ready() {
            if buffer.filled().len() > before && self.phase == Phase::Idle {
                self.phase = Phase::Head;
                let head = self.patience.head;
                self.reading.set(head);
            }
            return read;
        }
        self.reading.poll(context, "no request arrived in time").map(Err)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_begun(context))?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_begun(context))?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_begun(context))?;
        // Asked for once nothing waits any more: the moment for interim responses.
        self.begun = self.exchanges.1.take(context);
        ready!(self.write_begun(context))?;
        self.writing.clear();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A moment by which something must have happened, or none. The timer is made when first waited
/// for: most exchanges are over before that.
#[derive(Debug, Default)]
struct Deadline {
    at: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn set(&mut self, patience: Duration) {
        self.at = Some(Instant::now() + patience);
    }

    /// True if it was clear.
    fn set_if_clear(&mut self, patience: Duration) -> bool {
        let was_clear = self.at.is_none();
        if was_clear {
            self.set(patience);
        }
        was_clear
    }

    fn clear(&mut self) {
        self.at = None;
    }

    /// Ready with an error once the moment has passed.
    fn poll(&mut self, context: &mut Context<'_>, why: &'static str) -> Poll<io::Error> {
        let Some(at) = self.at else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(context).map(|()| io::Error::new(io::ErrorKind::TimedOut, why))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener as Listener;

    use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
    use tokio::io::AsyncWriteExt;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(30);

    /// Writes so many bytes to a client that reads so many every 20 ms, with buffers of that size
    /// between them; why it ended before.
    async fn written_to(client_reads: usize, all: usize, write: Duration) -> io::Result<()> {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        set_socket_recv_buffer_size(&client, client_reads.max(4096)).unwrap();
        let (stream, _) = listener.accept().unwrap();
        set_socket_send_buffer_size(&stream, client_reads.max(4096)).unwrap();
        stream.set_nonblocking(true).unwrap();
        let closer = client.try_clone().unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = vec![0; client_reads];
            while matches!(client.read(&mut bytes), Ok(1..)) {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let patience = Patience { write, ..Patience::default() };
        let stream = TcpStream::from_std(stream).unwrap();
        let mut watched = Watched::new(stream, patience, Exchanges::default());
        let writing = async { watched.write_all(&vec![0; all]).await };
        let ended = tokio::time::timeout(LONG, writing).await.unwrap();
        // What was sent need not be read to its end.
        closer.shutdown(std::net::Shutdown::Both).unwrap();
        reader.join().unwrap();
        ended
    }

    #[tokio::test]
    async fn a_reader_that_takes_a_few_bytes_now_and_then_is_cut() {
        let error = written_to(128, 1 << 20, SHORT).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_reader_that_keeps_reading_is_not() {
        assert!(written_to(64 << 10, 1 << 19, LONG / 6).await.is_ok());
    }
}
