//! The threads that touch files, so that no data-plane thread does.
//!
//! Look-ups are turned away when too many wait. Work on fills and for readers always enters: each
//! fill and each reader has one piece of it at a time, so their number bounds it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::lock::lock;

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

/// What the threads share.
pub(super) struct Pool {
    queue: Mutex<Queue>,
    ready: Condvar,
    began: Instant,
    /// Per thread: when its job began, in ms since `began` and plus 1; 0 when it has none.
    busy_since: Vec<AtomicU64>,
    stuck: AtomicBool,
}

impl Pool {
    /// Starts `threads` threads. Fewer when the system refuses; with none, jobs are dropped.
    pub(super) fn start(threads: usize) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let threads = threads.clamp(1, 64);
        let pool = Arc::new(Self {
            queue: Mutex::default(),
            ready: Condvar::new(),
            began: Instant::now(),
            busy_since: (0..threads).map(|_| AtomicU64::new(0)).collect(),
            stuck: AtomicBool::new(false),
        });
        let handles = (0..threads).filter_map(|number| {
            let pool = Arc::clone(&pool);
            let name = format!("cache-io-{number}");
            thread::Builder::new().name(name).spawn(move || pool.run(number)).ok()
        });
        let handles: Vec<_> = handles.collect();
        if handles.is_empty() {
            pool.close();
        }
        (pool, handles)
    }

    /// Queues a job. When the pool is closed it is dropped, and with it what it would answer.
    pub(super) fn submit(&self, job: impl FnOnce() + Send + 'static) {
        let mut queue = lock(&self.queue);
        if !queue.closed {
            queue.jobs.push_back(Box::new(job));
            drop(queue);
            self.ready.notify_one();
        }
    }

    /// Queues a job unless `limit` wait already or the threads are stuck in a disk that does not
    /// answer.
    pub(super) fn try_submit(&self, limit: usize, job: impl FnOnce() + Send + 'static) -> bool {
        if self.stuck.load(Ordering::Relaxed) || lock(&self.queue).jobs.len() >= limit {
            return false;
        }
        self.submit(job);
        true
    }

    /// The longest a job under way has taken. Remembers whether all threads are stuck beyond
    /// `limit`.
    pub(super) fn longest(&self, limit: Duration) -> Duration {
        let now = self.now_ms();
        let since = self.busy_since.iter().map(|since| since.load(Ordering::Relaxed));
        let taken: Vec<_> =
            since.map(|since| if since == 0 { 0 } else { now.saturating_sub(since) }).collect();
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.stuck.store(taken.iter().all(|&ms| ms > limit), Ordering::Relaxed);
        Duration::from_millis(taken.iter().copied().max().unwrap_or(0))
    }

    /// No more jobs are taken; those queued are done.
    pub(super) fn close(&self) {
        lock(&self.queue).closed = true;
        self.ready.notify_all();
    }

    #[allow(clippy::cast_possible_truncation)]
    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    fn run(&self, number: usize) {
        while let Some(job) = self.next() {
            if let Some(since) = self.busy_since.get(number) {
                since.store(self.now_ms(), Ordering::Relaxed);
            }
            // A job that panics drops its answer, which those who wait take for a failure.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("a cache job panicked; this is a bug in tombolo");
            }
            if let Some(since) = self.busy_since.get(number) {
                since.store(0, Ordering::Relaxed);
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = lock(&self.queue);
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.ready.wait(queue).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_panic_does_not_end_a_thread_and_closing_finishes_the_queue() {
        let (pool, threads) = Pool::start(1);
        let (tell, told) = mpsc::channel();
        pool.submit(|| panic!("as told"));
        for number in 0..10 {
            let tell = tell.clone();
            pool.submit(move || tell.send(number).unwrap());
        }
        pool.close();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(told.try_iter().count(), 10);
    }

    #[test]
    fn look_ups_beyond_the_limit_are_turned_away() {
        let (pool, _threads) = Pool::start(1);
        let (open, gate) = mpsc::channel::<()>();
        pool.submit(move || assert!(gate.recv().is_ok()));
        while !lock(&pool.queue).jobs.is_empty() {
            thread::yield_now();
        }
        assert!(pool.try_submit(1, || {}));
        assert!(!pool.try_submit(1, || {}));
        open.send(()).unwrap();
        pool.close();
    }
}
