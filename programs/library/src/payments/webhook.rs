//! `POST payments/webhooks/{provider}`: a provider tells that something has happened. Its word is
//! taken only for where to look: the event is stored, and answered at once.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use http::StatusCode;
use serde::Serialize;
use tokio::time::timeout;
use tombolo_storage::Query;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::provider::Hint;
use super::row;
use crate::http::{Json, Routes};
use crate::ids::PaymentId;
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};
use crate::time::Time;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(post)).layer(DefaultBodyLimit::max(limits::WEBHOOK_BYTES))
}

/// That an event was taken.
#[derive(Debug, Serialize, ToSchema)]
struct Taken {
    received: bool,
}

/// For payment providers: an event, signed by the provider
#[utoipa::path(post, path = "/payments/webhooks/{provider}", tag = "payments",
    params(("provider" = String, Path, description = "The provider's name.")),
    request_body(content = Vec<u8>, content_type = "application/json"),
    responses(
        (status = 200, body = Taken),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn post(
    State(library): State<Arc<Library>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Taken>, Problem> {
    let provider = library.payments.named(&name).ok_or_else(Problem::not_found)?;
    let headers = request.headers().clone();
    let body = timeout(limits::BODY_TIME, Bytes::from_request(request, &())).await;
    let slow = |_| Problem::of(StatusCode::REQUEST_TIMEOUT, "The event did not arrive in time.");
    let body = body.map_err(slow)?.map_err(|rejection| {
        Problem::of(rejection.status(), "The event is too large, or ended too early.")
    })?;
    let now = Time::now();
    let Hint { event, payment, objects } =
        provider.verify_webhook(&headers, &body, now).map_err(|error| {
            tracing::warn!(provider = name, %error, "an event is not believed");
            Problem::of(StatusCode::BAD_REQUEST, format!("This event is not believed: {error}."))
        })?;
    let payment = find(&library, &name, payment, objects.clone()).await?;
    let payment = payment.map(|id| id.to_string()).unwrap_or_default();
    let store = "INSERT INTO library_event
            (provider, id, payment, object, received, look, failures)
        VALUES ($1, $2, $3, $4, $5, $5, 0) ON CONFLICT (provider, id) DO NOTHING";
    let object = objects.into_iter().next().unwrap_or_default();
    let store = Query::new(store).bind(name).bind(event).bind(payment).bind(object).bind(now);
    library.call(store).await?;
    library.payments.wake();
    Ok(Json(Taken { received: true }))
}

/// Our payment that an event is about, if it is about one of this provider.
async fn find(
    library: &Library,
    name: &str,
    payment: Option<PaymentId>,
    objects: Vec<String>,
) -> Result<Option<PaymentId>, Problem> {
    let name = name.to_owned();
    let find = library.database.read(reading(), move |work| {
        Box::pin(async move {
            if let Some(id) = payment
                && let Some(found) = row::find(work, id).await?
            {
                return Ok((found.provider == name).then_some(id));
            }
            row::named(work, &name, objects).await
        })
    });
    Ok(find.await?)
}
