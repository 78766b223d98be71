//! `GET /api/v1/requests`: the last exchanges, the newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::query::Query;
use super::refusal::Refusal;
use super::{Facts, limits, told};

pub(super) async fn answer(State(facts): State<Arc<Facts>>, uri: Uri) -> Result<Response, Refusal> {
    let mut query = Query::new(&uri, &["limit", "errors"], &[]);
    let limit = query.number("limit", (1, limits::REQUESTS_MAX), limits::REQUESTS);
    let errors = query.flag("errors");
    query.finish()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let memory = &facts.memory;
    let seen = if errors { memory.troubled(limit) } else { memory.latest(limit) };
    let answer = json!({
        "remembered_at_most": memory.capacity(),
        "requests": seen.iter().map(told::seen).collect::<Vec<_>>(),
    });
    Ok(([(CONTENT_TYPE, "application/json")], format!("{answer}\n")).into_response())
}
