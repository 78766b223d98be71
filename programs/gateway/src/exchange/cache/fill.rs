//! A task that brings a response into the store. It belongs to no client: who asked first follows
//! it like all others, and may leave.

use std::io;
use std::ops::Range;
use std::rc::Rc;

use bytes::Bytes;
use tombolo_cache::store::{Body, BodyError, Entry, Filling};
use tombolo_http1::{BodyDecoder, BodyError as FramingError};

use super::content::slice;
use crate::data_plane::{Core, Stop, Timer, Workspace, read};
use crate::exchange::forward::Held;

/// Bytes still to come up to which a fill goes on although nobody follows it.
const WORTH_FINISHING: u64 = 256 * 1024;

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
    #[error("nobody waits for it any more")]
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
        if let Some(piece) = self.before.take() {
            self.copy(piece).await?;
        }
        loop {
            self.decode().await?;
            if self.decoder.is_done() {
                break;
            }
            if !wanted && !self.is_worth_it() {
                return Err(Failed::Left);
            }
            timer.arm(self.gap);
            let room = self.workspace.outbound.room();
            match read(&self.held.link, room, timer).await {
                Ok(0) => self.decoder.finish().map_err(|_| Failed::Truncated)?,
                Ok(count) => self.workspace.outbound.filled(count),
                Err(Stop::Expired) => return Err(Failed::Stalled),
                Err(Stop::Failed(error)) => return Err(Failed::Link(error)),
            }
        }
        match self.after.take() {
            Some(piece) => self.copy(piece).await,
            None => Ok(()),
        }
    }

    /// Someone follows, or most has come.
    fn is_worth_it(&self) -> bool {
        if self.filling.followers() > 0 {
            return true;
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
