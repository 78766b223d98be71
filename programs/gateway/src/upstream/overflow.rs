//! Idle upstream connections that did not fit in a thread's own pool, for any thread to take.
//!
//! Bounded and rarely touched: a thread looks here only when its own pool is empty, before it
//! connects anew. A counter answers "nothing there" without the lock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::net::{RecvFlags, recv};
use tokio::net::TcpStream;

/// Connections the overflow holds at most, for each server.
const LIMIT: usize = 32;

#[derive(Default)]
struct Shelf {
    count: AtomicUsize,
    streams: Mutex<Vec<std::net::TcpStream>>,
}

/// The shared overflow, a shelf for each server.
pub(crate) struct Overflow {
    shelves: Vec<Shelf>,
}

impl Overflow {
    /// Shelves for `servers` servers.
    pub(crate) fn new(servers: usize) -> Self {
        Self { shelves: (0..servers).map(|_| Shelf::default()).collect() }
    }

    pub(super) fn take(&self, pool: usize) -> Option<TcpStream> {
        let shelf = self.shelves.get(pool)?;
        if shelf.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        loop {
            let stream = {
                let mut streams = shelf.streams.lock().unwrap_or_else(PoisonError::into_inner);
                let stream = streams.pop();
                shelf.count.store(streams.len(), Ordering::Relaxed);
                stream?
            };
            if is_quiet(&stream) {
                return TcpStream::from_std(stream).ok();
            }
        }
    }

    pub(super) fn give(&self, pool: usize, stream: TcpStream) {
        let Some(shelf) = self.shelves.get(pool) else { return };
        if shelf.count.load(Ordering::Relaxed) >= LIMIT {
            return;
        }
        let Ok(stream) = stream.into_std() else { return };
        let mut streams = shelf.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.push(stream);
        shelf.count.store(streams.len(), Ordering::Relaxed);
    }
}

fn is_quiet(stream: &std::net::TcpStream) -> bool {
    let mut byte = [0_u8; 1];
    matches!(
        recv(stream, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT),
        Err(rustix::io::Errno::AGAIN)
    )
}
