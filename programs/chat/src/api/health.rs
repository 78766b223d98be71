//! `GET /health`: whether this replica can take and show posts; `GET /health/reads`: whether it can
//! show them. Both say why not, and how old the last success is.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};
use tombolo_storage::{Condition, Health};

use super::App;

/// Whether everything works.
pub(super) async fn get(State(app): State<App>) -> Response {
    answer(&app, |health| health.reads.is_well() && health.writes.is_well()).await
}

/// Whether reading works.
pub(super) async fn reads(State(app): State<App>) -> Response {
    answer(&app, |health| health.reads.is_well()).await
}

async fn answer(app: &App, is_well: impl Fn(&Health) -> bool) -> Response {
    let (status, body) = if app.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "draining"}))
    } else {
        let health = app.hub.health().await;
        let (status, word) = match is_well(&health) {
            true => (StatusCode::OK, "ok"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "no database"),
        };
        (status, body(word, &health))
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn body(word: &str, health: &Health) -> Value {
    let Health { reads, writes, free_bytes, log_bytes, .. } = health;
    json!({
        "status": word,
        "reads": condition(reads),
        "writes": condition(writes),
        "free_bytes": free_bytes,
        "wal_bytes": log_bytes,
    })
}

fn condition(condition: &Condition) -> Value {
    let millis = condition.age.and_then(|age| u64::try_from(age.as_millis()).ok());
    json!({"ok": condition.is_well(), "fault": condition.fault, "last_success_ms": millis})
}
