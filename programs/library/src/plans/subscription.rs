//! A user's subscription: pending until it is paid, then active, past due while a month is not
//! paid, ended at last. One that ends does so at the end of what was paid.

use serde::Serialize;
use tombolo_storage::{Error, Query, Row, Work};
use utoipa::ToSchema;

use super::period::Period;
use crate::ids::{SubscriptionId, UserId};
use crate::ledger::Money;
use crate::payments::invoice::currency;
use crate::time::Time;

/// How far a subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SubscriptionState)]
pub(crate) enum State {
    /// Its first month is not paid yet; the plan is not given.
    Pending,
    /// Its month is paid.
    Active,
    /// Its month is not paid yet; the plan is given until the invoice's date.
    PastDue,
    /// It is over.
    Ended,
}

impl State {
    /// As the API and the database have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Ended => "ended",
        }
    }

    fn read(text: &str) -> Result<Self, Error> {
        let all = [Self::Pending, Self::Active, Self::PastDue, Self::Ended];
        let found = all.into_iter().find(|state| state.as_str() == text);
        found.ok_or(Error::Program { words: "a subscription has a state that is none" })
    }
}

/// A subscription as it is in the database.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: SubscriptionId,
    pub(crate) user: UserId,
    pub(crate) plan: String,
    pub(crate) price: Money,
    pub(crate) state: State,
    /// When its months are counted from.
    pub(crate) anchor: i64,
    /// Which month it is in, from 0.
    pub(crate) period: i64,
    /// When something is to be done next: give up waiting, renew, or end for want of payment.
    pub(crate) due: Time,
    pub(crate) cancel_at_end: bool,
    /// The plan from the next month on.
    pub(crate) next_plan: Option<String>,
    pub(crate) provider: String,
    /// What the provider takes later payments by.
    pub(crate) customer: Option<String>,
    pub(crate) method: Option<String>,
    /// Where its user reaches the library.
    pub(crate) origin: String,
    pub(crate) created: Time,
    pub(crate) ended: Option<Time>,
}

/// What is to be done with a subscription that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing yet.
    Wait,
    /// Its first payment did not come: it ends, and is owed nothing.
    GiveUp,
    /// Its next month begins.
    Renew,
    /// It was cancelled, and its month is over.
    End,
    /// A month was not paid in time: it ends, and what is owed is lost.
    Lose,
}

impl Subscription {
    /// What is to be done now.
    pub(crate) fn step(&self, now: Time) -> Step {
        match self.state {
            _ if now < self.due => Step::Wait,
            State::Pending => Step::GiveUp,
            State::Active if self.cancel_at_end => Step::End,
            State::Active => Step::Renew,
            State::PastDue => Step::Lose,
            State::Ended => Step::Wait,
        }
    }

    /// The month it is in.
    pub(crate) fn month(&self) -> Result<Period, Error> {
        month(self.anchor, self.period)
    }
}

/// A month of a subscription.
pub(crate) fn month(anchor: i64, n: i64) -> Result<Period, Error> {
    Period::of(anchor, n).ok_or(Error::Program { words: "a subscription goes beyond the calendar" })
}

/// The rows as [`of_row`] reads them; ends where a condition may follow.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, plan, amount, currency, state, anchor, period, due, cancel_at_end, ",
            "next_plan, provider, customer, method, created, ended, origin FROM library_subscription ",
            $rest
        )
    };
}

fn of_row(row: &Row) -> Result<Subscription, Error> {
    Ok(Subscription {
        id: SubscriptionId::of_row(row, 0)?,
        user: UserId::of_row(row, 1)?,
        plan: row.get(2)?,
        price: Money::new(row.get(3)?, currency(row, 4)?),
        state: State::read(&row.get::<String>(5)?)?,
        anchor: row.get(6)?,
        period: row.get(7)?,
        due: Time::of_row(row, 8)?,
        cancel_at_end: row.get::<i64>(9)? != 0,
        next_plan: row.get(10)?,
        provider: row.get(11)?,
        customer: row.get(12)?,
        method: row.get(13)?,
        created: Time::of_row(row, 14)?,
        ended: Time::of_row_if_any(row, 15)?,
        origin: row.get(16)?,
    })
}

/// A subscription, locked until the transaction ends: whatever concerns it is done by one at a
/// time. SQLite's transactions hold the whole file already.
pub(crate) async fn lock(
    work: &mut Work<'_>,
    id: SubscriptionId,
) -> Result<Option<Subscription>, Error> {
    let lock = Query::new(columns!("WHERE id = $1")).for_update();
    work.row(lock.bind(id)).await?.as_ref().map(of_row).transpose()
}

