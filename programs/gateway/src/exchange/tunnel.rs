//! An upgraded connection: bytes both ways, until both sides have ended.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::pin;
use std::task::Poll;

use tokio::net::TcpStream;

use super::forward::Upgraded;
use super::journal::Journal;
use super::{SHED, Scene};
use crate::data_plane::{Buffer, Stop, Timer, Wait, Workspace, half_close, read, write_all};

/// Carries bytes between client and upstream. A side that ends its stream has that passed on, and
/// can still be sent to. Bytes that came with the heads go first.
pub(super) async fn tunnel(
    scene: &Scene<'_>,
    workspace: &mut Workspace,
    upgraded: &Upgraded,
    journal: &mut Journal,
) {
    let upstream = &upgraded.link;
    let timer = &scene.connection.timer;
    let idle = upgraded.idle;
    let (up, down) = (Cell::new(0_u64), Cell::new(0_u64));
    let Some(client) = scene.client else { return };
    let Workspace { inbound, outbound, .. } = workspace;
    let ended = {
        let mut upward = pin!(carry(client, upstream, inbound, timer, idle, &up));
        let mut downward = pin!(carry(upstream, client, outbound, timer, idle, &down));
        let (mut up_done, mut down_done) = (false, false);
        poll_fn(|cx| {
            if !up_done && let Poll::Ready(ended) = upward.as_mut().poll(cx) {
                up_done = true;
                if let Err(stop) = ended {
                    return Poll::Ready(Err(stop));
                }
            }
            if !down_done && let Poll::Ready(ended) = downward.as_mut().poll(cx) {
                down_done = true;
                if let Err(stop) = ended {
                    return Poll::Ready(Err(stop));
                }
            }
            if up_done && down_done { Poll::Ready(Ok(())) } else { Poll::Pending }
        })
        .await
    };
    journal.bytes_in = up.get();
    journal.bytes_out = down.get();
    if timer.is_shed() {
        journal.cut(SHED);
    } else if timer.is_cut() {
        journal.cut("its server was drained, and timeouts.drain has passed");
    } else if let Err(Stop::Expired) = ended {
        journal.cut("no byte in either direction within timeouts.tunnel_idle");
    }
}

/// Carries one direction to its end and passes the end on.
async fn carry(
    source: &TcpStream,
    sink: &TcpStream,
    buffer: &mut Buffer,
    timer: &Timer,
    idle: u64,
    moved: &Cell<u64>,
) -> Result<(), Stop> {
    loop {
        if !buffer.is_empty() {
            let count = buffer.unread().len();
            write_all(sink, &mut [IoSlice::new(buffer.unread())], timer, Wait::Gap(idle)).await?;
            moved.set(moved.get().saturating_add(count as u64));
            buffer.consume(count);
        }
        timer.arm(idle);
        match read(source, buffer.room(), timer).await? {
            0 => {
                half_close(sink);
                return Ok(());
            }
            count => buffer.filled(count),
        }
    }
}
