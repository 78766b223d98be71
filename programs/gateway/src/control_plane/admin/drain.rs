//! `POST /api/v1/drain` and `/undrain`: no new work for the gateway, or work again.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

use super::body;
use super::refusal::Refusal;
use super::{Facts, ending};
use crate::control_plane::Wish;

/// What is to be drained. Nothing named: the gateway itself.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {}

pub(super) async fn drain(state: State<Arc<Facts>>, request: Request) -> Result<Response, Refusal> {
    answer(state, request, true).await
}

pub(super) async fn undrain(
    state: State<Arc<Facts>>,
    request: Request,
) -> Result<Response, Refusal> {
    answer(state, request, false).await
}

async fn answer(
    State(facts): State<Arc<Facts>>,
    request: Request,
    leaving: bool,
) -> Result<Response, Refusal> {
    let body = body::whole(request.into_body()).await?;
    let Order {} = serde_json::from_slice(&body)
        .map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{error}.")))?;
    let (done, is_done) = oneshot::channel();
    facts.wishes.send(Wish::Leave(leaving, done)).await.map_err(|_| ending())?;
    is_done.await.map_err(|_| ending())?;
    let answer = json!({ "gateway": true, "draining": leaving });
    Ok(([(CONTENT_TYPE, "application/json")], format!("{answer}\n")).into_response())
}
