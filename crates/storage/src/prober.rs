//! Finds out again and again whether a database can be read and written, and keeps the answer.
//!
//! The bound is in the answer itself. A round begins every [`limits::HEALTH_PERIOD`] and each of
//! its statements has [`limits::HEALTH_STATEMENT`] from its own beginning. A success that began
//! more than [`limits::HEALTH_STALE`] ago counts for nothing: the database is said not to work that
//! long after a fault at the latest, also when nothing here gets to run. A round that hangs does
//! not hold up the next ones, so the end of a fault is seen as soon.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::deadline::Deadline;
use crate::error::Error;
use crate::files::Sight;
use crate::limits;

/// What was found out last.
#[derive(Debug, Default)]
pub(crate) struct Prober {
    found: Mutex<Found>,
    /// Something was found out.
    news: Notify,
    /// Somebody asks again after a time in which nobody did, or the file has changed.
    wanted: Notify,
    task: Mutex<Option<AbortHandle>>,
}

#[derive(Debug, Default)]
struct Found {
    reads: Option<Finding>,
    writes: Option<Finding>,
    /// When somebody last asked.
    asked: Option<Instant>,
    /// What the file looked like when the last round began.
    sight: Option<Sight>,
}

/// What one statement showed.
#[derive(Clone, Debug)]
struct Finding {
    /// When it began: what happened later is not known by it.
    begun: Instant,
    fault: Option<Arc<Error>>,
}

/// What is known of reads and of writes.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) reads: Option<Arc<Error>>,
    pub(crate) writes: Option<Arc<Error>>,
}

/// Which half of the database's work a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Reads,
    Writes,
}

