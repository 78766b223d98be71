//! `GET payments/provider`: by whom one pays here, and whether that is only a trial.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::http::{Json, Routes};
use crate::problem::ProblemBody;
use crate::state::Library;

/// The provider whose payments move no money.
const SANDBOX: &str = "sandbox";

/// By whom new payments are taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentsOffer)]
struct Offer {
    /// Its name; null where nobody can subscribe.
    provider: Option<String>,
    /// Whether no money moves.
    is_sandbox: bool,
}

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(get))
}

/// By whom one pays here
#[utoipa::path(get, path = "/payments/provider", tag = "payments",
    responses(
        (status = 200, body = Offer),
        (status = 503, description = "The replica is starting.", body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn get(State(library): State<Arc<Library>>) -> Json<Offer> {
    let provider = library.payments.first().map(str::to_owned);
    let is_sandbox = provider.as_deref() == Some(SANDBOX);
    Json(Offer { provider, is_sandbox })
}
