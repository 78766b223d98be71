//! Plans: what they cost and what they allow.

use serde::Serialize;
use tombolo_storage::{Error, Query, Row, Work};
use utoipa::ToSchema;

use crate::ids::UserId;
use crate::ledger::{Currency, Money};
use crate::limits;

/// The plan of everybody who has no subscription.
pub(crate) const FREE: &str = "free";

/// What a plan costs and allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Plan {
    /// Its name in the API.
    #[schema(example = "plus")]
    pub(crate) id: String,
    /// Its name for people.
    #[schema(example = "Plus")]
    pub(crate) title: String,
    /// What a month costs.
    pub(crate) price: Money,
    /// Bytes of files that a user may keep.
    pub(crate) storage: i64,
    /// Bytes that a user may send and receive in a calendar month.
    pub(crate) transfer: i64,
    /// Transfers of a user at the same time.
    pub(crate) transfers: i64,
    /// 1 or more: a user sees the items of visibility `plan`; 0: not.
    pub(crate) access: i64,
}

impl Plan {
    /// Whether its users see items of visibility `plan`, whoever's they are.
    pub(crate) fn sees_plan_items(&self) -> bool {
        self.access >= limits::CATALOGUE_ACCESS
    }
}

/// All plans, the cheapest first.
pub(crate) async fn all(work: &mut Work<'_>) -> Result<Vec<Plan>, Error> {
    let rows = work.rows(Query::new(
        "SELECT p.id, p.title, p.amount, p.currency, p.storage, p.transfer, p.transfers, p.access
        FROM library_plan p ORDER BY p.amount, p.id",
    ));
    rows.await?.iter().map(plan).collect()
}

/// A plan, if there is one of that name.
pub(crate) async fn find(work: &mut Work<'_>, id: &str) -> Result<Option<Plan>, Error> {
    let find = Query::new(
        "SELECT p.id, p.title, p.amount, p.currency, p.storage, p.transfer, p.transfers, p.access
        FROM library_plan p WHERE p.id = $1",
    );
    work.row(find.bind(id)).await?.as_ref().map(plan).transpose()
}

/// The plan that a user has now.
pub(crate) async fn of(work: &mut Work<'_>, user: UserId) -> Result<Plan, Error> {
    let find = Query::new(
        "SELECT p.id, p.title, p.amount, p.currency, p.storage, p.transfer, p.transfers, p.access
        FROM library_plan p
        WHERE p.id = coalesce((SELECT plan FROM library_quota WHERE user_id = $1), 'free')",
    );
    let row = work.row(find.bind(user)).await?;
    plan(&row.ok_or(Error::Program { words: "there is no plan called free" })?)
}

/// Gives a user a plan. What the user keeps stays, also when the plan allows less: then nothing can
/// be added.
pub(crate) async fn give(work: &mut Work<'_>, user: UserId, plan: &str) -> Result<(), Error> {
    let give = "INSERT INTO library_quota (user_id, plan, storage, used, reserved)
        SELECT $1, p.id, p.storage, 0, 0 FROM library_plan p WHERE p.id = $2
        ON CONFLICT (user_id) DO UPDATE SET plan = excluded.plan, storage = excluded.storage";
    work.run(Query::new(give).bind(user).bind(plan)).await.map(drop)
}

fn plan(row: &Row) -> Result<Plan, Error> {
    let currency: String = row.get(3)?;
    let bad = |_| Error::Program { words: "a plan has a currency that is none" };
    let currency: Currency = currency.parse().map_err(bad)?;
    Ok(Plan {
        id: row.get(0)?,
        title: row.get(1)?,
        price: Money::new(row.get(2)?, currency),
        storage: row.get(4)?,
        transfer: row.get(5)?,
        transfers: row.get(6)?,
        access: row.get(7)?,
    })
}
