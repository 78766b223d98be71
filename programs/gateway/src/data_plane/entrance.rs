//! A listener of one thread: accepts connections until it is shut, then takes in what the kernel had
//! already queued.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::IoSlice;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::task::Poll;

use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::sleep;
use tombolo_daemon::listener::plain;

use super::admission::Full;
use super::connection::Connection;
use super::core::Core;
use super::listener::{BACKLOG, Door, Speaks};
use super::timers::TICK;
use crate::metrics::ErrorReason;
use crate::tcp::{self, Place};

/// What a connection beyond the limits is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\nContent-Length: 58\r\nConnection: close\r\n\r\nThere are too many connections just now. Try again later.\n";

/// What a connection is told while memory is short.
const SHORT: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 2\r\nContent-Length: 95\r\nConnection: close\r\n\r\nThe server has reached its bound of memory and takes no new requests until some of it is free.\n";

/// A listener, and what its connections need to know of it.
pub(crate) struct Entrance {
    pub(super) door: Door,
    shut: Cell<bool>,
    stopping: Notify,
}

impl Entrance {
    pub(super) fn new(door: Door) -> Rc<Self> {
        Rc::new(Self { door, shut: Cell::new(false), stopping: Notify::new() })
    }

    /// No connection is accepted any more.
    pub(super) fn stop(&self) {
        self.stopping.notify_one();
    }

    /// No connection is accepted any more; those it let in are to end after what they are at.
    pub(super) fn shut(&self) {
        self.shut.set(true);
        self.stop();
    }

    /// Whether its connections are to end after what they are at.
    #[inline]
    pub(super) fn is_shut(&self) -> bool {
        self.shut.get()
    }

    /// Accepts connections until it is shut, then takes in what the kernel had already queued.
    pub(super) async fn accept(self: Rc<Self>, listener: TcpListener, core: Rc<Core>) {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "a listener could not be used");
                return;
            }
        };
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stopping.notified() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, client)) => self.take_in(stream, client, &core),
                Err(error) => {
                    // Out of descriptors or memory: let connections end before accepting more.
                    tracing::warn!(%error, "accepting a connection failed; pausing for 100 ms");
                    sleep(TICK).await;
                }
            }
        }
        // What the kernel had queued was promised an answer; what comes after is not waited for.
        for _ in 0..BACKLOG {
            let queued = poll_fn(|cx| Poll::Ready(listener.poll_accept(cx))).await;
            let Poll::Ready(Ok((stream, client))) = queued else { return };
            self.take_in(stream, client, &core);
        }
    }

    /// Serves a connection, or turns it away when there are too many.
    fn take_in(self: &Rc<Self>, stream: TcpStream, client: SocketAddr, core: &Rc<Core>) {
        let client = plain(client);
        let snapshot = core.snapshot();
        let speaks = snapshot.speaks(self.door);
        match (Connection::admitted(core, client, self), speaks) {
            (Ok(connection), Speaks::Http) if snapshot.proxy_protocol => {
                drop(spawn_local(connection.serve_introduced(stream)));
            }
            (Ok(connection), Speaks::Http) => drop(spawn_local(connection.serve(stream))),
            (Ok(connection), Speaks::Tcp(index)) => take_in_tcp(index, connection, stream),
            (Err(full), Speaks::Http) => {
                core.metrics.fails(match full {
                    Full::Memory => ErrorReason::Memory,
                    Full::InAll | Full::ForClient => ErrorReason::Connections,
                });
                turn_away(&stream, client, full);
            }
            // Nobody knows what words its protocol has for that.
            (Err(full), Speaks::Tcp(index)) => {
                if let Some(proxy) = snapshot.tcp.get(index) {
                    proxy.tally.refused(core.index);
                }
                tracing::debug!(%client, limit = ?full, "turned a connection away");
            }
        }
    }
}

/// Passes a connection on as its `[[tcp]]` says, unless that has enough of them.
fn take_in_tcp(index: usize, connection: Connection, stream: TcpStream) {
    let core = Rc::clone(&connection.core);
    let snapshot = core.snapshot();
    let Some(proxy) = snapshot.tcp.get(index) else { return };
    match Place::take(proxy, core.index) {
        Some(place) => drop(spawn_local(tcp::serve(connection, stream, place))),
        None => {
            tracing::debug!(client = %connection.client, "turned a connection away: `connections` of its [[tcp]] is reached");
        }
    }
}

fn turn_away(stream: &TcpStream, client: SocketAddr, full: Full) {
    tracing::debug!(%client, limit = ?full, "turned a connection away");
    let words = if full == Full::Memory { SHORT } else { FULL };
    let _ = stream.try_write_vectored(&[IoSlice::new(words)]);
}
