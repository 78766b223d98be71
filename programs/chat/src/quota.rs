//! What clients may hold at one replica: streams, and memory for the history that is on its way to
//! them. One budget for all, and a share of it for each client, so that readers who take nothing cost
//! a bounded amount and stop only themselves.
//!
//! A client is a network address (with IPv6 a /64). What it holds is counted while it holds it;
//! nothing is remembered afterwards.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::limits;

/// Memory is counted in pieces of so many bytes.
const PIECE_BYTES: usize = 1024;

/// The quotas of one replica.
#[derive(Debug)]
pub(crate) struct Quotas {
    /// Streams of each client; 0 for any number.
    streams_each: usize,
    /// [`limits::HISTORY_BYTES`], in pieces.
    memory: Arc<Semaphore>,
    clients: Mutex<HashMap<IpAddr, Held>>,
}

/// What one client holds.
#[derive(Debug)]
struct Held {
    /// Visits, of which some are streams.
    visits: usize,
    streams: usize,
    /// [`limits::HISTORY_BYTES_EACH`], in pieces.
    memory: Arc<Semaphore>,
}

/// A client while it is being served. Counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    quotas: Arc<Quotas>,
    client: IpAddr,
    is_stream: bool,
    memory: Arc<Semaphore>,
}

/// Memory that was set aside. Free again once it is dropped.
#[derive(Debug)]
pub(crate) struct Memory {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

/// Bytes and the memory that they take.
#[derive(Debug)]
pub(crate) struct Counted<M> {
    bytes: Bytes,
    _memory: M,
}

impl<M: Send + 'static> Counted<M> {
    /// Bytes that keep their memory counted for as long as they are held, by whatever sends them.
    pub(crate) fn bytes(bytes: Bytes, memory: M) -> Bytes {
        Bytes::from_owner(Self { bytes, _memory: memory })
    }
}

impl<M> AsRef<[u8]> for Counted<M> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A client has as many streams as it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyStreams;

impl Quotas {
    /// So many streams for each client; 0 for any number.
    pub(crate) fn new(streams_each: usize) -> Arc<Self> {
        let memory = Arc::new(Semaphore::new(limits::HISTORY_BYTES / PIECE_BYTES));
        Arc::new(Self { streams_each, memory, clients: Mutex::default() })
    }

    /// A client opens a stream.
    pub(crate) fn stream(self: &Arc<Self>, client: IpAddr) -> Result<Visit, TooManyStreams> {
        let mut visit = self.visit(client);
        let mut clients = self.lock();
        let streams = clients.get_mut(&client).map(|held| &mut held.streams);
        if let Some(streams) =
            streams.filter(|now| self.streams_each == 0 || **now < self.streams_each)
        {
            *streams += 1;
            visit.is_stream = true;
        }
        drop(clients);
        if visit.is_stream { Ok(visit) } else { Err(TooManyStreams) }
    }

    /// A client asks for one page.
    pub(crate) fn visit(self: &Arc<Self>, client: IpAddr) -> Visit {
        let mut clients = self.lock();
        let held = clients.entry(client).or_insert_with(|| Held {
            visits: 0,
            streams: 0,
            memory: Arc::new(Semaphore::new(limits::HISTORY_BYTES_EACH / PIECE_BYTES)),
        });
        held.visits += 1;
        let memory = Arc::clone(&held.memory);
        Visit { quotas: Arc::clone(self), client, is_stream: false, memory }
    }

    /// Counts are whole whoever panicked: each change is one step.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Held>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// Waits until so many bytes may be held for this client; None if that takes too long.
    pub(crate) async fn reserve(&self, bytes: usize) -> Option<Memory> {
        let pieces = pieces(bytes.min(limits::HISTORY_BYTES_EACH));
        let both = async {
            // The client's own share first: whoever waits for that holds nothing of what all share.
            let own = Arc::clone(&self.memory).acquire_many_owned(pieces).await.ok()?;
            let all = Arc::clone(&self.quotas.memory).acquire_many_owned(pieces).await.ok()?;
            Some(Memory { own, all })
        };
        timeout(limits::HISTORY_WAIT, both).await.ok().flatten()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut clients = self.quotas.lock();
        let Some(held) = clients.get_mut(&self.client) else { return };
        held.visits = held.visits.saturating_sub(1);
        held.streams = held.streams.saturating_sub(usize::from(self.is_stream));
        // What is still on its way keeps the permits, whose end nobody else waits for then.
        if held.visits == 0 {
            clients.remove(&self.client);
        }
    }
}

impl Memory {
    /// Keeps so many bytes of it at most and gives the rest back.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let kept = pieces(bytes) as usize;
        for permit in [&mut self.own, &mut self.all] {
            drop(permit.split(permit.num_permits().saturating_sub(kept)));
        }
    }
}

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What a future gives without waiting.
    fn at_once<T>(future: impl Future<Output = Option<T>>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done,
            Poll::Pending => None,
        }
    }

    fn client(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn each_client_has_so_many_streams_and_none_is_remembered() {
        let quotas = Quotas::new(2);
        let held: Vec<_> = (0..2).map(|_| quotas.stream(client(1)).unwrap()).collect();
        assert_eq!(quotas.stream(client(1)).unwrap_err(), TooManyStreams);
        assert!(
            quotas.visit(client(1)).memory.available_permits() > 0
                && quotas.stream(client(2)).is_ok()
        );
        drop(held);
        assert!(quotas.lock().is_empty());
        assert!(quotas.stream(client(1)).is_ok());
        let any = Quotas::new(0);
        let held: Vec<_> = (0..1000).map(|_| any.stream(client(1)).unwrap()).collect();
        assert_eq!(held.len(), 1000);
    }

    #[tokio::test]
    async fn a_client_gets_its_share_of_memory_and_no_more() {
        let quotas = Quotas::new(0);
        let greedy = quotas.visit(client(1));
        let mut held = at_once(greedy.reserve(limits::HISTORY_BYTES_EACH)).unwrap();
        assert!(at_once(greedy.reserve(1)).is_none());
        let other = quotas.visit(client(2));
        let kept = at_once(other.reserve(1)).unwrap();
        held.shrink(limits::HISTORY_BYTES_EACH / 2);
        assert!(at_once(greedy.reserve(limits::HISTORY_BYTES_EACH / 2)).is_some());
        drop((held, kept));
        let whole = limits::HISTORY_BYTES / PIECE_BYTES;
        assert_eq!(quotas.memory.available_permits(), whole);
    }

    #[tokio::test]
    async fn all_clients_together_get_no_more_than_the_budget() {
        let quotas = Quotas::new(0);
        let mut held = Vec::new();
        for last in 0..=255 {
            let visit = quotas.visit(client(last));
            let memory = at_once(visit.reserve(limits::HISTORY_BYTES_EACH));
            held.extend(memory.map(|memory| (visit, memory)));
        }
        assert_eq!(held.len(), limits::HISTORY_BYTES / limits::HISTORY_BYTES_EACH);
    }
}
