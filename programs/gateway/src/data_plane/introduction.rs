//! Whom a connection is from when a proxy in front says so: the PROXY protocol header, read before
//! the first byte of the connection itself.
//!
//! Bytes are looked at first and taken only once they are known to be the header's: what follows
//! it stays in the kernel for who comes next.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, recv};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tombolo_proxy_protocol::{self as proxy_protocol, Header, Parsed};

use super::timers::Timer;

/// Bytes looked at in one go; a longer header takes several.
const LOOK: usize = 512;

/// Why a connection was not introduced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unintroduced {
    /// The peer is nobody whose word counts.
    #[error("its address is not among those that are trusted to send PROXY protocol headers")]
    Stranger,
    /// What came is no header.
    #[error(transparent)]
    Malformed(#[from] proxy_protocol::Error),
    /// The header did not come in time.
    #[error("its PROXY protocol header did not come in time (`head` of [gateway.timeouts])")]
    Expired,
    /// The peer closed before its header was whole. Without a byte it is a probe of a balancer.
    #[error("it was closed inside its PROXY protocol header")]
    Closed,
    /// The connection failed.
    #[error("it failed before its PROXY protocol header was read: {0}")]
    Failed(#[from] io::Error),
}

/// Reads the header within `patience` ticks.
pub(super) async fn header(
    stream: &TcpStream,
    timer: &Timer,
    patience: u64,
) -> Result<Header, Unintroduced> {
    let mut seen: Vec<u8> = Vec::new();
    timer.arm(patience);
    loop {
        let taken = seen.len();
        seen.resize(taken.saturating_add(LOOK), 0);
        let room = seen.get_mut(taken..).unwrap_or_default();
        let count = poll_fn(|cx| match poll_look(stream, room, cx) {
            Poll::Ready(looked) => Poll::Ready(looked.map_err(Unintroduced::Failed)),
            Poll::Pending => timer.poll_expired(cx).map(|()| Err(Unintroduced::Expired)),
        })
        .await?;
        if count == 0 {
            return Err(Unintroduced::Closed);
        }
        seen.truncate(taken.saturating_add(count));
        match proxy_protocol::parse(&seen)? {
            Parsed::Partial => take(stream, count)?,
            Parsed::Whole { header, length } => {
                take(stream, length.saturating_sub(taken))?;
                return Ok(header);
            }
        }
    }
}

/// Looks at what is there without taking it.
fn poll_look(stream: &TcpStream, room: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let looked = stream.try_io(Interest::READABLE, || {
            let (count, _) = recv(stream, &mut *room, RecvFlags::PEEK)?;
            Ok(count)
        });
        match looked {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            looked => return Poll::Ready(looked),
        }
    }
}

/// Takes `count` bytes, at most [`LOOK`], that were looked at before.
fn take(stream: &TcpStream, count: usize) -> io::Result<()> {
    let mut nobodys = [0; LOOK];
    let mut left = count;
    while left > 0 {
        let room = nobodys.get_mut(..left.min(LOOK)).unwrap_or_default();
        match recv(stream, room, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((count, _)) => left = left.saturating_sub(count),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
