//! The endpoints, and what stands before all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};

use super::guard::Guard;
use super::refusal::Refusal;
use super::{Facts, drain, purge, reload, scrape, status};

const PLAIN: &str = "text/plain; charset=utf-8";

const WELCOME: &str = concat!(
    "Tombolo ",
    env!("CARGO_PKG_VERSION"),
    ", the gateway's admin API\n\n",
    "GET  /healthz         200 while the process lives\n",
    "GET  /readyz          200 while new requests are taken, 503 while it drains\n",
    "GET  /metrics         metrics for Prometheus\n",
    "GET  /api/v1/status   what it does, as JSON; `tombolo status` shows it as a table\n",
    "POST /api/v1/reload   reads the configuration file again; or `tombolo reload`\n",
    "POST /api/v1/purge    {\"url\"|\"prefix\"|\"tag\"|\"all\": ..., \"soft\": false}; or `tombolo purge`\n",
);

/// All endpoints behind the guard.
pub(super) fn router(facts: Arc<Facts>, guard: Arc<Guard>) -> Router {
    Router::new()
        .route("/", get(|| async { plain(StatusCode::OK, WELCOME) }))
        .route("/healthz", get(|| async { plain(StatusCode::OK, "ok\n") }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape::scrape))
        .route("/api/v1/status", get(status::answer))
        .route("/api/v1/reload", post(reload::answer))
        .route("/api/v1/drain", post(drain::drain))
        .route("/api/v1/undrain", post(drain::undrain))
        .route("/api/v1/purge", post(purge::answer))
        .fallback(|| async {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "There is nothing at this path; GET / names what there is.",
            )
        })
        .method_not_allowed_fallback(|| async {
            let detail =
                "This path does not take this method; the field Allow names those it takes.";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail)
        })
        .layer(from_fn_with_state(guard, guarded))
        .with_state(facts)
}

async fn guarded(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match guard.check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn readyz(State(facts): State<Arc<Facts>>) -> Response {
    if facts.standing.is_draining() {
        plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        plain(StatusCode::OK, "ready\n")
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(CONTENT_TYPE, PLAIN)], text).into_response()
}
