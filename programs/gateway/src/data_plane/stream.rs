//! Reading and writing a socket under the connection's deadline.
//!
//! The socket is tried first and the deadline only looked at when it would block, so the common
//! case costs one system call and nothing else. Both directions work on a shared reference: one
//! task may read and write the same socket by turns.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::pace::Wait;
use super::timers::Timer;

/// Ticks that an answer may still take once the client has ended its side of the connection: a
/// client that only half-closed gets its answer, one that is gone is not worked for much longer.
const HALF_CLOSED: u64 = 50;

/// Why a read or write ended without moving bytes.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The deadline passed.
    Expired,
    /// The client moved too few bytes, twice in a row.
    Slow,
    /// The client took nothing, and its place is needed.
    Needed,
    /// The socket failed.
    Failed(io::Error),
}

/// Reads what is there into `room`. `Ok(0)` is the end of the stream.
pub(crate) async fn read(
    source: &TcpStream,
    room: &mut [u8],
    timer: &Timer,
) -> Result<usize, Stop> {
    poll_fn(|cx| poll_read(source, room, timer, cx)).await
}

/// Reads what is there from an upstream while keeping an eye on the client it is for.
pub(crate) async fn read_for(
    client: &Watch<'_>,
    source: &TcpStream,
    room: &mut [u8],
    timer: &Timer,
) -> Result<usize, Stop> {
    poll_fn(|cx| {
        let read = poll_read(source, room, timer, cx);
        if read.is_pending() && client.look(timer, cx) {
            return timer.poll_expired(cx).map(|()| Err(Stop::Expired));
        }
        read
    })
    .await
}

fn poll_read(
    source: &TcpStream,
    room: &mut [u8],
    timer: &Timer,
    cx: &mut Context<'_>,
) -> Poll<Result<usize, Stop>> {
    match poll_read_now(source, room, cx) {
        Poll::Ready(result) => Poll::Ready(result.map_err(Stop::Failed)),
        Poll::Pending => timer.poll_expired(cx).map(|()| Err(Stop::Expired)),
    }
}

