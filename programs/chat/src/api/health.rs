//! `GET /health`: whether this replica can serve.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::App;

/// How long the database may take to answer. Less than the time after which a gateway gives up.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) async fn get(State(app): State<App>) -> Response {
    let (status, word) = if app.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else {
        match tokio::time::timeout(PATIENCE, app.hub.log().database().check()).await {
            Ok(Ok(())) => (StatusCode::OK, "ok"),
            Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "no database"),
        }
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(json!({"status": word}))).into_response()
}
