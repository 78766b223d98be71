//! How much a plan still allows in a month: taken from the database in steps, ahead of the bytes.
//!
//! A replica takes some MiB for a user (`library_allowance`), moves bytes of them, takes more, and
//! gives back what is left when the user has nothing under way. So no replica ever moves a byte that
//! the plan does not allow, however many replicas and connections there are; what a replica holds and
//! does not use, [`limits::ALLOWANCE_MOST`] at most, others lack for a few seconds, or for the rest of
//! the month if it is killed.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::StatusCode;
use tombolo_storage::{Database, Error, Query, Work};

use crate::ids::UserId;
use crate::limits;
use crate::plans::{plan, traffic};
use crate::problem::Problem;
use crate::state::writing;

/// Why bytes may not be moved.
#[derive(Debug)]
pub(crate) enum Short {
    /// The plan allows no more this month.
    Exceeded { used: u64, limit: u64 },
    /// The database could not say.
    Database(Error),
}

impl From<Error> for Short {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<Short> for Problem {
    fn from(short: Short) -> Self {
        let (used, limit) = match short {
            Short::Exceeded { used, limit } => (used, limit),
            Short::Database(error) => return error.into(),
        };
        let detail = format!(
            "This account has moved {used} bytes this month, and its plan allows {limit}; take a \
             larger plan, or go on next month (UTC): what was transferred so far is kept."
        );
        Self::new(StatusCode::FORBIDDEN, "transfer-exceeded", EXCEEDED, detail)
            .with("used", used)
            .with("limit", limit)
    }
}

const EXCEEDED: &str = "The plan allows no more transfers this month";

/// What somebody is told whom the plan of another one is closed to: no numbers of that one.
pub(crate) fn exceeded_by_owner() -> Problem {
    let detail = "Whoever shares this has moved all that their plan allows this month; ask them, or \
                  try again next month (UTC).";
    Problem::new(StatusCode::FORBIDDEN, "transfer-exceeded", EXCEEDED, detail)
}

/// What this replica may move for each user.
#[derive(Debug)]
pub(crate) struct Allowances {
    database: Database,
    accounts: Mutex<HashMap<UserId, Arc<Account>>>,
}

/// What this replica may move for one user.
#[derive(Debug)]
pub(crate) struct Account {
    user: UserId,
    database: Database,
    held: Mutex<Held>,
    /// One at a time asks for more.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    /// The month that they are of.
    month: i64,
    bytes: u64,
    used: Instant,
}

/// Bytes that are being asked for.
pub(super) struct Taking(Pin<Box<dyn Future<Output = Result<(), Short>> + Send>>);

impl std::fmt::Debug for Taking {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Taking")
    }
}

