//! `GET /health`: whether this replica can serve.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;
use tombolo_storage::{Deadline, Query};

use super::App;

/// How long the database may take to answer: a far one needs three round trips for a connection.
/// Less than the time after which a gateway gives up.
const PATIENCE: Duration = Duration::from_millis(1500);

pub(super) async fn get(State(app): State<App>) -> Response {
    let (status, word) = if app.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else {
        let look = Query::new("SELECT epoch FROM chat_log");
        let database = app.hub.log().database().for_health();
        match database.query(Deadline::after(PATIENCE), look).await {
            Ok(_) => (StatusCode::OK, "ok"),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "no database"),
        }
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(json!({"status": word}))).into_response()
}
