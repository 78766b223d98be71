//! Trying again: only what is known not to be done, or what may be done twice.

use std::time::Duration;

use tokio::time::sleep;

use crate::deadline::Deadline;
use crate::error::{Error, Outcome};
use crate::limits;

/// The tries of one piece of work.
#[derive(Debug)]
pub struct Retry {
    deadline: Deadline,
    pause: Duration,
    is_repeatable: bool,
}

impl Retry {
    /// Tries again only what was certainly not done.
    #[must_use]
    pub fn new(deadline: Deadline) -> Self {
        Self { deadline, pause: limits::RETRY_PAUSE, is_repeatable: false }
    }

    /// Tries again also when nobody knows whether it was done. Only for work that finds out by
    /// itself what an earlier try did: by an idempotency key, or a row that proves it.
    #[must_use]
    pub fn of_repeatable(deadline: Deadline) -> Self {
        Self { is_repeatable: true, ..Self::new(deadline) }
    }

    /// Runs `attempt` until it succeeds or another try makes no sense.
    ///
    /// ```no_run
    /// # use tombolo_storage::{Database, Deadline, Error, Query, Retry};
    /// # use std::time::Duration;
    /// # async fn example(database: &Database, key: String) -> Result<(), Error> {
    /// let deadline = Deadline::after(Duration::from_secs(10));
    /// // The key tells what an earlier try did, so this may be done twice.
    /// let add = "INSERT INTO payment (key, amount) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    /// let add = Query::new(add).bind(key).bind(100_i64);
    /// let retry = Retry::of_repeatable(deadline);
    /// retry.run(|| database.call(deadline, add.clone())).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// That of the last try.
    pub async fn run<T, F>(mut self, mut attempt: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            match attempt().await {
                Err(error) if self.again(&error).await => {}
                done => return done,
            }
        }
    }

    /// Until when.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Whether another try makes sense after this error.
    #[must_use]
    pub fn allows(&self, error: &Error) -> bool {
        let may_repeat = match error.outcome() {
            Outcome::NotDone => true,
            Outcome::Unknown => self.is_repeatable,
            Outcome::WillNotPass => false,
        };
        may_repeat && error.is_passing() && self.deadline.left() > self.pause
    }

    /// After an error: pauses and says true when another try makes sense. The pause doubles and is
    /// drawn at random, so that those who failed together do not come back together.
    pub async fn again(&mut self, error: &Error) -> bool {
        if !self.allows(error) {
            return false;
        }
        tracing::debug!(%error, pause = ?self.pause, "trying again");
        let most = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX).max(1);
        sleep(Duration::from_millis(fastrand::u64(most.div_ceil(2)..=most))).await;
        self.pause = (self.pause * 2).min(limits::RETRY_PAUSE_MAX);
        true
    }
}