impl Future for Taking {
    type Output = Result<(), Short>;

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl Allowances {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, accounts: Mutex::default() }
    }

    /// A user's. Kept in mind while somebody holds it.
    pub(super) fn of(&self, user: UserId) -> Arc<Account> {
        let account = || {
            let held = Held { month: month(), bytes: 0, used: Instant::now() };
            let (database, held) = (self.database.clone(), Mutex::new(held));
            Arc::new(Account { user, database, held, asking: tokio::sync::Mutex::default() })
        };
        Arc::clone(self.accounts().entry(user).or_insert_with(account))
    }

    /// Gives back what users have left that had nothing under way for a while, or all of it.
    pub(crate) async fn give_back(&self, all: bool) {
        let mut unused = Vec::new();
        self.accounts().retain(|_, account| {
            let held = *account.held();
            // Nobody can come to hold it: the table is locked.
            let is_idle = Arc::strong_count(account) == 1;
            let goes = is_idle && (all || held.used.elapsed() > limits::TRANSFER_LINGER);
            if goes && held.bytes > 0 {
                unused.push((account.user, held));
            }
            !goes
        });
        for (user, Held { month, bytes, .. }) in unused {
            let give = "UPDATE library_allowance
                SET taken = CASE WHEN taken > $3 THEN taken - $3 ELSE 0 END
                WHERE user_id = $1 AND month = $2";
            let give = Query::new(give).bind(user).bind(month).bind(signed(bytes));
            if let Err(error) = self.database.call(writing(), give).await {
                tracing::warn!(%error, bytes, "bytes that a user did not move stay counted");
            }
        }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Account>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    /// Refuses if not a byte more is allowed.
    pub(super) async fn open(&self) -> Result<(), Short> {
        if self.draw(1) {
            self.put_back(1);
            return Ok(());
        }
        self.take(1).await?;
        self.put_back(1);
        Ok(())
    }

    /// Takes bytes that are at hand.
    pub(super) fn draw(&self, bytes: u64) -> bool {
        let mut held = self.held();
        let month = month();
        if held.month != month {
            (held.month, held.bytes) = (month, 0);
        }
        held.used = Instant::now();
        let left = held.bytes.checked_sub(bytes);
        held.bytes = left.unwrap_or(held.bytes);
        left.is_some()
    }

    /// Gives bytes back that were not moved.
    pub(super) fn put_back(&self, bytes: u64) {
        let mut held = self.held();
        held.bytes = held.bytes.saturating_add(bytes);
    }

    /// Takes bytes, from the database if need be.
    pub(super) async fn take(&self, bytes: u64) -> Result<(), Short> {
        let _asking = self.asking.lock().await;
        if self.draw(bytes) {
            return Ok(());
        }
        let (user, month) = (self.user, month());
        let granted = self.database.write(writing(), move |work| {
            Box::pin(async move { grant(work, user, month, bytes).await })
        });
        match granted.await? {
            Granted::Bytes(more) => self.put_back(more),
            Granted::Nothing { used, limit } => return Err(Short::Exceeded { used, limit }),
        }
        // A month has ended meanwhile: what is held is of the new one.
        if self.draw(bytes) { Ok(()) } else { Err(Short::Database(Error::NoConnection)) }
    }

    /// The same, to be polled.
    pub(super) fn taking(self: &Arc<Self>, bytes: u64) -> Taking {
        let account = Arc::clone(self);
        Taking(Box::pin(async move { account.take(bytes).await }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the database gives.
#[derive(Clone, Copy, Debug)]
enum Granted {
    Bytes(u64),
    Nothing { used: u64, limit: u64 },
}

/// Takes at least so many bytes of a month, and some more if there are many left.
async fn grant(
    work: &mut Work<'_>,
    user: UserId,
    month: i64,
    bytes: u64,
) -> Result<Granted, Error> {
    let limit = u64::try_from(plan::of(work, user).await?.transfer).unwrap_or_default();
    // What older programs have counted this month.
    let begin = "INSERT INTO library_allowance (user_id, month, taken)
        SELECT $1, $2, CAST(coalesce(sum(received + sent), 0) AS BIGINT) FROM library_traffic
        WHERE user_id = $1 AND day >= $2
        ON CONFLICT (user_id, month) DO NOTHING";
    work.run(Query::new(begin).bind(user).bind(month)).await?;
    let find = "SELECT taken FROM library_allowance WHERE user_id = $1 AND month = $2";
    let row = work.row(Query::new(find).bind(user).bind(month).for_update()).await?;
    let missing = Error::Program { words: "an allowance has no row after it was written" };
    let used = u64::try_from(row.ok_or(missing)?.get::<i64>(0)?).unwrap_or_default();
    let left = limit.saturating_sub(used);
    if left < bytes {
        return Ok(Granted::Nothing { used, limit });
    }
    let share = left.checked_div(limits::ALLOWANCE_SHARE).unwrap_or_default();
    let step = share.clamp(limits::ALLOWANCE_LEAST, limits::ALLOWANCE_MOST).max(bytes).min(left);
    let take = "UPDATE library_allowance SET taken = taken + $3 WHERE user_id = $1 AND month = $2";
    work.run(Query::new(take).bind(user).bind(month).bind(signed(step))).await?;
    Ok(Granted::Bytes(step))
}

/// The first day of this month (UTC), as traffic counts days.
pub(super) fn month() -> i64 {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let first = now.first_of_month().and_then(|day| day.start_of_day()).unwrap_or(now);
    first.timestamp().as_millisecond().div_euclid(traffic::DAY)
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(limits::BYTES)
}
