//! Waiting in the queue of an upstream, under the connection's deadline and with an eye on its client.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::Upstream;
use super::queue::{Overload, Ticket, Wants};
use crate::data_plane::Connection;

/// Ticks between two looks at a client that cannot be seen to leave otherwise.
const LOOK: u64 = 3;

/// Why nothing came of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unserved {
    /// There is too much to do.
    Overload(Overload),
    /// The client has left.
    Left,
}

/// Waits for a place at a server, at most for `ticks`; the place is the caller's then. `has_left` tells whether the client has, and
/// sees to it that it is asked again when that may have changed.
pub(crate) async fn wait(
    upstream: &Arc<Upstream>,
    connection: &Connection,
    wants: Wants,
    ticks: u64,
    mut has_left: impl FnMut(&mut Context<'_>) -> bool,
) -> Result<usize, Unserved> {
    let (core, timer) = (&connection.core, &connection.timer);
    // No server is being asked that could be cut.
    timer.faces(0);
    let (mut wants, mut ticket) = (Some(wants), None);
    let most = upstream.limit.as_ref().map_or(0, |limit| limit.queue);
    let end = core.timers.now().saturating_add(ticks);
    let turn = poll_fn(|cx| {
        if let Some(wants) = wants.take() {
            ticket = Ticket::take(upstream, wants, most, cx.waker());
        }
        let Some(ticket) = &mut ticket else {
            return Poll::Ready(Err(Unserved::Overload(Overload::Full)));
        };
        if let Poll::Ready(server) = ticket.poll(cx) {
            return Poll::Ready(Ok(server));
        }
        // What it holds is needed: it ends like one that has left.
        if has_left(cx) || timer.is_shed() {
            return Poll::Ready(Err(Unserved::Left));
        }
        let Some(left) = end.checked_sub(core.timers.now()) else {
            return Poll::Ready(Err(Unserved::Overload(Overload::Late)));
        };
        timer.arm_again(left.min(LOOK));
        if timer.poll_expired(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    });
    let began = Instant::now();
    let outcome = turn.await;
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    upstream.times.waited(core.index, micros);
    if let Err(Unserved::Overload(why)) = outcome {
        upstream.queue.refused(why);
    }
    outcome
}
