//! `GET /metrics`: figures of this replica for Prometheus.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tombolo_storage::Figures;

use super::App;

/// Those of its database, and the log's epoch.
pub(super) async fn get(State(app): State<App>) -> Response {
    let log = app.hub.log();
    let health = app.hub.health().await;
    let mut text = log.database().figures().prometheus(&health);
    text +=
        "# HELP tombolo_chat_log_epoch The epoch of the log: another when history has changed.\n";
    text += "# TYPE tombolo_chat_log_epoch gauge\n";
    text += &format!("tombolo_chat_log_epoch {}\n", log.epoch().0);
    let headers = [(CONTENT_TYPE, Figures::CONTENT_TYPE), (CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}
