//! `POST payments/{id}/refunds`: for admins. Only noted here; the worker has it done, however often
//! that must be tried.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use tombolo_storage::{Query, Work};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::idempotency::{self, Begun};
use super::row;
use crate::accounts::Caller;
use crate::http::{Id, Json, Routes};
use crate::ids::{PaymentId, RefundId};
use crate::ledger::Money;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, writing};
use crate::time::Time;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(create))
}

/// How much to give back, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefund)]
struct Wanted {
    /// Minor units of the payment's currency.
    #[schema(minimum = 1)]
    amount: i64,
    /// For the books.
    #[schema(max_length = 200)]
    reason: String,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
struct Shown {
    id: RefundId,
    payment: PaymentId,
    amount: Money,
    /// `asked` until the provider has done it.
    #[schema(example = "asked")]
    state: &'static str,
}

/// Give money back, for admins
#[utoipa::path(post, path = "/payments/{id}/refunds", tag = "payments", request_body = Wanted,
    params(("id" = PaymentId, Path), ("Idempotency-Key" = String, Header, max_length = 128)),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 201, body = Shown),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn create(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Id(payment): Id<PaymentId>,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let admin = caller.admin()?.id;
    let Wanted { amount, reason } = wanted;
    if amount < 1 {
        return Err(Problem::field("amount", "Give back at least 1."));
    }
    if reason.chars().count() > 200 || reason.chars().any(char::is_control) {
        return Err(Problem::field("reason", "At most 200 characters, on one line."));
    }
    let fingerprint = format!("refund {payment} {amount} {reason}");
    let request = match idempotency::begin(&library, &headers, admin, &fingerprint).await? {
        Begun::New(request) => request,
        Begun::Answered(response) => return Ok(response),
    };
    let now = Time::now();
    let note = library.database.write_or_refuse(writing(), move |work| {
        Box::pin(async move { note(work, payment, amount, &reason, now).await })
    });
    match note.await {
        Ok(shown) => {
            library.payments.wake();
            request.end(&library, StatusCode::CREATED, &shown).await
        }
        Err(problem) => {
            request.give_up(&library).await;
            Err(problem)
        }
    }
}

/// Notes a refund, if so much is left of what was taken.
async fn note(
    work: &mut Work<'_>,
    payment: PaymentId,
    amount: i64,
    reason: &str,
    now: Time,
) -> Result<Shown, Problem> {
    let lock = "SELECT id FROM library_payment WHERE id = $1";
    work.row(Query::new(lock).for_update().bind(payment)).await?;
    let found = row::find(work, payment).await?.ok_or_else(Problem::not_found)?;
    let sum = "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM library_refund
        WHERE payment = $1 AND state <> 'failed'";
    let row = work.row(Query::new(sum).bind(payment)).await?;
    let asked: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    // What was given back elsewhere is in the payment's own sum.
    let left = found.captured.saturating_sub(asked.max(found.refunded));
    if amount > left {
        let detail = format!("Of this payment {left} are left to give back.");
        return Err(Problem::conflict(
            "refund-exceeds-payment",
            "That is more than is left",
            detail,
        )
        .with("left", left));
    }
    let id = RefundId::new();
    let insert = "INSERT INTO library_refund
            (id, payment, amount, reason, state, created, look, failures)
        VALUES ($1, $2, $3, $4, 'asked', $5, $5, 0)";
    let insert = Query::new(insert).bind(id).bind(payment).bind(amount).bind(reason).bind(now);
    work.run(insert).await?;
    let amount = Money::new(amount, found.money.currency);
    Ok(Shown { id, payment, amount, state: "asked" })
}
