//! A task that brings a response into the store. It belongs to no client: who asked first follows
//! it like all others, and may leave.

use std::future::{Future, poll_fn};
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use tokio::net::TcpStream;
use tombolo_cache::store::{Body, BodyError, Entry, Filling};
use tombolo_http1::{BodyDecoder, BodyError as FramingError};

use super::content::slice;
use crate::data_plane::{Core, Stop, Timer, Workspace, read};
use crate::exchange::forward::Held;

/// Bytes still to come up to which a fill goes on although nobody follows it.
const WORTH_FINISHING: u64 = 256 * 1024;

/// Ticks that a fill goes on for while nobody follows it.
const UNFOLLOWED: u64 = 300;

/// Bytes of a stored body that are copied at a time.
const COPIED: u64 = 256 * 1024;

/// Bytes of what is stored already.
pub(super) struct Piece {
    pub(super) entry: Entry,
    pub(super) range: Range<u64>,
}

impl Piece {
    pub(super) fn length(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }
}

/// Why a fill ends early.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("no client waits for it any more")]
    Left,
    #[error("the upstream stopped in the middle of its response")]
    Stalled,
    #[error("the connection to the upstream failed: {0}")]
    Link(io::Error),
    #[error("the upstream closed in the middle of its response")]
    Truncated,
    #[error("{}", .0.reason())]
    Framing(FramingError),
    #[error(transparent)]
    Stored(#[from] BodyError),
}

/// See the module's words.
pub(super) struct Fill {
    pub(super) core: Rc<Core>,
    /// Ticks that upstream may leave between two bytes.
    pub(super) gap: u64,
    /// What comes has no end: it is worth nothing to nobody.
    pub(super) endless: bool,
    /// The upstream keeps its connection after this.
    pub(super) reusable: bool,
    pub(super) held: Held,
    /// Its outbound buffer holds what has come.
    pub(super) workspace: Box<Workspace>,
    pub(super) decoder: BodyDecoder,
    pub(super) filling: Filling,
    /// Goes before and after what comes.
    pub(super) before: Option<Piece>,
    pub(super) after: Option<Piece>,
}

impl Fill {
    /// Brings all of it. `wanted`: even if nobody follows.
    pub(super) async fn run(mut self, wanted: bool) {
        let timer = self.core.timers.register();
        timer.faces(self.held.server.id());
        let outcome = self.bring(&timer, wanted).await;
        let Self { core, held, workspace, filling, reusable, .. } = self;
        match outcome {
            Ok(()) => {
                drop(filling.commit());
                if reusable && workspace.outbound.is_empty() {
                    core.pool.give(&held.server, held.link, core.timers.now());
                }
            }
            Err(Failed::Left) => drop(filling),
            Err(error) => {
                tracing::debug!(%error, server = %held.server.name, "a response was not stored");
                filling.abort();
            }
        }
        core.workspaces.give(workspace);
    }

    async fn bring(&mut self, timer: &Timer, wanted: bool) -> Result<(), Failed> {
        let wanted = wanted && !self.endless;
        // The tick until which it goes on while nobody follows.
        let mut unfollowed = None;
        if let Some(piece) = self.before.take() {
            self.copy(piece).await?;
        }
        loop {
            self.decode().await?;
            if self.decoder.is_done() {
                break;
            }
            let is_followed = self.filling.followers() > 0;
            if !wanted && !is_followed {
                let now = self.core.timers.now();
                let until = *unfollowed.get_or_insert(now.saturating_add(UNFOLLOWED));
                if !self.is_worth_it() || now >= until {
                    return Err(Failed::Left);
                }
            } else {
                unfollowed = None;
            }
            timer.arm(self.gap);
            let Self { workspace, held, filling, .. } = self;
            // Whoever waits for bytes is woken when the last follower leaves, too.
            let watched = is_followed && !wanted;
            match read_while(workspace.outbound.room(), &held.link, timer, filling, watched).await {
                None => {}
                Some(Ok(0)) => self.decoder.finish().map_err(|_| Failed::Truncated)?,
                Some(Ok(count)) => self.workspace.outbound.filled(count),
                Some(Err(Stop::Expired | Stop::Slow | Stop::Needed)) => {
                    return Err(Failed::Stalled);
                }
                Some(Err(Stop::Failed(error))) => return Err(Failed::Link(error)),
            }
        }
        match self.after.take() {
            Some(piece) => self.copy(piece).await,
            None => Ok(()),
        }
    }

    /// Nobody follows, but most has come.
    fn is_worth_it(&self) -> bool {
        if self.endless {
            return false;
        }
        let come = self.filling.length();
        let left = self.decoder.remaining_length();
        left.map_or(come <= WORTH_FINISHING, |left| left <= come.max(WORTH_FINISHING))
    }

    /// Hands what the buffer holds of the body to the store.
    async fn decode(&mut self) -> Result<(), Failed> {
        while !self.decoder.is_done() {
            let unread = self.workspace.outbound.unread();
            let piece = self.decoder.next(unread).map_err(Failed::Framing)?;
            let (consumed, done) = (piece.consumed, piece.done);
            self.filling.append(Bytes::copy_from_slice(piece.data));
            self.workspace.outbound.consume(consumed);
            if !self.filling.has_room() {
                self.filling.room().await;
            }
            if consumed == 0 && !done {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Copies bytes of what is stored already.
    async fn copy(&mut self, piece: Piece) -> Result<(), Failed> {
        let Piece { entry, mut range } = piece;
        while range.start < range.end {
            let end = range.end.min(range.start.saturating_add(COPIED));
            let bytes = match entry.body() {
                Body::Memory(body) => {
                    let bytes = slice(body, range.start..end).ok_or(Failed::Truncated)?;
                    Bytes::copy_from_slice(bytes)
                }
                Body::File(file) => {
                    let most = usize::try_from(end.saturating_sub(range.start));
                    file.read(range.start, most.unwrap_or(usize::MAX)).await?
                }
            };
            if bytes.is_empty() {
                return Err(Failed::Truncated);
            }
            range.start = range.start.saturating_add(bytes.len() as u64);
            self.filling.append(bytes);
            self.filling.room().await;
        }
        Ok(())
    }
}

/// Reads what comes. None: it was `watched`, and the last follower has left.
async fn read_while(
    room: &mut [u8],
    link: &TcpStream,
    timer: &Timer,
    filling: &Filling,
    watched: bool,
) -> Option<Result<usize, Stop>> {
    let mut reading = pin!(read(link, room, timer));
    let mut left = pin!(filling.deserted());
    poll_fn(|cx| {
        if let Poll::Ready(read) = reading.as_mut().poll(cx) {
            return Poll::Ready(Some(read));
        }
        match watched {
            true => left.as_mut().poll(cx).map(|()| None),
            false => Poll::Pending,
        }
    })
    .await
}
