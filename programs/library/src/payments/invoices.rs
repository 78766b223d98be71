//! `GET invoices`: one's own; admins see all.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tombolo_storage::{Error, Row};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::invoice::{self, State as Progress};
use crate::accounts::Caller;
use crate::http::{Id, Json, List, Query, Routes, limit};
use crate::ids::{InvoiceId, UserId};
use crate::ledger::Money;
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;
use crate::time::Time;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(one))
}

/// An invoice, or a credit note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
struct Shown {
    id: InvoiceId,
    #[schema(example = "invoice")]
    kind: String,
    /// Without gaps.
    #[schema(example = "INV-000001")]
    number: Option<String>,
    /// The invoice that a credit note is about.
    about: Option<InvoiceId>,
    user: UserId,
    #[schema(example = "plus")]
    plan: String,
    /// What the month costs.
    price: Money,
    /// What was left of the plan before.
    credit: Money,
    total: Money,
    state: Progress,
    start: Time,
    end: Time,
    /// Who it is made out to, as they were called then.
    buyer: String,
    issued: Time,
    due: Time,
    paid: Option<Time>,
}

macro_rules! invoices {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, number, about, user_id, plan, price, credit, total, currency, state, ",
            "period_start, period_end, buyer, issued, due, paid FROM library_invoice ",
            $rest
        )
    };
}

impl Shown {
    fn of_row(row: &Row) -> Result<Self, Error> {
        let currency = invoice::currency(row, 9)?;
        Ok(Self {
            id: InvoiceId::of_row(row, 0)?,
            kind: row.get(1)?,
            number: row.get(2)?,
            about: InvoiceId::of_row_if_any(row, 3)?,
            user: UserId::of_row(row, 4)?,
            plan: row.get(5)?,
            price: Money::new(row.get(6)?, currency),
            credit: Money::new(row.get(7)?, currency),
            total: Money::new(row.get(8)?, currency),
            state: Progress::read(&row.get::<String>(10)?)?,
            start: Time::of_row(row, 11)?,
            end: Time::of_row(row, 12)?,
            buyer: row.get(13)?,
            issued: Time::of_row(row, 14)?,
            due: Time::of_row(row, 15)?,
            paid: Time::of_row_if_any(row, 16)?,
        })
    }
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Page {
    /// How many, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<InvoiceId>,
}

/// Your invoices and credit notes, the newest first; for admins, everybody's
#[utoipa::path(get, path = "/invoices", tag = "payments", params(Page),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = List<Shown>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn list(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<List<Shown>>, Problem> {
    let user = caller.user()?.id;
    let limit = limit(page.limit)?;
    // No id is as large as a letter beyond the digits.
    let before = page.cursor.map_or_else(|| "g".to_owned(), String::from);
    let text = match caller.is_admin() {
        true => invoices!("WHERE id < $2 AND $1 <> '' ORDER BY id DESC LIMIT $3"),
        false => invoices!("WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
    };
    let list = tombolo_storage::Query::new(text).bind(user).bind(before);
    let rows = library.query(list.bind(i64::from(limit) + 1)).await?;
    let items: Result<Vec<_>, Error> = rows.iter().map(Shown::of_row).collect();
    Ok(Json(List::of(items?, limit, |last| last.id.to_string())))
}

/// An invoice or a credit note
#[utoipa::path(get, path = "/invoices/{id}", tag = "payments", params(("id" = InvoiceId, Path)),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = Shown),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn one(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(id): Id<InvoiceId>,
) -> Result<Json<Shown>, Problem> {
    let user = caller.user()?.id;
    let find = tombolo_storage::Query::new(invoices!("WHERE id = $1")).bind(id);
    let rows = library.query(find).await?;
    let found = rows.first().map(Shown::of_row).transpose()?;
    let is_theirs = |found: &Shown| found.user == user || caller.is_admin();
    found.filter(is_theirs).map(Json).ok_or_else(Problem::not_found)
}
