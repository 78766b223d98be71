//! The bandwidth that the transfers of a replica share, if the operator has limited it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::turns::{TurnId, Turns};
use crate::limits;

/// The bandwidth of a replica.
#[derive(Debug)]
pub(crate) struct FairShare {
    /// Bytes per second of both directions together.
    bandwidth: Option<u64>,
    state: Arc<Mutex<State>>,
    asked: Notify,
}

#[derive(Debug, Default)]
struct State {
    turns: Turns,
    /// Who waits for which turn; None once it was given.
    wakers: HashMap<TurnId, Option<Waker>>,
    given: std::collections::HashSet<TurnId>,
}

/// A turn that was asked for. Dropped, it is given up.
#[derive(Debug)]
pub(super) struct Turn {
    id: TurnId,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FairShare {
    pub(super) fn new(bandwidth: Option<u64>) -> Self {
        Self { bandwidth, state: Arc::default(), asked: Notify::new() }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.bandwidth.is_some()
    }

    /// Asks for a turn for a lane.
    pub(super) fn ask(&self, lane: &str, bytes: u64) -> Turn {
        let mut state = lock(&self.state);
        let id = state.turns.ask(lane, bytes);
        state.wakers.insert(id, None);
        self.asked.notify_one();
        Turn { id, state: Arc::clone(&self.state) }
    }

    /// Gives turns as bandwidth allows. Returns at once where it is not limited.
    pub(super) async fn run(&self) {
        let Some(bandwidth) = self.bandwidth else { return };
        let mut free_at = Instant::now();
        loop {
            let asked = self.asked.notified();
            let given = self.give();
            let Some(bytes) = given else {
                asked.await;
                continue;
            };
            let millis = bytes.saturating_mul(1_000_000).checked_div(bandwidth).unwrap_or_default();
            let time = Duration::from_micros(millis);
            // What was not used for a moment may be made up for.
            let earliest = Instant::now().checked_sub(limits::BANDWIDTH_BURST);
            free_at = earliest.map_or(free_at, |earliest| free_at.max(earliest));
            free_at = free_at.checked_add(time).unwrap_or(free_at);
            if free_at > Instant::now() {
                sleep_until(free_at).await;
            }
        }
    }

    fn give(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        let (id, bytes) = state.turns.give()?;
        state.given.insert(id);
        if let Some(waker) = state.wakers.remove(&id).flatten() {
            waker.wake();
        }
        Some(bytes)
    }
}

impl Turn {
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.given.remove(&self.id) {
            return Poll::Ready(());
        }
        state.wakers.insert(self.id, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.given.remove(&self.id);
        state.wakers.remove(&self.id);
        state.turns.cancel(self.id);
    }
}
