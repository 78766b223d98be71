//! `GET plans`: what there is to subscribe to.

use std::sync::Arc;

use axum::extract::State;
use utoipa_axum::routes;

use super::plan::{self, Plan};
use crate::http::{Json, List, Routes};
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(get))
}

/// All plans, the cheapest first
#[utoipa::path(get, path = "/plans", tag = "plans",
    responses(
        (status = 200, body = List<Plan>),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn get(State(library): State<Arc<Library>>) -> Result<Json<List<Plan>>, Problem> {
    let items = library.database.read(reading(), |work| Box::pin(plan::all(work))).await?;
    Ok(Json(List { items, next: None }))
}
