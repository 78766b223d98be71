//! Idle connections to one server that did not fit in a thread's own pool, for any thread to take.
//!
//! Bounded and rarely touched: a thread looks here only when its own pool is empty, before it
//! connects anew. A counter answers "nothing there" without the lock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::net::{RecvFlags, recv};
use tokio::net::TcpStream;

/// Connections a shelf holds at most.
const LIMIT: usize = 32;

/// The connections that a server's threads have in common.
#[derive(Default)]
pub(crate) struct Shelf {
    count: AtomicUsize,
    streams: Mutex<Vec<std::net::TcpStream>>,
}

impl Shelf {
    pub(super) fn take(&self) -> Option<TcpStream> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        loop {
            let stream = {
                let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
                let stream = streams.pop();
                self.count.store(streams.len(), Ordering::Relaxed);
                stream?
            };
            if is_quiet(&stream) {
                return TcpStream::from_std(stream).ok();
            }
        }
    }

    pub(super) fn give(&self, stream: TcpStream) {
        if self.count.load(Ordering::Relaxed) >= LIMIT {
            return;
        }
        let Ok(stream) = stream.into_std() else { return };
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.push(stream);
        self.count.store(streams.len(), Ordering::Relaxed);
    }

    /// Closes all of them.
    pub(super) fn clear(&self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.clear();
        self.count.store(0, Ordering::Relaxed);
    }
}

fn is_quiet(stream: &std::net::TcpStream) -> bool {
    let mut byte = [0_u8; 1];
    matches!(
        recv(stream, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT),
        Err(rustix::io::Errno::AGAIN)
    )
}
