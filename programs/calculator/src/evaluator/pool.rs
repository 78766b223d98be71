//! The evaluators of a replica: a fixed number of them, shared by all connections.
//!
//! An evaluation has a short time first. If that does not do, it is begun anew with all its time,
//! but after those that have not been tried yet, and one evaluator is always kept for these: so
//! what is quick is answered soon, however many slow ones there are.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::process::{Evaluator, Program};
use super::turns::Turns;
use super::worker::overdue;
use super::{Job, Outcome};
use crate::limits::{
    EVALUATION_GRACE, EVALUATION_TIME, EVALUATOR_MEMORY_BYTES, FIRST_TRY_TIME, TURN_TIME,
    TURNS_WAITING,
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
    first_tries: Turns<Call>,
    slow: Turns<Call>,
    /// Evaluators in the slow lane, and the most there may be.
    slow_now: usize,
    slow_most: usize,
}

/// How one who waits is called.
type Call = oneshot::Sender<Lease>;

/// The place of one evaluator; empty after it was killed, until somebody needs one.
type Place = Option<Evaluator>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    FirstTry,
    Slow,
}

/// A place on loan. It goes to the next in turn when dropped; an evaluator that is within a job
/// then was taken out of it, and is killed by that.
#[derive(Debug)]
struct Lease {
    place: Option<Place>,
    lane: Lane,
    pool: Arc<Pool>,
}

impl Pool {
    /// Starts `count` evaluators.
    ///
    /// # Errors
    /// What the system says against it.
    pub(crate) fn start(program: Program, count: usize) -> io::Result<Arc<Self>> {
        let free = (0..count).map(|_| program.start().map(Some)).collect::<io::Result<_>>()?;
        let slow_most = count.saturating_sub(1).max(1);
        let (first_tries, slow) = (Turns::new(), Turns::new());
        let state = Mutex::new(State { free, first_tries, slow, slow_now: 0, slow_most });
        Ok(Arc::new(Self { program, state }))
    }

    /// Evaluates a job for a connection that has `used` so many microseconds of evaluators before,
    /// and adds to them.
    pub(crate) async fn evaluate(self: &Arc<Self>, job: &Job, used: &mut u64) -> Outcome {
        let first = self.attempt(job, Lane::FirstTry, FIRST_TRY_TIME, used).await;
        if matches!(first, Outcome::Refused(Code::Timeout, _)) {
            return self.attempt(job, Lane::Slow, EVALUATION_TIME, used).await;
        }
        first
    }

    async fn attempt(
        self: &Arc<Self>,
        job: &Job,
        lane: Lane,
        time: Duration,
        used: &mut u64,
    ) -> Outcome {
        let Some(frame) = job.encode(time) else {
            return Outcome::Refused(Code::TooLarge, "the variables are too large".to_owned());
        };
        let Some(lease) = self.lease(lane, *used).await else {
            let words = "too many evaluations wait for a turn: try again later";
            return Outcome::Refused(Code::Busy, words.to_owned());
        };
        let start = Instant::now();
        let outcome = lease.work(&frame, time).await;
        let spent = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        *used = used.saturating_add(spent);
        outcome
    }

    async fn lease(self: &Arc<Self>, lane: Lane, used: u64) -> Option<Lease> {
        let turn = {
            let mut state = self.lock();
            if let Some(place) = state.free_place(lane) {
                return Some(Lease { place: Some(place), lane, pool: Arc::clone(self) });
            }
            let turns = state.turns(lane);
            if turns.len() >= TURNS_WAITING {
                turns.forget(oneshot::Sender::is_closed);
            }
            if turns.len() >= TURNS_WAITING {
                return None;
            }
            let (call, turn) = oneshot::channel();
            turns.join(used, call);
            turn
        };
        timeout(TURN_TIME, turn).await.ok()?.ok()
    }

    /// Hands a place that was used in `lane` to the next in turn who is still there.
    fn pass_on(self: &Arc<Self>, mut place: Place, mut lane: Lane) {
        loop {
            let mut state = self.lock();
            if lane == Lane::Slow {
                state.slow_now = state.slow_now.saturating_sub(1);
            }
            let Some((call, next)) = state.next() else {
                state.free.push(place);
                return;
            };
            drop(state);
            let lease = Lease { place: Some(place), lane: next, pool: Arc::clone(self) };
            match call.send(lease) {
                Ok(()) => return,
                Err(mut returned) => {
                    // Taken out of the lease, which otherwise would pass it on as well.
                    place = returned.place.take().flatten();
                    lane = next;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turns(&mut self, lane: Lane) -> &mut Turns<Call> {
        match lane {
            Lane::FirstTry => &mut self.first_tries,
            Lane::Slow => &mut self.slow,
        }
    }

    fn free_place(&mut self, lane: Lane) -> Option<Place> {
        if lane == Lane::FirstTry {
            return self.free.pop();
        }
        let place = if self.slow_now < self.slow_most { self.free.pop() } else { None };
        self.slow_now += usize::from(place.is_some());
        place
    }

    /// Who is next, and in which lane.
    fn next(&mut self) -> Option<(Call, Lane)> {
        if let Some(call) = self.first_tries.next() {
            return Some((call, Lane::FirstTry));
        }
        let call = if self.slow_now < self.slow_most { self.slow.next() } else { None }?;
        self.slow_now += 1;
        Some((call, Lane::Slow))
    }
}

impl Lease {
    async fn work(mut self, job: &[u8], time: Duration) -> Outcome {
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
        match timeout(time + EVALUATION_GRACE.min(time), evaluator.work(job)).await {
            Ok(Ok(outcome)) => {
                self.place = Some(Some(evaluator));
                outcome
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "an evaluation ended its evaluator, another takes its place");
                died(&mut evaluator).await
            }
            Err(_) => {
                tracing::debug!("an evaluator did not stop in time and is replaced");
                Outcome::Refused(Code::Timeout, overdue())
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.pool.pass_on(place, self.lane);
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