/// The subscription that a user has, locked.
pub(crate) async fn lock_live(
    work: &mut Work<'_>,
    user: UserId,
) -> Result<Option<Subscription>, Error> {
    let lock = Query::new(columns!("WHERE user_id = $1 AND state <> 'ended'")).for_update();
    work.row(lock.bind(user)).await?.as_ref().map(of_row).transpose()
}

/// A user's subscriptions, the newest first, after `cursor`.
pub(crate) async fn list(
    work: &mut Work<'_>,
    user: UserId,
    cursor: Option<SubscriptionId>,
    limit: i64,
) -> Result<Vec<Subscription>, Error> {
    let list = columns!("WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    // No id is as large as a letter beyond the digits.
    let cursor = cursor.map_or_else(|| "g".to_owned(), |id| id.to_string());
    let rows = work.rows(Query::new(list).bind(user).bind(cursor).bind(limit)).await?;
    rows.iter().map(of_row).collect()
}

/// Those that are due, the longest first.
pub(crate) async fn due(
    work: &mut Work<'_>,
    now: Time,
    limit: i64,
) -> Result<Vec<SubscriptionId>, Error> {
    let find = "SELECT id FROM library_subscription WHERE state <> 'ended' AND due <= $1
        ORDER BY due LIMIT $2";
    let rows = work.rows(Query::new(find).bind(now).bind(limit)).await?;
    rows.iter().map(|row| SubscriptionId::of_row(row, 0)).collect()
}

/// Writes a new one; false if the user has one already.
pub(crate) async fn insert(work: &mut Work<'_>, new: &Subscription) -> Result<bool, Error> {
    let insert = "INSERT INTO library_subscription (id, user_id, plan, amount, currency, state,
            anchor, period, due, cancel_at_end, next_plan, provider, created, origin)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, NULL, $10, $11, $12)
        ON CONFLICT (user_id) WHERE state <> 'ended' DO NOTHING";
    let insert = Query::new(insert).bind(new.id).bind(new.user).bind(new.plan.as_str());
    let insert = insert.bind(new.price.amount).bind(new.price.currency.as_str());
    let insert = insert.bind(new.state.as_str()).bind(new.anchor).bind(new.period).bind(new.due);
    let insert = insert.bind(new.provider.as_str()).bind(new.created).bind(new.origin.as_str());
    Ok(work.run(insert).await? == 1)
}

/// Writes what may change of one that is locked.
pub(crate) async fn update(work: &mut Work<'_>, now: &Subscription) -> Result<(), Error> {
    let update =
        "UPDATE library_subscription SET plan = $2, amount = $3, currency = $4, state = $5,
            anchor = $6, period = $7, due = $8, cancel_at_end = $9, next_plan = $10,
            customer = $11, method = $12, ended = $13, origin = $14
        WHERE id = $1";
    let update = Query::new(update).bind(now.id).bind(now.plan.as_str()).bind(now.price.amount);
    let update = update.bind(now.price.currency.as_str()).bind(now.state.as_str());
    let update = update.bind(now.anchor).bind(now.period).bind(now.due);
    let update = update.bind(i64::from(now.cancel_at_end)).bind(now.next_plan.clone());
    let update = update.bind(now.customer.clone()).bind(now.method.clone());
    let update = update.bind(now.ended.map(Time::millis)).bind(now.origin.as_str());
    work.run(update).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Currency;

    #[test]
    fn what_is_due_depends_on_the_state() {
        let due = Time::of_millis(1000);
        let mut one = Subscription {
            id: SubscriptionId::new(),
            user: UserId::new(),
            plan: "plus".into(),
            price: Money::new(500, Currency::EUR),
            state: State::Active,
            anchor: 0,
            period: 0,
            due,
            cancel_at_end: false,
            next_plan: None,
            provider: "sandbox".into(),
            customer: None,
            method: None,
            origin: String::new(),
            created: Time::of_millis(0),
            ended: None,
        };
        for (state, cancelled, step) in [
            (State::Pending, false, Step::GiveUp),
            (State::Active, false, Step::Renew),
            (State::Active, true, Step::End),
            (State::PastDue, false, Step::Lose),
            (State::PastDue, true, Step::Lose),
            (State::Ended, false, Step::Wait),
        ] {
            (one.state, one.cancel_at_end) = (state, cancelled);
            assert_eq!(one.step(due), step, "{state:?} {cancelled}");
            assert_eq!(one.step(Time::of_millis(999)), Step::Wait);
        }
    }
}