/// Reads what is there, without a deadline.
pub(crate) fn poll_read_now(
    source: &TcpStream,
    room: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(source.poll_read_ready(cx))?;
        let mut count = 0;
        let outcome = source.try_io(Interest::READABLE, || {
            (count, _) = recv(source, &mut *room, RecvFlags::empty())?;
            // A read that leaves room has emptied the socket: forgetting its readiness now saves
            // the system call that would only say "would block".
            let emptied = count > 0 && count < room.len();
            if emptied { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match outcome {
            Ok(()) => return Poll::Ready(Ok(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if count > 0 {
                    return Poll::Ready(Ok(count));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// Writes all of `slices` in as few system calls as the socket allows, while the peer is waited
/// for as `wait` says.
pub(crate) async fn write_all(
    sink: &TcpStream,
    slices: &mut [IoSlice<'_>],
    timer: &Timer,
    wait: Wait<'_>,
) -> Result<(), Stop> {
    write_flagged(sink, slices, SendFlags::NOSIGNAL, timer, wait).await
}

/// Writes what more follows at once, so that the kernel may send both in one segment.
pub(crate) async fn write_ahead(
    sink: &TcpStream,
    bytes: &[u8],
    timer: &Timer,
    wait: Wait<'_>,
) -> Result<(), Stop> {
    let flags = SendFlags::NOSIGNAL.union(SendFlags::MORE);
    write_flagged(sink, &mut [IoSlice::new(bytes)], flags, timer, wait).await
}

#[inline]
async fn write_flagged(
    sink: &TcpStream,
    mut slices: &mut [IoSlice<'_>],
    flags: SendFlags,
    timer: &Timer,
    wait: Wait<'_>,
) -> Result<(), Stop> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        wait.begin(timer);
        let began = timer.now();
        let written = poll_fn(|cx| match poll_write_now(sink, slices, flags, cx) {
            Poll::Ready(result) => Poll::Ready(result.map_err(Stop::Failed)),
            Poll::Pending => wait.poll_over(timer, cx).map(Err),
        })
        .await?;
        wait.moved(timer, began, written)?;
        IoSlice::advance_slices(&mut slices, written);
    }
    Ok(())
}

/// Writes what the socket takes, without a deadline.
pub(crate) fn poll_write_now(
    sink: &TcpStream,
    slices: &[IoSlice<'_>],
    flags: SendFlags,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(sink.poll_write_ready(cx))?;
        let outcome = sink.try_io(Interest::WRITABLE, || match slices {
            [only] => Ok(send(sink, only, flags)?),
            several => Ok(rustix::io::writev(sink, several)?),
        });
        match outcome {
            Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => return Poll::Ready(Ok(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// Reads what is there already, if anything is. An end or a failure is left for the next read.
pub(crate) fn try_read(source: &TcpStream, room: &mut [u8]) -> Option<usize> {
    let (count, _) = recv(source, room, RecvFlags::DONTWAIT).ok()?;
    (count > 0).then_some(count)
}

/// Makes the end of the connection a reset: bytes that end with the connection would otherwise
/// look complete (RFC 9112 section 8).
pub(crate) fn reset_on_close(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Ends our side of a connection; the peer may go on sending.
pub(crate) fn half_close(stream: &TcpStream) {
    let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Write);
}

/// What waits on a socket, found by looking without taking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Nothing: the connection is open and quiet.
    Nothing,
    /// Bytes.
    Bytes,
    /// The peer has ended its side, or the connection has failed.
    End,
}

/// Looks at what waits on a socket (one system call).
pub(crate) fn peek(stream: &TcpStream) -> Waiting {
    let mut byte = [0_u8; 1];
    match recv(stream, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((0, _)) => Waiting::End,
        Ok(_) => Waiting::Bytes,
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Waiting::Nothing,
        Err(_) => Waiting::End,
    }
}

/// Whether the peer has ended its side, or the connection has failed; told even while bytes that came
/// before have not been read (one system call).
fn has_ended(stream: &TcpStream) -> bool {
    is_any(stream, PollFlags::RDHUP.union(PollFlags::HUP).union(PollFlags::ERR))
}

/// Whether the connection has failed. A peer that has ended its side may still want what comes.
pub(crate) fn has_failed(stream: &TcpStream) -> bool {
    is_any(stream, PollFlags::HUP.union(PollFlags::ERR))
}

fn is_any(stream: &TcpStream, flags: PollFlags) -> bool {
    let mut wanted = [PollFd::new(stream, flags)];
    let looked = poll(&mut wanted, Some(&Timespec::default()));
    looked.is_ok() && wanted.iter().any(|found| found.revents().intersects(flags))
}

/// Whether a client that waits has ended its side of the connection. The task is woken when that may
/// be so, unless bytes that nobody reads hide it: who asks looks again now and then.
pub(crate) fn has_left(client: &TcpStream, cx: &mut Context<'_>) -> bool {
    if client.poll_read_ready(cx).is_pending() {
        return false;
    }
    if has_ended(client) {
        return true;
    }
    if peek(client) == Waiting::Nothing {
        // The readiness was stale; the next event wakes us again.
        let _ =
            client.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        let _ = client.poll_read_ready(cx);
    }
    false
}

/// An eye on the client while its answer is awaited.
pub(crate) struct Watch<'c> {
    /// None: nobody is to be watched.
    client: Option<&'c TcpStream>,
    /// Set once the request is sent whole: until then somebody reads from the client anyway.
    watching: Cell<bool>,
    /// The client has ended its side: ticks that its answer may still take.
    ended: Cell<Option<u64>>,
}

impl<'c> Watch<'c> {
    pub(crate) fn new(client: Option<&'c TcpStream>) -> Self {
        Self { client, watching: Cell::new(false), ended: Cell::new(None) }
    }

    /// Begins to watch.
    pub(crate) fn begin(&self) {
        self.watching.set(true);
    }

    /// True once the client has ended its side.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get().is_some()
    }

    /// The wait that is allowed: `ticks`, or less for a client that has ended its side.
    pub(crate) fn patience(&self, ticks: u64) -> u64 {
        self.ended.get().map_or(ticks, |allowed| ticks.min(allowed))
    }

    /// Looks whether the client is still there; shortens the deadline if it is not. True: just now.
    pub(crate) fn look(&self, timer: &Timer, cx: &mut Context<'_>) -> bool {
        let Some(client) = self.client.filter(|_| self.watching.get()) else { return false };
        if client.poll_read_ready(cx).is_pending() {
            return false;
        }
        match peek(client) {
            // The readiness was stale; the next event wakes us again.
            Waiting::Nothing => {
                let _ = client
                    .try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
                let _ = client.poll_read_ready(cx);
            }
            // Its next request: it waits in the kernel until its turn comes.
            Waiting::Bytes => self.watching.set(false),
            Waiting::End => {
                self.watching.set(false);
                // After a reset there is nobody who could take an answer.
                let allowed = if has_failed(client) { 0 } else { HALF_CLOSED };
                self.ended.set(Some(allowed));
                timer.shorten(allowed);
                return true;
            }
        }
        false
    }
}
