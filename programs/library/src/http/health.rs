//! `GET /health`: whether this replica can take what clients send; `GET /health/reads`: whether it
//! can show what is there. Both say why not, and how old the last success is.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};
use tombolo_storage::{Condition, Deadline, Health};

use crate::state::Library;
use crate::{limits, schema};

/// Whether everything works.
pub(super) async fn get(State(library): State<Arc<Library>>) -> Response {
    answer(&library, |health| health.reads.is_well() && health.writes.is_well()).await
}

/// Whether reading works.
pub(super) async fn reads(State(library): State<Arc<Library>>) -> Response {
    answer(&library, |health| health.reads.is_well()).await
}

async fn answer(library: &Library, is_well: impl Fn(&Health) -> bool) -> Response {
    let (status, body) = if library.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "draining"}))
    } else {
        let deadline = Deadline::after(limits::HEALTH_TIME);
        let health = library.database.health(schema::PROBE, deadline).await;
        let (status, word) = match is_well(&health) {
            true => (StatusCode::OK, "ok"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "no database"),
        };
        (status, body(word, &health))
    };
    (status, [(CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
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