impl Prober {
    /// Begins rounds, `attempts` at the same time at most, if that was not done before. A round is
    /// a future that notes what it finds, or None when there is nobody left to find it for.
    pub(crate) fn begin<F, R>(self: &Arc<Self>, attempts: usize, round: F)
    where
        F: Fn() -> Option<R> + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            let rounds = rounds(Arc::clone(self), attempts, round);
            *task = Some(tokio::spawn(rounds).abort_handle());
        }
    }

    /// Ends the rounds. Those under way are cut short.
    pub(crate) fn end(&self) {
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }

    /// What is known now. After a time in which nobody asked it is found out first; if the file
    /// looks otherwise than when the last round began, whether it can be read is.
    pub(crate) async fn ask(
        &self,
        stale: Duration,
        deadline: Deadline,
        sight: Option<Sight>,
    ) -> Known {
        let now = Instant::now();
        let (asked, is_changed) = {
            let mut found = self.lock();
            (found.asked.replace(now), found.sight != sight)
        };
        let is_new = asked.is_none_or(|asked| now.duration_since(asked) > limits::HEALTH_UNASKED);
        if is_new || is_changed {
            self.wanted.notify_one();
            let _ = timeout_at(deadline.instant(), self.fresh(now, is_new)).await;
        }
        self.known(stale)
    }

    /// Notes what the file looks like at the beginning of a round.
    pub(crate) fn saw(&self, sight: Option<Sight>) {
        self.lock().sight = sight;
    }

    /// Returns once reads, or both halves, were found out after this moment.
    async fn fresh(&self, moment: Instant, both: bool) {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let is_fresh = |half: &Option<Finding>| {
                half.as_ref().is_some_and(|finding| finding.begun >= moment)
            };
            let is_known = {
                let found = self.lock();
                is_fresh(&found.reads) && (!both || is_fresh(&found.writes))
            };
            if is_known {
                return;
            }
            news.await;
        }
    }

    fn known(&self, stale: Duration) -> Known {
        let found = self.lock();
        let fault = |half: &Option<Finding>| match half {
            Some(Finding { fault: Some(fault), .. }) => Some(Arc::clone(fault)),
            Some(finding) if finding.begun.elapsed() <= stale => None,
            _ => Some(Arc::new(Error::NotProbed { within: stale })),
        };
        Known { reads: fault(&found.reads), writes: fault(&found.writes) }
    }

    /// Notes what a statement showed that began at this moment. What began later knows more.
    pub(crate) fn note(&self, half: Half, begun: Instant, fault: Option<Arc<Error>>) {
        let mut found = self.lock();
        let known = match half {
            Half::Reads => &mut found.reads,
            Half::Writes => &mut found.writes,
        };
        if known.as_ref().is_none_or(|known| known.begun <= begun) {
            *known = Some(Finding { begun, fault });
        }
        drop(found);
        self.news.notify_waiters();
    }

    fn is_asked(&self) -> bool {
        let asked = self.lock().asked;
        asked.is_some_and(|asked| asked.elapsed() <= limits::HEALTH_UNASKED)
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn rounds<F, R>(prober: Arc<Prober>, attempts: usize, round: F)
where
    F: Fn() -> Option<R>,
    R: Future<Output = ()> + Send + 'static,
{
    let mut under_way = JoinSet::new();
    let mut ticks = interval(limits::HEALTH_PERIOD);
    // One that is late is made up for at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if !prober.is_asked() {
            prober.wanted.notified().await;
            ticks.reset_immediately();
        }
        tokio::select! {
            Some(_) = under_way.join_next() => {}
            () = prober.wanted.notified() => ticks.reset_immediately(),
            _ = ticks.tick(), if under_way.len() < attempts => match round() {
                Some(round) => drop(under_way.spawn(round)),
                None => return,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALE: Duration = Duration::from_millis(1500);

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(10))
    }

    fn both(prober: &Prober, begun: Instant, fault: Option<Error>) {
        let fault = fault.map(Arc::new);
        prober.note(Half::Reads, begun, fault.clone());
        prober.note(Half::Writes, begun, fault);
    }

    /// A prober whose rounds do as they are told.
    fn told(hangs: &Arc<Mutex<bool>>) -> Arc<Prober> {
        let prober = Arc::new(Prober::default());
        let (noting, hangs) = (Arc::clone(&prober), Arc::clone(hangs));
        prober.begin(2, move || {
            let (prober, hangs) = (Arc::clone(&noting), *hangs.lock().unwrap());
            Some(async move {
                let begun = Instant::now();
                if hangs {
                    tokio::time::sleep(limits::HEALTH_STATEMENT).await;
                    both(&prober, begun, Some(Error::NoConnection));
                } else {
                    both(&prober, begun, None);
                }
            })
        });
        prober
    }

    #[tokio::test(start_paused = true)]
    async fn both_ends_of_a_fault_are_seen_in_time() {
        let hangs = Arc::new(Mutex::new(false));
        let prober = told(&hangs);
        for offset in 0..40 {
            let known = prober.ask(STALE, soon(), None).await;
            assert!(known.reads.is_none() && known.writes.is_none());
            tokio::time::sleep(Duration::from_millis(offset * 27)).await;
            *hangs.lock().unwrap() = true;
            tokio::time::sleep(STALE + Duration::from_millis(2)).await;
            assert!(prober.ask(STALE, soon(), None).await.reads.is_some(), "after {offset}");
            tokio::time::sleep(Duration::from_millis(offset * 31)).await;
            *hangs.lock().unwrap() = false;
            // The longest wait is for one of the rounds that hang.
            tokio::time::sleep(limits::HEALTH_STATEMENT + Duration::from_millis(2)).await;
            assert!(prober.ask(STALE, soon(), None).await.writes.is_none(), "after {offset}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_grows_old_by_itself() {
        let prober = Prober::default();
        prober.lock().asked = Some(Instant::now());
        both(&prober, Instant::now(), None);
        assert!(prober.ask(STALE, soon(), None).await.writes.is_none());
        tokio::time::sleep(STALE + Duration::from_millis(2)).await;
        let words = prober.ask(STALE, soon(), None).await.writes.unwrap().to_string();
        assert!(words.contains("1.5 s"), "{words}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_began_later_knows_more() {
        let prober = Prober::default();
        let earlier = Instant::now();
        tokio::time::sleep(Duration::from_millis(10)).await;
        both(&prober, Instant::now(), None);
        both(&prober, earlier, Some(Error::NoConnection));
        assert!(prober.known(STALE).reads.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_asks_and_nothing_is_done() {
        let hangs = Arc::new(Mutex::new(false));
        let prober = told(&hangs);
        prober.ask(STALE, soon(), None).await;
        tokio::time::sleep(limits::HEALTH_UNASKED * 2).await;
        let begun = prober.lock().reads.clone().unwrap().begun;
        tokio::time::sleep(limits::HEALTH_UNASKED).await;
        assert_eq!(prober.lock().reads.clone().unwrap().begun, begun);
        // Who asks then hears what is so now.
        *hangs.lock().unwrap() = true;
        assert!(prober.ask(STALE, soon(), None).await.reads.is_some());
    }
}
