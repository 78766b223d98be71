//! Two directions under one deadline.
//!
//! Each ends by itself, and the connection when both have: a side that has finished sending still
//! receives. A side that fails ends both.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use tokio::net::TcpStream;

use super::TcpProxy;
use super::chunk::Chunk;
use super::direction::{Direction, Stage};
use crate::data_plane::Connection;

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Both sides have ended it.
    ByBoth,
    /// No byte went either way for `idle`.
    Idle,
    /// Its server was drained, and `timeouts.drain` has passed.
    Drained,
    /// The server takes no more, its last words were passed on, and the client has not ended.
    Refused,
    /// A side failed.
    Failed(io::Error),
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByBoth => out.write_str("by both sides"),
            Self::Idle => out.write_str("no byte in either direction within its idle limit"),
            Self::Drained => out.write_str("its server was drained"),
            Self::Refused => out.write_str("one side takes no more of what the other sends"),
            Self::Failed(error) => write!(out, "one side failed: {error}"),
        }
    }
}

/// A connection with both its sides.
pub(super) struct Both<'c> {
    connection: &'c Connection,
    proxy: &'c TcpProxy,
    up: Direction<'c>,
    down: Direction<'c>,
    /// Bytes that are in the tally.
    counted: (u64, u64),
    /// One direction has ended, and the other one can lead to nothing.
    lingers: bool,
}

impl<'c> Both<'c> {
    /// `first` goes to the server before what the client sends.
    pub(super) fn new(
        connection: &'c Connection,
        proxy: &'c TcpProxy,
        client: &'c TcpStream,
        server: &'c TcpStream,
        first: Chunk,
    ) -> Self {
        let core = &connection.core;
        let spares = (&core.chunks, &core.pipes);
        let up = Direction::new((client, server), spares, Some(first));
        let down = Direction::new((server, client), spares, None);
        Self { connection, proxy, up, down, counted: (0, 0), lingers: false }
    }

    /// Carries bytes to the end.
    pub(super) async fn run(&mut self) -> Ended {
        self.connection.timer.arm(self.proxy.idle);
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Bytes that the server and the client took.
    pub(super) fn moved(&self) -> (u64, u64) {
        (self.up.moved, self.down.moved)
    }

    /// Whether bytes were read that nobody took.
    pub(super) fn holds_bytes(&self) -> bool {
        self.up.holds_bytes() || self.down.holds_bytes()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let (up, down) = (self.up.poll(cx), self.down.poll(cx));
        self.count();
        match (up, down) {
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => {
                return Poll::Ready(Ended::Failed(error));
            }
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => return Poll::Ready(Ended::ByBoth),
            _ => {}
        }
        match (self.up.stage, self.down.stage) {
            (Stage::Lost, Stage::Lost) => return Poll::Ready(Ended::Refused),
            (Stage::Lost, Stage::Ended) | (Stage::Ended, Stage::Lost) if !self.lingers => {
                self.lingers = true;
                self.connection.timer.arm(self.proxy.linger);
            }
            _ => {}
        }
        let ended = match self.connection.timer.is_cut() {
            true => Ended::Drained,
            false if self.lingers => Ended::Refused,
            false => Ended::Idle,
        };
        self.connection.timer.poll_expired(cx).map(|()| ended)
    }

    /// Tells the tally what was moved, and moves the deadline if anything was.
    fn count(&mut self) {
        let moved = self.moved();
        if moved == self.counted {
            return;
        }
        let (bytes_in, bytes_out) =
            (moved.0.wrapping_sub(self.counted.0), moved.1.wrapping_sub(self.counted.1));
        self.proxy.tally.carried(self.connection.core.index, bytes_in, bytes_out);
        self.counted = moved;
        if !self.lingers {
            self.connection.timer.arm(self.proxy.idle);
        }
    }
}
