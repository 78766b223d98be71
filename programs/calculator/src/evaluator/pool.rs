//! The evaluators of a replica: a fixed number of them, shared by all connections.
//!
//! An evaluation has a short time first. If that does not do, it is begun anew with all its time,
//! but after those that have not been tried yet, and one evaluator is always kept for these: so
//! what is quick is answered soon, however many slow ones there are. Who has used least of late is next.

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use super::process::{Clock, Evaluator, Program};
use super::turns::Turns;
use super::usage::Usage;
use super::worker::overdue;
use super::{Job, Outcome};
use crate::limits::{
    EVALUATION_GRACE, EVALUATION_TIME, EVALUATION_WALL_TIME, EVALUATOR_MEMORY_BYTES,
    FIRST_TRY_TIME, FIRST_TRY_WALL_TIME, TURN_TIME, TURNS_WAITING,
};
use crate::protocol::Code;

/// The step of the clock that tells the processor's time of a child.
const CLOCK_STEP: Duration = Duration::from_millis(10);

/// A fixed number of evaluators, and those who wait for one.
#[derive(Debug)]
pub(crate) struct Pool {
    program: Program,
    state: Mutex<State>,
    /// Whether it was looked at if the kernel confines evaluators.
    looked: AtomicBool,
}

#[derive(Debug)]
struct State {
    free: Vec<Place>,
    first_tries: Turns<Call>,
    slow: Turns<Call>,
    usage: Usage,
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
        let usage = Usage::default();
        let state = State { free, first_tries, slow, usage, slow_now: 0, slow_most };
        Ok(Arc::new(Self { program, state: Mutex::new(state), looked: AtomicBool::new(false) }))
    }

    /// Evaluates a job of a client, over a connection that has `used` so many microseconds of
    /// evaluators before, and adds to them.
    pub(crate) async fn evaluate(
        self: &Arc<Self>,
        job: &Job,
        client: IpAddr,
        used: &mut u64,
    ) -> Outcome {
        let first = self.attempt(job, Lane::FirstTry, client, used).await;
        if matches!(first, Outcome::Refused(Code::Timeout, _)) {
            return self.attempt(job, Lane::Slow, client, used).await;
        }
        first
    }

    async fn attempt(
        self: &Arc<Self>,
        job: &Job,
        lane: Lane,
        client: IpAddr,
        used: &mut u64,
    ) -> Outcome {
        let time = lane.time();
        let Some(frame) = job.encode(time) else {
            return Outcome::Refused(Code::TooLarge, "the variables are too large".to_owned());
        };
        let Some(lease) = self.lease(lane, client, *used).await else {
            let words = "too many evaluations wait for a turn: try again later";
            return Outcome::Refused(Code::Busy, words.to_owned());
        };
        let start = Instant::now();
        let outcome = lease.work(&frame, time).await;
        let spent = start.elapsed();
        *used = used.saturating_add(u64::try_from(spent.as_micros()).unwrap_or(u64::MAX));
        // All of its time was counted when it began.
        let unused = time.saturating_sub(spent);
        self.lock().usage.take_back(client, unused, Instant::now().into_std());
        outcome
    }

    async fn lease(self: &Arc<Self>, lane: Lane, client: IpAddr, used: u64) -> Option<Lease> {
        let turn = {
            let mut state = self.lock();
            if let Some(place) = state.free_place(lane) {
                state.begin(client, lane);
                return Some(Lease { place: Some(place), lane, pool: Arc::clone(self) });
            }
            let turns = state.turns(lane);
            if turns.len() >= TURNS_WAITING {
                turns.forget(oneshot::Sender::is_closed);
            }
            if turns.len() >= TURNS_WAITING && !turns.make_place(client) {
                return None;
            }
            let (call, turn) = oneshot::channel();
            turns.join(client, used, call);
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

    /// Tells the log once if the kernel does not confine evaluators.
    fn look_at_confinement(&self, clock: Clock) {
        if !self.looked.swap(true, Ordering::Relaxed) && !clock.is_confined() {
            tracing::warn!(
                "evaluators run without a filter of system calls (seccomp), which this system does \
                 not have: memory and time are bounded all the same"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// What an evaluation has there.
    fn time(self) -> Duration {
        match self {
            Self::FirstTry => FIRST_TRY_TIME,
            Self::Slow => EVALUATION_TIME,
        }
    }

    /// The same by the clock.
    fn wall_time(self) -> Duration {
        match self {
            Self::FirstTry => FIRST_TRY_WALL_TIME,
            Self::Slow => EVALUATION_WALL_TIME,
        }
    }
}

impl State {
    /// An evaluation of a client begins: all its time counts at once, so that whoever begins many at
    /// a time is behind the others from the second on.
    fn begin(&mut self, client: IpAddr, lane: Lane) {
        self.usage.add(client, lane.time(), Instant::now().into_std());
    }

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
        let now = Instant::now().into_std();
        let usage = |client| self.usage.of(client, now);
        if let Some((client, call)) = self.first_tries.next(usage) {
            self.begin(client, Lane::FirstTry);
            return Some((call, Lane::FirstTry));
        }
        let next = if self.slow_now < self.slow_most { self.slow.next(usage) } else { None };
        let (client, call) = next?;
        self.begin(client, Lane::Slow);
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
        let clock = evaluator.clock();
        let allowed = time + EVALUATION_GRACE.min(time);
        match within(clock, allowed, self.lane.wall_time(), evaluator.work(job)).await {
            Some(Ok(outcome)) => {
                self.pool.look_at_confinement(clock);
                self.place = Some(Some(evaluator));
                outcome
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "an evaluation ended its evaluator, another takes its place");
                died(&mut evaluator).await
            }
            None => {
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

/// Waits for an outcome while the evaluator has not used `allowed` of the processor, and not longer
/// than `most` by the clock. None when that is over.
async fn within<T>(
    clock: Clock,
    allowed: Duration,
    most: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let end = Instant::now() + most;
    let began = clock.spent();
    let mut left = allowed;
    loop {
        let next = end.min(Instant::now() + left);
        if let Ok(outcome) = timeout_at(next, &mut work).await {
            return Some(outcome);
        }
        // Where the system does not tell, the time by the clock has to do.
        let spent = began.and_then(|began| Some(clock.spent()?.saturating_sub(began)));
        left = allowed.saturating_sub(spent.unwrap_or(allowed));
        if left.is_zero() || Instant::now() >= end {
            return None;
        }
        left = left.max(CLOCK_STEP);
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
