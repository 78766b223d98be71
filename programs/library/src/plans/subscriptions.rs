//! `POST|GET|DELETE subscriptions`: one's own, and nobody else's.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use tombolo_storage::{Error, Work};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::change::{self, Asked, With};
use super::subscription::{self, State as Progress, Subscription};
use super::{plan, quota, traffic};
use crate::accounts::Caller;
use crate::http::{Json, List, Origin, Query, Routes, limit};
use crate::ids::{PaymentId, SubscriptionId, UserId};
use crate::ledger::Money;
use crate::payments::idempotency::{self, Begun};
use crate::payments::{hurry, row};
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading, writing};
use crate::time::Time;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list, create, cancel)).routes(routes!(usage))
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
struct Shown {
    id: SubscriptionId,
    /// The plan.
    #[schema(example = "plus")]
    plan: String,
    /// What a month costs.
    price: Money,
    state: Progress,
    /// The month that it is in.
    period: Month,
    /// Whether it ends with that month.
    cancel_at_end: bool,
    /// The plan from the next month on, if it is another one.
    next_plan: Option<String>,
    /// What is to be paid now.
    payment: Option<ToPay>,
    created: Time,
    ended: Option<Time>,
}

/// A month of a subscription.
#[derive(Debug, Serialize, ToSchema)]
struct Month {
    start: Time,
    end: Time,
}

/// What is to be paid.
#[derive(Debug, Serialize, ToSchema)]
struct ToPay {
    id: PaymentId,
    amount: Money,
    /// The page on which to pay; null for a moment while the provider makes it.
    checkout: Option<String>,
}

/// Which plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSubscription)]
struct Wanted {
    /// Its id.
    #[schema(example = "plus", max_length = 64)]
    plan: String,
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Page {
    /// How many, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<SubscriptionId>,
}

/// What a user has of the plan.
#[derive(Debug, Serialize, ToSchema)]
struct Used {
    plan: plan::Plan,
    /// Bytes of complete files.
    used: u64,
    /// Bytes that uploads have reserved.
    reserved: u64,
    /// Bytes uploaded in this calendar month (UTC).
    received: u64,
    /// Bytes downloaded in this calendar month (UTC).
    sent: u64,
}

async fn shown(work: &mut Work<'_>, one: Subscription) -> Result<Shown, Error> {
    let payment = match one.state {
        Progress::Ended => None,
        _ => row::waiting(work, one.id).await?,
    };
    let month = one.month()?;
    Ok(Shown {
        id: one.id,
        plan: one.plan,
        price: one.price,
        state: one.state,
        period: Month { start: Time::of_millis(month.start), end: Time::of_millis(month.end) },
        cancel_at_end: one.cancel_at_end,
        next_plan: one.next_plan,
        payment: payment.map(|payment| ToPay {
            id: payment.id,
            amount: payment.money,
            checkout: payment.url,
        }),
        created: one.created,
        ended: one.ended,
    })
}

/// Your subscriptions, the newest first
#[utoipa::path(get, path = "/subscriptions", tag = "plans", params(Page),
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
    let all = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let mut all = Vec::new();
            let most = i64::from(limit) + 1;
            for one in subscription::list(work, user, page.cursor, most).await? {
                all.push(shown(work, one).await?);
            }
            Ok(all)
        })
    });
    Ok(Json(List::of(all.await?, limit, |last| last.id.to_string())))
}

/// Ask for a plan, for another one, or pay what is due
///
/// A dearer plan is given once it is paid, less what is left of the month; a cheaper one begins
/// with the next month.
#[utoipa::path(post, path = "/subscriptions", tag = "plans", request_body = Wanted,
    params(("Idempotency-Key" = String, Header, max_length = 128,
        description = "A new one for each wish; the same again when a request is repeated.")),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 201, body = Shown),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
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
    origin: Origin,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let user = caller.user()?.id;
    let Some(provider) = library.payments.first() else {
        // Another try changes nothing, so it is no fault that passes.
        let detail = "Nobody can pay here: no payment provider is set up.";
        return Err(Problem::of(StatusCode::CONFLICT, detail));
    };
    let with = With { provider: provider.to_owned(), origin: origin.as_str().to_owned() };
    let fingerprint = format!("subscribe {}", wanted.plan);
    let request = match idempotency::begin(&library, &headers, user, &fingerprint).await? {
        Begun::New(request) => request,
        Begun::Answered(response) => return Ok(response),
    };
    match ask(&library, user, wanted.plan, with).await {
        Ok(shown) => request.end(&library, StatusCode::CREATED, &shown).await,
        Err(problem) => {
            request.give_up(&library).await;
            Err(problem)
        }
    }
}

async fn ask(library: &Library, user: UserId, id: String, with: With) -> Result<Shown, Problem> {
    let now = Time::now();
    let ask = library.database.write_or_refuse(writing(), move |work| {
        Box::pin(async move {
            let plan = plan::find(work, &id).await?.filter(|plan| plan.price.amount > 0);
            let none = "There is no such plan to pay for; GET plans lists those that there are. To \
                        have the free one again, cancel your subscription.";
            let plan = plan.ok_or_else(|| Problem::field("plan", none))?;
            change::ask(work, user, &plan, &with, now).await
        })
    });
    let Asked { subscription, payment } = ask.await?;
    if let Some(payment) = payment {
        // The worker makes the page otherwise.
        hurry(library, payment, now).await?;
    }
    let show = library
        .database
        .read(reading(), |work| Box::pin(async move { shown(work, subscription).await }));
    Ok(show.await?)
}

/// Cancel: it ends with what is paid
#[utoipa::path(delete, path = "/subscriptions", tag = "plans",
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = Shown),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn cancel(
    State(library): State<Arc<Library>>,
    caller: Caller,
) -> Result<Json<Shown>, Problem> {
    let (user, now) = (caller.user()?.id, Time::now());
    let cancel = library.database.write(writing(), move |work| {
        Box::pin(async move {
            match change::cancel(work, user, now).await? {
                Some(held) => shown(work, held).await.map(Some),
                None => Ok(None),
            }
        })
    });
    cancel.await?.map(Json).ok_or_else(Problem::not_found)
}

/// What you have of your plan
#[utoipa::path(get, path = "/usage", tag = "plans",
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, body = Used),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn usage(State(library): State<Arc<Library>>, caller: Caller) -> Result<Json<Used>, Problem> {
    let user = caller.user()?.id;
    let (from, to) = this_month();
    let read = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let plan = plan::of(work, user).await?;
            let quota::Usage { used, reserved } = quota::usage(work, user).await?;
            let moved = traffic::between(work, user, from, to).await?;
            Ok(Used { plan, used, reserved, received: moved.received, sent: moved.sent })
        })
    });
    Ok(Json(read.await?))
}

/// The days since 1970 on which this calendar month begins and the next one does.
fn this_month() -> (i64, i64) {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |date: jiff::civil::Date| {
        let epoch = jiff::civil::date(1970, 1, 1);
        date.since(epoch).map(|span| i64::from(span.get_days())).unwrap_or_default()
    };
    let last = day(today.last_of_month());
    (day(today.first_of_month()), last.saturating_add(1))
}
