//! Idle upstream connections of one data-plane thread, newest first.
//!
//! A connection waits here with its readiness still watched by the thread's runtime: whether its
//! server has closed it is known without a system call. What does not fit goes to the server's
//! shelf, which all threads share.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

use tokio::net::TcpStream;

use super::Server;

struct Idle {
    stream: TcpStream,
    since: u64,
}

/// The connections to one server.
#[derive(Default)]
struct Bin {
    /// The server's id: its place may have been another's before.
    owner: u64,
    idle: Vec<Idle>,
}

/// One thread's idle connections, by server.
pub(crate) struct Pool {
    by_server: RefCell<Vec<Bin>>,
    /// Idle connections kept per server.
    limit: Cell<usize>,
    /// Ticks an idle connection is kept.
    keep: Cell<u64>,
}

impl Pool {
    pub(crate) fn new(limit: usize, keep: u64) -> Self {
        Self { by_server: RefCell::default(), limit: Cell::new(limit), keep: Cell::new(keep) }
    }

    /// Other bounds hold from now on.
    pub(crate) fn set(&self, limit: usize, keep: u64) {
        self.limit.set(limit);
        self.keep.set(keep);
    }

    /// An idle connection to `server` that was quiet and open when last heard of.
    pub(crate) fn take(&self, server: &Server) -> Option<TcpStream> {
        let mut by_server = self.by_server.borrow_mut();
        if let Some(bin) = by_server.get_mut(server.number.place)
            && bin.owner == server.number.id
        {
            while let Some(Idle { stream, .. }) = bin.idle.pop() {
                if is_quiet(&stream) {
                    return Some(stream);
                }
            }
        }
        server.shelf.take()
    }

    /// Keeps a connection whose last exchange ended cleanly.
    pub(crate) fn give(&self, server: &Server, stream: TcpStream, now: u64) {
        if !server.keeps_connections() {
            return;
        }
        let (place, owner) = (server.number.place, server.number.id);
        let mut by_server = self.by_server.borrow_mut();
        if by_server.len() <= place {
            by_server.resize_with(place.saturating_add(1), Bin::default);
        }
        let Some(bin) = by_server.get_mut(place) else { return };
        if bin.owner != owner {
            *bin = Bin { owner, idle: Vec::new() };
        }
        if bin.idle.len() < self.limit.get() {
            bin.idle.push(Idle { stream, since: now });
        } else if self.limit.get() > 0 {
            server.shelf.give(stream);
        }
    }

    /// Closes what has waited too long or was closed by its server.
    pub(crate) fn sweep(&self, now: u64) {
        let keep = self.keep.get();
        for bin in self.by_server.borrow_mut().iter_mut() {
            bin.idle.retain(|one| one.since.saturating_add(keep) > now && is_quiet(&one.stream));
        }
    }

    /// Closes the connections to every server of which `stays` says no to its id.
    pub(crate) fn keep_only(&self, stays: impl Fn(u64) -> bool) {
        for bin in self.by_server.borrow_mut().iter_mut().filter(|bin| !bin.idle.is_empty()) {
            if !stays(bin.owner) {
                bin.idle = Vec::new();
            }
        }
    }

    /// Closes everything.
    pub(crate) fn clear(&self) {
        self.by_server.borrow_mut().clear();
    }
}

/// True while the server has neither sent anything nor closed: bytes nobody asked for make a
/// connection unusable (reference: response queue poisoning).
fn is_quiet(stream: &TcpStream) -> bool {
    let mut nothing = Context::from_waker(Waker::noop());
    if stream.poll_read_ready(&mut nothing).is_pending() {
        return true;
    }
    // The readiness may be left over from a read that filled its buffer exactly: ask the kernel.
    matches!(stream.try_read(&mut [0_u8; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}
