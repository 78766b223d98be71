//! Bytes of a file to a socket inside the kernel (sendfile(2)). What is sent must be in the page
//! cache, or the thread waits for the disk: the caller has it read ahead.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::sendfile;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::pace::Wait;
use super::stream::Stop;
use super::timers::Timer;

/// Bytes sent at most by one call, so that one fast client does not hold the thread.
const AT_ONCE: u64 = 2 * 1024 * 1024;

/// Sends a range of a file, while the client is waited for as `wait` says. `moved` counts what reached the socket.
pub(crate) async fn send_file(
    sink: &TcpStream,
    file: &File,
    mut range: Range<u64>,
    timer: &Timer,
    wait: Wait<'_>,
    moved: &mut u64,
) -> Result<(), Stop> {
    while range.start < range.end {
        wait.begin(timer);
        let began = timer.now();
        let sent = poll_fn(|cx| match poll_send(sink, file, &range, cx) {
            Poll::Ready(result) => Poll::Ready(result.map_err(Stop::Failed)),
            Poll::Pending => wait.poll_over(timer, cx).map(Err),
        })
        .await?;
        range.start = range.start.saturating_add(sent);
        *moved = moved.saturating_add(sent);
        wait.moved(timer, began, usize::try_from(sent).unwrap_or(usize::MAX))?;
    }
    Ok(())
}

fn poll_send(
    sink: &TcpStream,
    file: &File,
    range: &Range<u64>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<u64>> {
    let most = range.end.saturating_sub(range.start).min(AT_ONCE);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    loop {
        ready!(sink.poll_write_ready(cx))?;
        let mut offset = range.start;
        let mut count = 0;
        let outcome = sink.try_io(Interest::WRITABLE, || {
            count = sendfile(sink, file, Some(&mut offset), most)?;
            // What took a part only is full: to forget its readiness now saves the call that would
            // only say "would block". A signal can cut a call short too, so the kernel is asked.
            let full = count > 0 && count < most && !is_writable(sink);
            if full { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match outcome {
            // The file was cut while it was sent.
            Ok(()) if count == 0 => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Ok(()) => return Poll::Ready(Ok(count as u64)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if count > 0 {
                    return Poll::Ready(Ok(count as u64));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
}

/// Whether the socket would take more now.
fn is_writable(sink: &TcpStream) -> bool {
    let mut asked = [PollFd::new(sink, PollFlags::OUT)];
    !matches!(poll(&mut asked, Some(&Timespec::default())), Ok(0))
}
