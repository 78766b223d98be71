//! Questions to the pool that someone waits for. A disk that does not answer must not hold those
//! who ask: after [`STALLED`](super::settings::STALLED) they are released without an answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::lock::lock;
use super::pool::Pool;

trait Question: Send + Sync {
    /// Releases who waits.
    fn abandon(&self);
}

impl<T: Send> Question for Mutex<Option<oneshot::Sender<T>>> {
    fn abandon(&self) {
        lock(self).take();
    }
}

type Open = Mutex<HashMap<u64, (Instant, Arc<dyn Question>)>>;

/// The questions that are not answered.
#[derive(Default)]
pub(super) struct Calls {
    open: Arc<Open>,
    next: AtomicU64,
}

impl Calls {
    /// Asks. The receiver fails when the job panics, takes too long, or the pool is closed.
    pub(super) fn call<T: Send + 'static>(
        &self,
        pool: &Pool,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (told, job) = self.question(job);
        pool.submit(job);
        told
    }

    /// Asks unless `limit` jobs wait already.
    pub(super) fn try_call<T: Send + 'static>(
        &self,
        pool: &Pool,
        limit: usize,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<oneshot::Receiver<T>> {
        let (told, job) = self.question(job);
        pool.try_submit(limit, job).then_some(told)
    }

    fn question<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> (oneshot::Receiver<T>, impl FnOnce() + Send + 'static) {
        let (tell, told) = oneshot::channel();
        let question = Arc::new(Mutex::new(Some(tell)));
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let asked: Arc<dyn Question> = Arc::<Mutex<Option<_>>>::clone(&question);
        lock(&self.open).insert(id, (Instant::now(), asked));
        let closed = Closes { open: Arc::clone(&self.open), id };
        let answer = move || {
            let answer = job();
            let tell = lock(&question).take();
            if let Some(tell) = tell {
                let _: Result<(), T> = tell.send(answer);
            }
            drop(closed);
        };
        (told, answer)
    }

    /// Releases those who have waited longer than that; says how many.
    pub(super) fn abandon(&self, longer_than: Duration) -> usize {
        let mut late = Vec::new();
        lock(&self.open).retain(|_, (asked, question)| {
            let keep = asked.elapsed() <= longer_than;
            if !keep {
                late.push(Arc::clone(question));
            }
            keep
        });
        late.iter().for_each(|question| question.abandon());
        late.len()
    }
}

/// Removes a question when its job ends in whatever way.
struct Closes {
    open: Arc<Open>,
    id: u64,
}

impl Drop for Closes {
    fn drop(&mut self) {
        let question = lock(&self.open).remove(&self.id);
        if let Some((_, question)) = question {
            question.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn who_waits_for_a_disk_that_does_not_answer_is_released() {
        let (pool, _threads) = Pool::start(1);
        let calls = Calls::default();
        let (open, gate) = mpsc::channel::<()>();
        let stuck = calls.call(&pool, move || gate.recv().is_ok());
        let behind = calls.call(&pool, || 7);
        let panics = calls.call(&pool, || -> u8 { panic!("as told") });
        assert_eq!(calls.abandon(Duration::from_secs(3600)), 0);
        assert_eq!(calls.abandon(Duration::ZERO), 3);
        assert!(stuck.blocking_recv().is_err() && behind.blocking_recv().is_err());
        assert!(panics.blocking_recv().is_err());
        open.send(()).unwrap();
        assert_eq!(calls.call(&pool, || 8).blocking_recv(), Ok(8));
        pool.close();
    }
}
