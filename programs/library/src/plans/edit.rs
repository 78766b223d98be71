//! `PATCH plans/{id}`: an admin changes what a plan costs and allows.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use tombolo_daemon::terminal::steers;
use tombolo_storage::{Error, Query, Work};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::plan::{self, FREE, Plan};
use crate::accounts::Caller;
use crate::http::{Json, Routes};
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, writing};

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(patch))
}

/// What changes of a plan; the rest stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanChanges)]
struct Changes {
    /// Its name for people.
    #[schema(min_length = 1, max_length = 64)]
    title: Option<String>,
    /// What a month costs, in minor units of the plan's currency. Who has subscribed already pays
    /// what they have agreed to.
    #[schema(minimum = 0)]
    amount: Option<i64>,
    /// Bytes of files that a user may keep.
    #[schema(minimum = 0)]
    storage: Option<i64>,
    /// Bytes that a user may send and receive in a calendar month.
    #[schema(minimum = 0)]
    transfer: Option<i64>,
    /// Transfers of a user at the same time.
    #[schema(minimum = 1, maximum = 10000)]
    transfers: Option<i64>,
    /// 1 or more: its users see items of visibility `plan`; 0: not.
    #[schema(minimum = 0, maximum = 100)]
    access: Option<i64>,
}

/// Change a plan, for admins
///
/// It holds at once for who has the plan. What they keep stays, also when the plan allows less: then
/// nothing can be added.
#[utoipa::path(patch, path = "/plans/{id}", tag = "plans", params(("id" = String, Path)),
    request_body = Changes, security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = Plan),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn patch(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(changes): Json<Changes>,
) -> Result<Json<Plan>, Problem> {
    caller.admin()?;
    let changes = checked(&id, changes)?;
    let changed = library
        .database
        .write(writing(), move |work| Box::pin(async move { change(work, &id, changes).await }));
    changed.await?.map(Json).ok_or_else(Problem::not_found)
}

fn checked(id: &str, mut changes: Changes) -> Result<Changes, Problem> {
    for (field, value, least, most) in [
        ("amount", changes.amount, 0, PRICE),
        ("storage", changes.storage, 0, limits::BYTES),
        ("transfer", changes.transfer, 0, limits::BYTES),
        ("transfers", changes.transfers, 1, TRANSFERS),
        ("access", changes.access, 0, ACCESS),
    ] {
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            let words = format!("\"{field}\" is {least} to {most}.");
            return Err(Problem::field(field, words));
        }
    }
    if id == FREE && changes.amount.is_some_and(|amount| amount > 0) {
        let words = "Everybody has this plan without a subscription, so it costs nothing.";
        return Err(Problem::field("amount", words));
    }
    if let Some(title) = &mut changes.title {
        *title = title.trim().to_owned();
        let fits = (1..=TITLE_CHARS).contains(&title.chars().count());
        if !fits || title.chars().any(steers) {
            let words =
                format!("A title has 1 to {TITLE_CHARS} characters, none of them a control.");
            return Err(Problem::field("title", words));
        }
    }
    Ok(changes)
}

/// The highest price, in minor units.
const PRICE: i64 = 1_000_000_000;
/// Transfers at once at most.
const TRANSFERS: i64 = 10_000;
/// The highest access.
const ACCESS: i64 = 100;
/// Characters of a title.
const TITLE_CHARS: usize = 64;

/// Changes a plan, and what is held against users' storage; None if there is no such plan.
async fn change(work: &mut Work<'_>, id: &str, changes: Changes) -> Result<Option<Plan>, Error> {
    let change = "UPDATE library_plan SET title = coalesce($2, title),
            amount = coalesce($3, amount), storage = coalesce($4, storage),
            transfer = coalesce($5, transfer), transfers = coalesce($6, transfers),
            access = coalesce($7, access)
        WHERE id = $1";
    let Changes { title, amount, storage, transfer, transfers, access } = changes;
    let change = Query::new(change).bind(id).bind(title).bind(amount).bind(storage);
    if work.run(change.bind(transfer).bind(transfers).bind(access)).await? == 0 {
        return Ok(None);
    }
    // Reservations are held against the user's own row, which one statement can do.
    let users =
        "UPDATE library_quota SET storage = (SELECT storage FROM library_plan WHERE id = $1)
        WHERE plan = $1";
    work.run(Query::new(users).bind(id)).await?;
    plan::find(work, id).await
}
