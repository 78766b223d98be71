//! Idle upstream connections of one data-plane thread, newest first.
//!
//! A connection waits here with its readiness still watched by the thread's runtime: whether its
//! server has closed it is known without a system call. What does not fit goes to the overflow
//! that all threads share.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::{Context, Waker};

use tokio::net::TcpStream;

use super::{Overflow, Server};

struct Idle {
    stream: TcpStream,
    since: u64,
}

/// One thread's idle connections, by server.
pub(crate) struct Pool {
    by_server: RefCell<Vec<Vec<Idle>>>,
    overflow: Arc<Overflow>,
    /// Idle connections kept per server.
    limit: usize,
    /// Ticks an idle connection is kept.
    keep: u64,
}

impl Pool {
    pub(crate) fn new(overflow: Arc<Overflow>, limit: usize, keep: u64) -> Self {
        Self { by_server: RefCell::new(Vec::new()), overflow, limit, keep }
    }

    /// An idle connection to `server` that was quiet and open when last heard of.
    pub(crate) fn take(&self, server: &Server) -> Option<TcpStream> {
        let mut by_server = self.by_server.borrow_mut();
        if let Some(idle) = by_server.get_mut(server.pool) {
            while let Some(Idle { stream, .. }) = idle.pop() {
                if is_quiet(&stream) {
                    return Some(stream);
                }
            }
        }
        self.overflow.take(server.pool)
    }

    /// Keeps a connection whose last exchange ended cleanly.
    pub(crate) fn give(&self, server: &Server, stream: TcpStream, now: u64) {
        let mut by_server = self.by_server.borrow_mut();
        if by_server.len() <= server.pool {
            by_server.resize_with(server.pool.saturating_add(1), Vec::new);
        }
        match by_server.get_mut(server.pool) {
            Some(idle) if idle.len() < self.limit => idle.push(Idle { stream, since: now }),
            Some(_) if self.limit > 0 => self.overflow.give(server.pool, stream),
            _ => {}
        }
    }

    /// Closes what has waited too long or was closed by its server.
    pub(crate) fn sweep(&self, now: u64) {
        for idle in self.by_server.borrow_mut().iter_mut() {
            idle.retain(|one| one.since.saturating_add(self.keep) > now && is_quiet(&one.stream));
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
