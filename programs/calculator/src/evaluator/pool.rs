//! The evaluators of a replica: a fixed number of them, shared by all connections.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::process::{Evaluator, Program};
use super::turns::Turns;
use super::worker::overdue;
use super::{Job, Outcome};
use crate::limits::{
    EVALUATION_GRACE, EVALUATION_TIME, EVALUATOR_MEMORY_BYTES, TURN_TIME, TURNS_WAITING,
};
use crate::protocol::Code;

/// A fixed number of evaluators, and those who wait for one.
#[derive(Debug)]
pub(crate) struct Pool {
    program: Program,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: Vec<Place>,
    turns: Turns<oneshot::Sender<Lease>>,
}

/// The place of one evaluator; empty after it was killed, until somebody needs one.
type Place = Option<Evaluator>;

/// A place on loan. It goes to the next in turn when dropped; an evaluator that is within a job
/// then was taken out of it, and is killed by that.
#[derive(Debug)]
struct Lease {
    place: Option<Place>,
    pool: Arc<Pool>,
}

impl Pool {
    /// Starts `count` evaluators.
    ///
    /// # Errors
    /// What the system says against it.
    pub(crate) fn start(program: Program, count: usize) -> io::Result<Arc<Self>> {
        let free = (0..count).map(|_| program.start().map(Some)).collect::<io::Result<_>>()?;
        let state = Mutex::new(State { free, turns: Turns::new() });
        Ok(Arc::new(Self { program, state }))
    }

    /// Evaluates a job for a connection that has `used` so many microseconds of evaluators before,
    /// and adds to them.
    pub(crate) async fn evaluate(self: &Arc<Self>, job: &Job, used: &mut u64) -> Outcome {
        let Some(frame) = job.encode() else {
            return Outcome::Refused(Code::TooLarge, "the variables are too large".to_owned());
        };
        let Some(lease) = self.lease(*used).await else {
            let words = "too many evaluations wait for a turn: try again later";
            return Outcome::Refused(Code::Busy, words.to_owned());
        };
        let start = Instant::now();
        let outcome = lease.work(&frame).await;
        let spent = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        *used = used.saturating_add(spent);
        outcome
    }

    async fn lease(self: &Arc<Self>, used: u64) -> Option<Lease> {
        let turn = {
            let mut state = self.lock();
            if let Some(place) = state.free.pop() {
                return Some(Lease { place: Some(place), pool: Arc::clone(self) });
            }
            if state.turns.len() >= TURNS_WAITING {
                state.turns.forget(oneshot::Sender::is_closed);
            }
            if state.turns.len() >= TURNS_WAITING {
                return None;
            }
            let (call, turn) = oneshot::channel();
            state.turns.join(used, call);
            turn
        };
        timeout(TURN_TIME, turn).await.ok()?.ok()
    }

    /// Hands a place to the next in turn who is still there.
    fn pass_on(self: &Arc<Self>, place: Place) {
        let mut lease = Lease { place: Some(place), pool: Arc::clone(self) };
        loop {
            let mut state = self.lock();
            let Some(call) = state.turns.next() else {
                state.free.extend(lease.place.take());
                return;
            };
            drop(state);
            match call.send(lease) {
                Ok(()) => return,
                Err(returned) => lease = returned,
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    async fn work(mut self, job: &[u8]) -> Outcome {
        // While it is out of its place, dropping this future kills it.
        let idle = self.place.as_mut().and_then(Option::take);
        let live = idle.and_then(|mut idle| (!idle.has_ended()).then_some(idle));
        let mut evaluator = match live.map_or_else(|| self.pool.program.start(), Ok) {
            Ok(evaluator) => evaluator,
            Err(error) => {
                tracing::warn!(%error, "cannot start an evaluator");
                let words = "no evaluator could be started: try again later";
                return Outcome::Refused(Code::Busy, words.to_owned());
            }
        };
        match timeout(EVALUATION_TIME + EVALUATION_GRACE, evaluator.work(job)).await {
            Ok(Ok(outcome)) => {
                self.place = Some(Some(evaluator));
                outcome
            }
            Ok(Err(error)) => {
                tracing::info!(%error, "an evaluation ended its evaluator, another takes its place");
                died(&mut evaluator).await
            }
            Err(_) => {
                tracing::info!("an evaluator did not stop in time and is replaced");
                Outcome::Refused(Code::Timeout, overdue())
            }
        }
    }
}

/// What to say of an evaluation that its evaluator did not survive.
async fn died(evaluator: &mut Evaluator) -> Outcome {
    if evaluator.broke_a_promise().await {
        let words = "the arithmetic fails at this expression: write it in another way";
        return Outcome::Refused(Code::Domain, words.to_owned());
    }
    let mebibytes = EVALUATOR_MEMORY_BYTES / (1024 * 1024);
    let words =
        format!("the evaluation takes more than {mebibytes} MiB of memory, or nests too deep");
    Outcome::Refused(Code::TooLarge, words)
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            Arc::clone(&self.pool).pass_on(place);
        }
    }
}
